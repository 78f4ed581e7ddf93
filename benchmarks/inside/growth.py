# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left in memory when jobs were placed and their results removed again, many times."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).parent))
from common import Steps, clear_meshes, file_state, module, new_block_out, resident_bytes
from inside import frames, idle_until, override

UNDO_STEPS = 2


def growth(blend: str, report: dict[str, Any], rounds: int, every: int) -> Steps:
    """Resident memory after each *every* of *rounds* jobs that were placed and removed.

    Few undo steps are kept: what Blender remembers of what was removed is not the add-on's, and is bounded anyway.
    """
    bpy.context.preferences.edit.undo_steps = UNDO_STEPS
    states = module("core.jobs.states").JobState
    steps = [states.CHECKING, states.SUBMITTING, states.REFINING, states.DOWNLOADING, states.CONVERTING, states.READY]
    resident: list[int] = []
    for number in range(rounds):
        clear_meshes()
        obj = new_block_out(number)
        job = module("scene.commands.new_job").start_job(
            f"SESSION_{1000 + number}_1", [obj], bpy.context, module("core.models").Choices()
        )
        store = file_state().open_store()
        folder = store.folder(job.job_id)
        folder.mkdir(parents=True)
        copied = shutil.copyfile(blend, folder / "refined.blend")
        for state in steps:
            changes = {"result": {**report, "blend": str(copied)}} if state is states.READY else {}
            job = store.update(job, state=state, **changes)
        module("scene.jobs.job_updates").note(job)
        job_id = job.job_id
        yield from idle_until(
            lambda j=job_id: file_state().jobs[j].state is states.PLACED, 30.0, f"job {number} placed"
        )
        yield from frames(2)
        with override():
            bpy.ops.csm.remove(job_id=job_id)
        if (number + 1) % every == 0:
            clear_meshes()
            yield from frames(4)
            resident.append(resident_bytes())
    return {"resident": resident, "images": len(bpy.data.images), "meshes": len(bpy.data.meshes)}


os.environ.setdefault("CSM_API_KEY", "benchmark")
os.environ.setdefault("CSM_BASE_URL", "http://127.0.0.1:9")
