# SPDX-License-Identifier: GPL-3.0-or-later
"""A tick of the pump, the add-on's only timer, with few and many jobs in flight; measured by ``benchmarks/pump.py``."""

from __future__ import annotations

import os
import re

from measuring import Bench, Row, run, yes_if
from workshop import NEWEST, ROOT, bpy_python

COUNTS = (1, 50, 500)
GOAL_MS = 1.0
_LINE = re.compile(r"median ([\d.]+) ms, 99 % ([\d.]+) ms")


def measure(bench: Bench) -> list[Row]:
    """A row for each number of jobs: medians of 300 ticks."""
    counts = (1, 5) if bench.quick else COUNTS
    found = {count: _ticks(bench, count) for count in counts}
    first = found[counts[0]][1][0]
    return [
        Row(
            f"pump tick with {count} jobs in flight, Blender {NEWEST}",
            f"{change[0]:.2f} ms with one change (99 % below {change[1]:.1f} ms, n=300)",
            f"nothing new {quiet[0]:.2f} ms (99 % below {quiet[1]:.1f} ms, n=300)",
            f"{change[0] / first:.1f} times the tick with {counts[0]}",
            "under 1 ms at 50, grows with changes only",
            yes_if(max(change[0], quiet[0]) < GOAL_MS) if count <= 50 else yes_if(change[0] < 2.0 * first),
        )
        for count, (quiet, change) in found.items()
    ]


def _ticks(bench: Bench, count: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """(median, 99th percentile) in milliseconds of ticks with nothing new, and with one change."""
    log = bench.folder / f"{count}.log"
    command = [bpy_python(), ROOT / "benchmarks" / "pump.py", count]
    # The wheels of 4.5 may hang in an orderly exit; the newest does not.
    run(command, log=log, env={**os.environ, "TMPDIR": str(bench.folder)})
    (a, b), (c, d) = _LINE.findall(log.read_text(encoding="utf-8", errors="replace"))
    return (float(a), float(b)), (float(c), float(d))
