# SPDX-License-Identifier: GPL-3.0-or-later
"""What the command line prints arrives, whatever letters the console or the pipe knows."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from common import ROOT

PROGRAM = """
from csm_blender.cli.console import print_json, print_table, say
name = "Stuhl \N{CHAIR} \u6905\u5b50 \u20ac"
say(f"[1/1] {name}: QUEUED")
print_table([[name, "PLACED"]], ["object", "status"])
print_json({"object": name})
"""


@pytest.mark.parametrize(
    ("encoding", "row"),
    [
        ("utf-8", "Stuhl 🪑 椅子 €  PLACED"),
        ("cp1252", r"Stuhl \U0001fa91 \u6905\u5b50 €  PLACED"),
        ("cp437", r"Stuhl \U0001fa91 \u6905\u5b50 \u20ac  PLACED"),
        ("ascii", r"Stuhl \U0001fa91 \u6905\u5b50 \u20ac  PLACED"),
    ],
)
def test_a_pipe_of_any_code_page_gets_every_name(encoding: str, row: str) -> None:
    around = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=around, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    assert row in [" ".join(line.split(" ")) for line in done.stdout.decode(encoding).splitlines()]
    assert r"\u6905" in done.stdout.decode("ascii", "replace").splitlines()[-2], "JSON has plain letters only"
    assert b"QUEUED" in done.stderr
