# SPDX-License-Identifier: GPL-3.0-or-later
"""The longest time a window stands still while a job arrives and is placed, against importing the same GLB there."""

from __future__ import annotations

from typing import Any

from measuring import Bench, Row, Samples, yes_if
from meshes import make_glb
from workshop import add_sessions, local_service, windowed_blenders, windows

SIZES = {10_000: 5, 100_000: 3, 1_000_000: 2}
"""Triangles, and how often each is measured: one round of the largest takes most of a minute."""
BIG_GOAL = 8.0


def measure(bench: Bench) -> list[Row]:
    """A row for each Blender and size."""
    binaries = windowed_blenders()
    pixels = 64 if bench.quick else 2048
    sizes = {2_000: 1} if bench.quick else SIZES
    glbs = {triangles: make_glb(bench.folder / f"{triangles}.glb", triangles, pixels) for triangles in sizes}
    small = make_glb(bench.folder / "preview.glb", 12, 16)
    rows = []
    with local_service(bench, 0.3) as service, windows(bench, binaries) as shown:
        for binary in binaries[-1:] if bench.quick else reversed(binaries):
            bench.say(f"    {binary.name} …")
            # The very first round warms shaders, modules and the importer up, on both sides.
            warm = (str(small), add_sessions(service, 1, small, small))
            plan = [(str(glb), add_sessions(service, sizes[n], small, glb)) for n, glb in glbs.items()]
            around = {"CSM_BASE_URL": service.url, "CSM_API_KEY": service.key}
            found = shown.run(binary, "gap.py:gaps", params={"plan": [warm, *plan]}, env=around)
            rows += [_judged(binary.name, n, seen) for n, seen in zip(sizes, found[1:], strict=True)]
    return rows


def _judged(blender: str, triangles: int, seen: dict[str, Any]) -> Row:
    job, imported = Samples.of(seen["job"]), Samples.of(seen["import"])
    ratio = imported.median / job.median
    big = triangles >= 1_000_000
    parts = ", ".join(f"{word} {Samples.of(seen[name]).median * 1000:.0f} ms" for name, word in (
        ("finish", "appending and placing"), ("undo", "the undo step")
    ))  # fmt: skip
    drawing = Samples.of([a - b for a, b in zip(seen["import"], seen["import_code"], strict=True)]).median
    rest = job.median - Samples.of(seen["finish"]).median - Samples.of(seen["undo"]).median
    other = sum(seen["before"])
    elsewhere = f" In {other:.0f} of {len(seen['job'])} the longest gap was not that of placing." if other else ""
    return Row(
        f"longest gap, {blender} window, {triangles:,} triangles",
        job.text("ms", 0),
        f"import_scene.gltf {imported.text('ms', 0)}",
        f"{ratio:.1f} times shorter",
        f"at least {BIG_GOAL:.0f} times shorter" if big else "never longer",
        yes_if(ratio >= (BIG_GOAL if big else 1.0)),
        f"Of the job's gap: {parts}, first drawing and the rest {rest * 1000:.0f} ms. The importer's first drawing took"
        f" {drawing * 1000:.0f} ms. A window with nothing to do: {Samples.of(seen['quiet']).text('ms', 0)}.{elsewhere}",
    )
