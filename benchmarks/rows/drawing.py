# SPDX-License-Identifier: GPL-3.0-or-later
"""Drawing the panel, the overlay and a long list of jobs, in windowed Blenders. Processor time of the add-on's part."""

from __future__ import annotations

from pathlib import Path

from measuring import Bench, Row, Samples, yes_if
from workshop import windowed_blenders, windows

JOBS = 500
TIMES = 200
GOAL_S = 0.0002
WHAT = {
    "panel": "the panel with a file and a block-out",
    "overlay": "its overlay",
    "panel_with_jobs": "the panel with {jobs} jobs",
    "overlay_with_jobs": "its overlay with {jobs} jobs",
}


def measure(bench: Bench) -> list[Row]:
    """A row for each Blender and part."""
    jobs, binaries = (10 if bench.quick else JOBS), windowed_blenders()
    around = {"CSM_BASE_URL": "http://127.0.0.1:9", "CSM_API_KEY": "benchmark"}
    rows = []
    with windows(bench, binaries) as shown:
        for binary in binaries[-1:] if bench.quick else reversed(binaries):
            params = {"mesh": str(bench.folder / "chair.glb"), "jobs": jobs, "times": bench.times(TIMES, 10)}
            found = shown.run(binary, "drawing.py:drawing", params=params, env=around)
            rows += [_row(binary, WHAT[name].format(jobs=jobs), Samples.of(found[name])) for name in WHAT]
    return rows


def _row(binary: Path, what: str, seen: Samples) -> Row:
    ordered = sorted(seen.values)
    most = ordered[int(len(ordered) * 0.99)] * 1000.0
    return Row(
        f"drawing {what}, {binary.name} window",
        f"{seen.median * 1000.0:.2f} ms (99 % below {most:.1f} ms, n={len(ordered)}) of processor time",
        "",
        "",
        "at most 0.2 ms",
        yes_if(seen.median <= GOAL_S),
    )
