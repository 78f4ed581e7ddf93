# SPDX-License-Identifier: GPL-3.0-or-later
"""The longest time a window stands still while a job arrives and is placed, against importing the same GLB there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness import ScenarioFailed
from measuring import Bench, Row, Samples, yes_if
from meshes import make_glb
from workshop import Windows, add_sessions, local_service, windowed_blenders, windows

SIZES = (10_000, 100_000, 1_000_000)
"""Triangles."""
TIMES = 5
"""Job and import, so often for each size: a pair of the largest takes half a minute."""
BIG_GOAL = 8.0
PAIR_S = 120.0
"""What a pair may take at most, on a busy machine."""


def measure(bench: Bench) -> list[Row]:
    """A row for each Blender and size."""
    binaries = windowed_blenders()
    pixels = 64 if bench.quick else 2048
    sizes = (2_000,) if bench.quick else SIZES
    glbs = {triangles: make_glb(bench.folder / f"{triangles}.glb", triangles, pixels) for triangles in sizes}
    small = make_glb(bench.folder / "preview.glb", 12, 16)
    rows = []
    with local_service(bench, 0.3) as service, windows(bench, binaries) as shown:
        around = {"CSM_BASE_URL": service.url, "CSM_API_KEY": service.key}
        for binary in binaries[-1:] if bench.quick else reversed(binaries):
            for triangles, glb in glbs.items():
                bench.say(f"    {binary.name}, {triangles:,} …")
                # The very first round warms shaders, modules and the importer up, on both sides.
                warm = (str(small), add_sessions(service, 1, small, small))
                plan = (str(glb), add_sessions(service, bench.times(TIMES), small, glb))
                rows.append(_row(shown, binary, triangles, [warm, plan], around))
    return rows


def _row(shown: Windows, binary: Path, triangles: int, plan: list[Any], around: dict[str, str]) -> Row:
    """One Blender for each size: should one not end in time, the others are measured all the same."""
    what = f"longest gap, {binary.name} window, {triangles:,} triangles"
    try:
        timeout_s = PAIR_S * (1 + len(plan[1][1]))
        found = shown.run(binary, "gap.py:gaps", params={"plan": plan}, env=around, timeout_s=timeout_s)
    except ScenarioFailed as failure:
        return Row(what, "broke", "", "", "", reached=False, note=str(failure).splitlines()[0])
    return _judged(what, triangles, found[1])


def _judged(what: str, triangles: int, seen: dict[str, Any]) -> Row:
    found = {name: Samples.of(values) for name, values in seen.items()}
    job, imported = found["job"], found["import"]
    ratio = imported.median / job.median
    big = triangles >= 1_000_000
    own = ", ".join(f"{word} {_ms(found[name])}" for name, word in _WORDS.items())
    undrawn, import_undrawn = (Samples.of(values) for values in _without_drawing(seen))
    return Row(
        what,
        job.text("ms", 0),
        f"import_scene.gltf {imported.text('ms', 0)}",
        f"{ratio:.1f} times shorter",
        f"at least {BIG_GOAL:.0f} times shorter" if big else "never longer",
        yes_if(ratio >= (BIG_GOAL if big else 1.0)),
        f"Processor time, drawing included: {_ms(found['job_cpu'])} against {_ms(found['import_cpu'])}, "
        f"{found['import_cpu'].median / found['job_cpu'].median:.1f} times less; without what any redraw of the scene "
        f"takes, as with a graphics card: {_ms(undrawn)} against {_ms(import_undrawn)}, "
        f"{import_undrawn.median / undrawn.median:.1f} times less. By the clock a redraw takes "
        f"{_ms(found['job_redraw'])} with the result and {_ms(found['import_redraw'])} with the import; in "
        f"{sum(seen['drawing_only']):.0f} of {len(seen['job'])} the job's longest gap was drawing and nothing else. "
        f"The add-on's own steps, each in a round of its own where it is long: {own}. The importer's: "
        f"{_ms(found['import_code'])}. A window with nothing to do: {_ms(found['quiet'])}.",
    )


def _without_drawing(seen: dict[str, list[float]]) -> tuple[list[float], list[float]]:
    """Processor time of the longest gaps, less that of a redraw of the same scene: of jobs, and of imports."""
    job = zip(seen["steps_cpu"], seen["job_cpu"], seen["job_redraw_cpu"], strict=True)
    imported = zip(seen["import_cpu"], seen["import_redraw_cpu"], strict=True)
    return [max(steps, gap - redraw) for steps, gap, redraw in job], [gap - redraw for gap, redraw in imported]


_WORDS = {"reading": "reading the file", "normals": "working out normals", "finish": "placing", "undo": "the undo step"}


def _ms(samples: Samples) -> str:
    return f"{samples.median * 1000:.0f} ms"
