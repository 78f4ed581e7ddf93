# SPDX-License-Identifier: GPL-3.0-or-later
"""The short form of ``scripts/soak.py``; docs/reliability.md has the figures of the long one."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import pytest
from common import load_script

JOBS = int(os.environ.get("CSM_SOAK_JOBS", "40"))


@pytest.mark.skipif(sys.platform == "win32", reason="signal 9 is POSIX")
def test_nothing_is_paid_twice_lost_or_stuck_in_bad_weather(tmp_path: Path) -> None:
    options = argparse.Namespace(
        jobs=JOBS, seed=11, fault_share=0.25, sibling_share=0.1, convert_share=0.05, kill_every=4.0, limit=240.0
    )
    figures = load_script("soak.py").soak(options, tmp_path)
    assert figures["ended"], figures
    for name in ("second_refines", "second_posts", "lost", "stuck", "delivered_wrong", "downloads_with_key"):
        assert figures[name] == 0, figures
    assert figures["kills"] > 0
    assert figures["faults"] > 0
