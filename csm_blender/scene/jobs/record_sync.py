# SPDX-License-Identifier: GPL-3.0-or-later
"""Paint the jobs of the store onto ``Scene.csm.jobs``, and mend what undo, file loads and copied scenes do to it.

Writing a property that has not changed would still redraw and re-evaluate the scene, so nothing is written in vain.
"""

from __future__ import annotations

import json
from typing import Any

import bpy

from ...core.errors import NO_ERROR
from ...core.jobs.job import Job
from ...core.models import FINISHED
from ..properties import CSM_PG_job, find_record, state_of, tag_of
from .binding import bound_scene, find_target
from .state import Binding, file_state


def adopt(job: Job, scene: bpy.types.Scene, obj: bpy.types.Object | None) -> None:
    """Bind a job to *obj*, and give it a record in *scene*."""
    known = file_state()
    known.jobs[job.job_id] = job
    known.bindings[job.job_id] = Binding(scene.session_uid, obj.session_uid if obj is not None else 0)
    known.removed.discard(job.job_id)
    paint(job)
    state = state_of(scene)
    state.active_job_index = len(state.jobs) - 1


def paint(job: Job) -> bool:
    """Bring the job's record up to date, making it if undo took it away. Whether anything had to be written."""
    scene = bound_scene(job.job_id)
    if scene is None:
        return False
    record = find_record(scene, job.job_id)
    made = record is None
    if record is None:
        record = state_of(scene).jobs.add()
        record.job_id = job.job_id
    target = find_target(job.job_id)
    wrote = _write(record, _fields(job, target))
    pointer = None if job.state in FINISHED else target
    if record.target_object != pointer and (pointer is not None or job.state in FINISHED):
        record.target_object = pointer
        wrote = True
    if target is not None and tag_of(target).job_id != job.job_id and _is_latest(job, target):
        tag_of(target).job_id = job.job_id
        wrote = True
    return made or wrote


def repaint_all() -> None:
    """After undo or redo: the records are as they were then; make them what they are now."""
    for scene in bpy.data.scenes:
        _drop_strays(scene)
    for job in list(file_state().jobs.values()):
        paint(job)


def follow_names() -> bool:
    """Take over new names of the block-outs. Whether there was one."""
    wrote = False
    for job in file_state().unfinished():
        scene = bound_scene(job.job_id)
        record = find_record(scene, job.job_id) if scene else None
        target = record.target_object if record else None
        if record is not None and target is not None and record.target != target.name:
            record.target = record.name = target.name
            wrote = True
    return wrote


def drop_record(job_id: str) -> None:
    """Take the record of a removed job out of every scene, and its binding from the objects."""
    file_state().forget_job(job_id)
    for scene in bpy.data.scenes:
        _drop_strays(scene)


def has_strays(scene: bpy.types.Scene) -> bool:
    """Whether *scene* has records that are not its own: a new scene begins as a copy of the settings of another."""
    return any(_is_stray(record.job_id, scene) for record in state_of(scene).jobs)


def drop_strays() -> bool:
    """Take such records out. Whether there were any."""
    found = [scene for scene in bpy.data.scenes if has_strays(scene)]
    for scene in found:
        _drop_strays(scene)
    return bool(found)


def _is_stray(job_id: str, scene: bpy.types.Scene) -> bool:
    known = file_state()
    binding = known.bindings.get(job_id)
    return job_id in known.removed or (binding is not None and binding.scene_uid != scene.session_uid)


def _drop_strays(scene: bpy.types.Scene) -> None:
    """Take out records of removed jobs, and those that came along when a scene was copied."""
    state = state_of(scene)
    for index in reversed(range(len(state.jobs))):
        if _is_stray(state.jobs[index].job_id, scene):
            state.jobs.remove(index)
            if state.active_job_index >= max(1, index):
                state.active_job_index = max(0, state.active_job_index - 1)


def _is_latest(job: Job, target: bpy.types.Object) -> bool:
    """Whether no later job concerns the same object."""
    known = file_state()
    return not any(
        other.created_at > job.created_at and known.bindings[other.job_id].object_uid == target.session_uid
        for other in known.jobs.values()
        if other.job_id in known.bindings
    )


def _fields(job: Job, target: bpy.types.Object | None) -> dict[str, Any]:
    error = job.error or NO_ERROR
    sent = job.spec.refinement
    placed = job.result.placement if job.result else None
    name = target.name if target is not None else job.spec.object_name
    return {
        "name": name or job.session_code,
        "session_code": job.session_code,
        "status": str(job.state),
        "progress": round(job.progress, 2),
        "message": job.message,
        "error": error["message"],
        "error_code": error["code"],
        "hint": error["hint"],
        "target": name,
        "result": placed.object_name if placed else "",
        "has_box": sent.scaled_bbox is not None,
        "scaled_bbox": sent.scaled_bbox or (0.0, 0.0, 0.0),
        "pivot_point": sent.pivot_point or (0.0, 0.0, 0.0),
        "fit_error": placed.placed_error if placed else 0.0,
        "was_posted": bool(job.posted_at),
        "was_accepted": bool(job.accepted_at),
    }


_VECTOR_TOLERANCE = 1e-6


def _write(record: CSM_PG_job, fields: dict[str, Any]) -> bool:
    wrote = False
    if not record.spec_json:
        job = file_state().jobs[record.job_id]
        record.spec_json = json.dumps(job.spec.as_dict(), separators=(",", ":"))
        wrote = True
    for name, value in fields.items():
        if not _same(getattr(record, name), value):
            setattr(record, name, value)
            wrote = True
    return wrote


def _same(held: Any, value: Any) -> bool:
    """Equal, allowing for floats that Blender keeps in single precision."""
    if isinstance(value, tuple):
        return all(_same(a, b) for a, b in zip(held, value, strict=True))
    if isinstance(value, float):
        return bool(abs(held - value) <= _VECTOR_TOLERANCE * max(abs(value), 1e-6))
    return bool(held == value)
