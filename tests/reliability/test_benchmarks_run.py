# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmarks can be run. How fast things are is not a matter for tests."""

from __future__ import annotations

import subprocess
import sys

from common import ROOT

CHEAP = ("requests_per_job", "download")


def test_the_cheap_ones_run() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "run.py"), "--quick", "--only", *CHEAP]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "not measured" not in done.stdout
    for word in ("| requests for a 10-minute refine", "| download of", "| memory of the worker"):
        assert word in done.stdout
