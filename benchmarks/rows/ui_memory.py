# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory of a windowed Blender after many jobs were placed and their results removed."""

from __future__ import annotations

import json

from measuring import Bench, Row, run, yes_if
from meshes import make_glb
from workshop import bpy_python, bpy_script, windowed_blenders, windows

ROUNDS = 120
WARM = 20
FLAT = 30e6
"""Bytes: about what the allocator of a process of this size moves by anyway."""


def measure(bench: Bench) -> list[Row]:
    """One row: 20 jobs to warm up, then 100 that count."""
    rounds, every = (4, 1) if bench.quick else (ROUNDS, 10)
    triangles = 1_000 if bench.quick else 10_000
    glb = make_glb(bench.folder / "mesh.glb", triangles, 64 if bench.quick else 2048)
    binary = windowed_blenders()[0]
    # Converted by the oldest wheel, since every Blender here must be able to read it.
    run(bpy_script(bench, bpy_python("4.2"), "placing.py", glb, 1), log=bench.folder / "placing.log")
    report = json.loads((bench.folder / "placing.py.json").read_text(encoding="utf-8"))["report"]
    with windows(bench, [binary]) as shown:
        seen = shown.run(
            binary,
            "growth.py:growth",
            params={"blend": report["blend"], "report": report, "rounds": rounds, "every": every},
            env={"CSM_BASE_URL": "http://127.0.0.1:9", "CSM_API_KEY": "benchmark"},
        )
    resident = seen["resident"]
    warm = resident[WARM // every - 1 if not bench.quick else 0]
    grown = resident[-1] - warm
    counted = rounds - (WARM if not bench.quick else 1)
    curve = ", ".join(f"{value / 1e6:.0f}" for value in resident)
    return [
        Row(
            f"memory of {binary.name} after {counted} placed and removed jobs of {triangles:,} triangles",
            f"{resident[-1] / 1e6:.0f} MB",
            f"before {warm / 1e6:.0f} MB",
            f"{grown / 1e6:+.1f} MB, {grown / counted / 1e3:+.0f} KB a job",
            "flat",
            yes_if(abs(grown) < FLAT),
            f"Every {every} jobs (MB): {curve}. Left in the file: {seen['meshes']} meshes, {seen['images']} images.",
        )
    ]
