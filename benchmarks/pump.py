# SPDX-License-Identifier: GPL-3.0-or-later
"""What a tick of the pump costs with jobs in the scene, quiet and while jobs change. Needs a Python with bpy.

``.venvs/bpy-5.2/bin/python benchmarks/pump.py [JOBS]``
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ["CSM_HOME"] = tempfile.mkdtemp()
os.environ["CSM_API_KEY"] = "k" * 32
os.environ["CSM_BASE_URL"] = "http://127.0.0.1:9"

from csm_blender import register, unregister
from csm_blender.core.models import JobState
from csm_blender.core.store import Store
from csm_blender.scene import pump
from csm_blender.scene.desk import desk
from csm_blender.scene.mirror import adopt
from csm_blender.scene.planning import Choices, plan_for_objects

TICKS = 300


def main(count: int) -> None:
    """Print the times."""
    register()
    desk.worker.ensure = lambda *_: None  # type: ignore[method-assign]  # nothing is sent here
    context = bpy.context
    store = desk.open_store()
    for _ in range(count):
        bpy.ops.mesh.primitive_cube_add()
        obj = context.active_object
        spec = plan_for_objects("SESSION_1_2", [obj], context.scene, context.evaluated_depsgraph_get(), Choices())
        adopt(store.add(spec, os.environ["CSM_BASE_URL"]), context.scene, obj)
    pump.step()
    report(f"quiet, {count} jobs", lambda: None)
    other = Store(store.home)
    ids = list(desk.jobs)
    state = {"n": 0}

    def one_changes() -> None:
        job = other.get(ids[state["n"] % count])
        assert job is not None
        state["n"] += 1
        if job.state is JobState.QUEUED:
            job = other.update(job, state=JobState.CHECKING)
        other.update(job, progress=(state["n"] % 97) / 100.0, message=f"Refining ({state['n']})")

    report("one job changes each tick", one_changes)
    other.close()
    unregister()


def report(name: str, before: Callable[[], None]) -> None:
    """Time the ticks, each after *before*."""
    times = []
    for _ in range(TICKS):
        before()
        begun = time.perf_counter()
        pump.step()
        times.append((time.perf_counter() - begun) * 1000.0)
    times.sort()
    print(f"{name}: median {statistics.median(times):.3f} ms, 99 % {times[int(TICKS * 0.99)]:.3f} ms")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
