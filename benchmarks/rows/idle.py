# SPDX-License-Identifier: GPL-3.0-or-later
"""A Blender with the add-on and nothing to do, against one without it."""

from __future__ import annotations

from pathlib import Path

from measuring import Bench, Row, Samples, yes_if
from workshop import Windows, windowed_blenders, windows

NOISE_S = 0.02
"""Processor time per second that two runs of the same Blender differ by anyway."""


def measure(bench: Bench) -> list[Row]:
    """A row for each Blender."""
    binaries = windowed_blenders()
    with windows(bench, binaries) as shown:
        return [_row(bench, shown, binary) for binary in (binaries[-1:] if bench.quick else reversed(binaries))]


def _row(bench: Bench, shown: Windows, binary: Path) -> Row:
    params = {"seconds": 0.5 if bench.quick else 2.0, "repeats": bench.times(5)}
    bare = shown.run(binary, "quiet.py:idle", addon=False, takes_events=False, params=params)
    with_addon = shown.run(binary, "quiet.py:idle", takes_events=False, params=params)
    if bare["addon"] or not with_addon["addon"]:
        raise RuntimeError("the add-on is not where it should be")
    cpu, without = (Samples.of([value / params["seconds"] for value in seen["cpu"]]) for seen in (with_addon, bare))
    same = cpu.median <= without.median + NOISE_S
    timer = "a timer" if with_addon["timer"] else "no timer"
    return Row(
        f"idle, {binary.name}",
        f"{timer}, {len(with_addon['children'])} processes, {_per_second(cpu)}",
        f"add-on disabled: {len(bare['children'])} processes, {_per_second(without)}",
        f"{(cpu.median - without.median) * 1000:+.1f} ms/s",
        "no timer, no process, no difference",
        yes_if(not with_addon["timer"] and len(with_addon["children"]) <= len(bare["children"]) and same),
        f"Processor time of the whole process; differences below {NOISE_S * 1000:.0f} ms/s are noise."
        f" Processes without the add-on: {_named(bare)}; with it: {_named(with_addon)}.",
    )


def _named(seen: dict[str, list[str]]) -> str:
    return ", ".join(seen["children"]) or "none"


def _per_second(cpu: Samples) -> str:
    return Samples.of([value * 1000 for value in cpu.values]).text("ms/s", 1)
