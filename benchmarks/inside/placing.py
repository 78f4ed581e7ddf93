# SPDX-License-Identifier: GPL-3.0-or-later
"""In a Python with bpy: ``placing.py OUT.json GLB REPEATS``: placing by the add-on, against a bare libraries.load."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from csm_blender.core.conversion import ConversionReport, ConversionRequest, JobResult
from csm_blender.core.jobs.job import Job
from csm_blender.core.jobs.states import JobState
from csm_blender.core.models import DEFAULT_CHOICES, JobSpec
from csm_blender.core.processes.converter_pool import ConverterPool
from csm_blender.scene.addon.environment import interpreters
from csm_blender.scene.jobs.planning import plan_for_objects
from csm_blender.scene.placement.place import place


def main(out: Path, glb: Path, repeats: int) -> None:
    """Convert once, then place in turns with the bare calls, each into an empty scene with a block-out."""
    obj = _scene()
    scene = bpy.context.scene
    spec = plan_for_objects("SESSION_1_1", [obj], scene, bpy.context.evaluated_depsgraph_get(), DEFAULT_CHOICES)
    report = convert(glb, out.parent, spec)
    job = Job("0" * 32, 1, JobState.READY, spec, "http://127.0.0.1:9", result=JobResult(report))
    ways: dict[str, Callable[[bpy.types.Object], Any]] = {
        "place": lambda obj: place(job, bpy.context.scene, obj),
        "bare": lambda _obj: _bare(report, link=True),
        "bare_append": lambda _obj: _bare(report, link=False),
    }
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for number in range(repeats + 1):
        # Who comes first changes: what was read just before is read faster.
        for name in sorted(ways, reverse=number % 2 == 0):
            taken = _timed(ways[name], _scene())
            if number:  # the very first round warms everything up
                times[name].append(taken)
    out.write_text(
        json.dumps({**times, "version": bpy.app.version_string, "report": report.as_dict()}), encoding="utf-8"
    )


def convert(glb: Path, folder: Path, spec: JobSpec) -> ConversionReport:
    """What the converter made of *glb*."""
    converters = ConverterPool(interpreters())
    converters.start("job", folder, ConversionRequest.of(spec, glb).as_dict())
    while (report := converters.collect("job")) is None:
        time.sleep(0.05)
    return ConversionReport.from_dict(report)


def _scene() -> bpy.types.Object:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.mesh.primitive_cube_add(size=1.0)
    obj = bpy.context.object
    assert obj is not None
    bpy.context.view_layer.update()
    return obj


def _bare(report: ConversionReport, *, link: bool) -> None:
    with bpy.data.libraries.load(report.blend, link=link) as (_available, wanted):
        wanted.meshes = [report.mesh]
    obj = bpy.data.objects.new("Result", wanted.meshes[0])
    bpy.context.scene.collection.objects.link(obj)


def _timed(way: Callable[[bpy.types.Object], Any], obj: bpy.types.Object) -> tuple[float, float]:
    """Wall time and this process's processor time of one call."""
    begun, cpu = time.perf_counter(), time.process_time()
    way(obj)
    return time.perf_counter() - begun, time.process_time() - cpu


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
    os._exit(0)  # the wheels of 4.5 may hang in an orderly exit
