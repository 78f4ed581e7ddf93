# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's own code on the main thread when a result is placed, against the fewest calls that could do it."""

from __future__ import annotations

import json

from measuring import Bench, Row, Samples, run, yes_if
from meshes import make_glb
from workshop import NEWEST, bpy_python, bpy_script

GOAL = 1.3


def measure(bench: Bench) -> list[Row]:
    """A row for the oldest and the newest Blender."""
    triangles = 2_000 if bench.quick else 1_000_000
    glb = make_glb(bench.folder / "mesh.glb", triangles, 64 if bench.quick else 2048)
    versions = (NEWEST,) if bench.quick else (NEWEST, "4.2")
    return [_row(bench, version, triangles, str(glb)) for version in versions]


def _row(bench: Bench, version: str, triangles: int, glb: str) -> Row:
    command = bpy_script(bench, bpy_python(version), "placing.py", glb, bench.times(9, 2))
    run(command, log=bench.folder / "placing.log")
    seen = json.loads((bench.folder / "placing.py.json").read_text(encoding="utf-8"))
    clock = {name: Samples.of([wall for wall, _ in seen[name]]) for name in ("place", "bare", "bare_append")}
    cpu = {name: Samples.of([spent for _, spent in seen[name]]) for name in clock}
    placed, bare = cpu["place"], cpu["bare"]
    ratio = placed.median / bare.median
    return Row(
        f"placing {triangles:,} triangles, Blender {seen['version']}: own code on the main thread",
        f"{placed.text('ms', 1)} of processor time",
        f"bare libraries.load(link=True) and linking {bare.text('ms', 1)}",
        f"{ratio:.2f} times, {(placed.median - bare.median) * 1000:+.1f} ms",
        f"at most {GOAL} times",
        yes_if(ratio <= GOAL),
        f"By the clock: {clock['place'].text('ms', 1)} against {clock['bare'].text('ms', 1)},"
        f" {clock['place'].median / clock['bare'].median:.2f} times; where other work goes on, that is mostly waiting."
        f" Bare appending takes {cpu['bare_append'].text('ms', 1)}: place() links and makes local, which leaves no path"
        " of the job folder in the artist's file. Beyond the bare calls it measures the placed mesh: Blender works out"
        " its bounds for that, and keeps them for drawing.",
    )
