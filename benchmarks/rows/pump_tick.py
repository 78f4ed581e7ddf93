# SPDX-License-Identifier: GPL-3.0-or-later
"""A tick of the pump, the add-on's only timer, with few and many jobs in flight, in windowed Blenders."""

from __future__ import annotations

from pathlib import Path

from measuring import Bench, Row, Samples, yes_if
from workshop import windowed_blenders, windows

COUNTS = (1, 50, 500)
TICKS = 300
GOAL_S = 0.001


def measure(bench: Bench) -> list[Row]:
    """A row for each Blender and number of jobs."""
    counts = (1, 5) if bench.quick else COUNTS
    binaries = windowed_blenders()
    around = {"CSM_BASE_URL": "http://127.0.0.1:9", "CSM_API_KEY": "benchmark"}
    rows = []
    with windows(bench, binaries) as shown:
        for binary in binaries[-1:] if bench.quick else reversed(binaries):
            params = {"counts": counts, "times": bench.times(TICKS, 20)}
            found = shown.run(binary, "ticks.py:ticks", params=params, env=around)
            rows += _rows(binary, dict(zip(counts, found, strict=True)))
    return rows


def _rows(binary: Path, found: dict[int, dict[str, list[float]]]) -> list[Row]:
    first = Samples.of(next(iter(found.values()))["change"]).median
    rows = []
    for count, seen in found.items():
        quiet, change = Samples.of(seen["quiet"]), Samples.of(seen["change"])
        few = count <= 50
        rows.append(
            Row(
                f"pump tick with {count} jobs in flight, {binary.name} window",
                f"{_text(change)} with one change",
                f"nothing new {_text(quiet)}",
                f"{change.median / first:.1f} times the tick with {next(iter(found))}",
                "under 1 ms at 50, grows with changes only",
                yes_if(max(change.median, quiet.median) < GOAL_S if few else change.median < 2.0 * first),
            )
        )
    return rows


def _text(ticks: Samples) -> str:
    ordered = sorted(ticks.values)
    most = ordered[int(len(ordered) * 0.99)] * 1000.0
    return f"{ticks.median * 1000.0:.2f} ms (99 % below {most:.1f} ms, n={len(ordered)})"
