# SPDX-License-Identifier: GPL-3.0-or-later
"""A tick of the pump, the add-on's only timer, with few and many jobs in flight."""

from __future__ import annotations

from measuring import Bench, Row, Samples, yes_if
from workshop import windowed_blenders, windows

GOAL_S = 0.001
COUNTS = (1, 50, 500)
REPEATS = 101


def measure(bench: Bench) -> list[Row]:
    """A row for each number of jobs."""
    counts = [1, 10] if bench.quick else list(COUNTS)
    binary = windowed_blenders()[-1]
    with windows(bench, [binary]) as shown:
        seen = shown.run(
            binary,
            "ticks.py:ticks",
            params={"counts": counts, "repeats": bench.times(REPEATS, 3)},
            env={"CSM_BASE_URL": "http://127.0.0.1:9", "CSM_API_KEY": "benchmark"},
        )
    first = Samples.of(seen[str(counts[0])]["one_change"]).median
    rows = []
    for count in counts:
        quiet, change, slow = (Samples.of(seen[str(count)][name]) for name in ("quiet", "one_change", "slow_look"))
        rows.append(
            Row(
                f"pump tick with {count} jobs in flight, {binary.name}",
                f"{change.text('ms', 2)} with one change",
                f"nothing new {quiet.text('ms', 2)}",
                f"{change.median / first:.1f} times the tick with {counts[0]}",
                "under 1 ms at 50, grows with changes only",
                yes_if(change.median < GOAL_S and quiet.median < GOAL_S) if count <= 50 else None,
                f"The tick once a second that also looks after names and elapsed times: {slow.text('ms', 2)}.",
            )
        )
    return rows
