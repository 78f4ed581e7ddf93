# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the jobs into ``Scene.csm.jobs``, which the panel shows, also after undo, file loads and copied scenes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import bpy

from ...core.errors import NO_ERROR
from ...core.jobs.job import Job
from ...core.jobs.states import FINISHED
from ..blender.runtime import Part, part
from ..properties import CSM_PG_job, find_record, state_of, tag_of
from .binding import bound_scene, find_target
from .state import Binding, file_state


def add_record(job: Job, scene: bpy.types.Scene, obj: bpy.types.Object | None) -> None:
    """Bind a new job to *obj* and give it a record in *scene*."""
    known = file_state()
    known.jobs[job.job_id] = job
    known.bindings[job.job_id] = Binding(scene.session_uid, obj.session_uid if obj is not None else 0)
    known.removed.discard(job.job_id)
    update_record(job)
    state = state_of(scene)
    state.active_job_index = len(state.jobs) - 1


def update_record(job: Job) -> bool:
    """Update the job's record, which is made if undo removed it. Whether anything had to be written."""
    scene = bound_scene(job.job_id)
    if scene is None:
        return False
    record = find_record(scene, job.job_id)
    wrote = record is None
    if record is None:
        record = state_of(scene).jobs.add()
        record.job_id = job.job_id
    target = find_target(job.job_id)
    wrote |= _write(record, job, target)
    pointer = None if job.state in FINISHED else target
    if record.target_object != pointer and (pointer is not None or job.state in FINISHED):
        record.target_object = pointer
        wrote = True
    if target is not None and tag_of(target).job_id != job.job_id and _is_latest(job, target):
        tag_of(target).job_id = job.job_id
        wrote = True
    return wrote


def update_all_records() -> None:
    """After undo or redo the records are as they were then: update all."""
    remove_orphans()
    for job in list(file_state().jobs.values()):
        update_record(job)


def update_names() -> bool:
    """Write new names of the block-outs into the records. Whether there was one."""
    wrote = False
    for job in file_state().unfinished():
        scene = bound_scene(job.job_id)
        record = find_record(scene, job.job_id) if scene else None
        if record and record.target_object and record.target != record.target_object.name:
            record.target = record.name = record.target_object.name
            wrote = True
    return wrote


def remove_record(job_id: str) -> None:
    """Forget a removed job, and remove its record from every scene."""
    file_state().forget_job(job_id)
    remove_orphans()


def has_orphans(scene: bpy.types.Scene) -> bool:
    """Whether *scene* has records of removed jobs or of another scene: a new scene may begin as a copy of another."""
    return any(_is_orphan(record.job_id, scene) for record in state_of(scene).jobs)


@dataclass
class OrphanSearch(Part):
    """Whether a scene has such records, and for what that was found out."""

    looked_at: tuple[int, ...] = ()
    found: bool = False


def shows_orphans(scene: bpy.types.Scene) -> bool:
    """As :func:`has_orphans`, for every redraw: it looks again only where there are other records or jobs."""
    last, known = part(OrphanSearch), file_state()
    now = (scene.session_uid, len(state_of(scene).jobs), len(known.removed), len(known.bindings))
    if last.looked_at != now:
        last.looked_at, last.found = now, has_orphans(scene)
    return last.found


def remove_orphans() -> bool:
    """Remove such records. Whether there were any."""
    found = [scene for scene in bpy.data.scenes if has_orphans(scene)]
    for scene in found:
        state = state_of(scene)
        for index in reversed(range(len(state.jobs))):
            if _is_orphan(state.jobs[index].job_id, scene):
                state.jobs.remove(index)
                if state.active_job_index >= max(1, index):
                    state.active_job_index = max(0, state.active_job_index - 1)
    part(OrphanSearch).looked_at = ()
    return bool(found)


def _is_orphan(job_id: str, scene: bpy.types.Scene) -> bool:
    known = file_state()
    binding = known.bindings.get(job_id)
    return job_id in known.removed or (binding is not None and binding.scene_uid != scene.session_uid)


def _is_latest(job: Job, target: bpy.types.Object) -> bool:
    """Whether no later job concerns the same object."""
    known = file_state()
    later = (other.job_id for other in known.jobs.values() if other.created_at > job.created_at)
    return all(known.bindings[job_id].object_uid != target.session_uid for job_id in later if job_id in known.bindings)


def _write(record: CSM_PG_job, job: Job, target: bpy.types.Object | None) -> bool:
    error = job.error or NO_ERROR
    sent = job.spec.refinement
    placed = job.result.placement if job.result else None
    name = target.name if target is not None else job.spec.object_name
    values = {
        "name": name or job.spec.source.label,
        "session_code": job.session_code,
        "source": job.spec.source.text,
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
    if not record.spec_json:
        values["spec_json"] = json.dumps(job.spec.as_dict(), separators=(",", ":"))
    # To write a property redraws and re-evaluates the scene, even with the same value.
    changed = {key: value for key, value in values.items() if not _same(getattr(record, key), value)}
    for key, value in changed.items():
        setattr(record, key, value)
    return bool(changed)


def _same(held: Any, value: Any) -> bool:
    if isinstance(value, tuple):
        return all(_same(a, b) for a, b in zip(held, value, strict=True))
    if isinstance(value, float):
        return bool(abs(held - value) <= 1e-6 * max(abs(value), 1e-6))  # Blender keeps floats in single precision
    return bool(held == value)
