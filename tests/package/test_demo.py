# SPDX-License-Identifier: GPL-3.0-or-later
"""The README's first command, and a second opinion on what it made."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from common import ROOT, load_script

PLAIN_MEASURE = ROOT / "tests" / "support" / "plain_measure.py"


def test_in_the_demo_every_result_stands_where_its_block_out_stood(tmp_path: Path) -> None:
    """Measured in the saved file by plain bpy and numpy, with no code of the add-on."""
    demo = [sys.executable, str(ROOT / "scripts" / "demo.py"), "--no-render", "--output", str(tmp_path)]
    done = subprocess.run(demo, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    jobs = json.loads((tmp_path / "report.json").read_text())["jobs"]
    assert len(jobs) >= 8
    assert all(job["status"] == "PLACED" and job["fit"]["placed_error"] <= 1e-5 for job in jobs)

    pairs = [f"{job['object']}={job['result']['object']}" for job in jobs]
    python = load_script("environment.py").python_of("bpy-5.2")
    call = [str(python), str(PLAIN_MEASURE), str(tmp_path / "refined.blend"), *pairs]
    measured = subprocess.run(call, capture_output=True, text=True, check=True)
    for pair, facts in json.loads(measured.stdout.strip().splitlines()[-1]).items():
        assert facts["corner_error"] <= 1e-5, pair
        assert facts["origin_error"] <= 1e-5, pair
        assert facts["up_degrees"] <= 0.1, pair
        assert facts["vertices"] > 100, pair  # not the block-out's own mesh
