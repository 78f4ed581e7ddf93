# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the scene, the block-out and the result of a job, whatever happened to them meanwhile."""

from __future__ import annotations

import bpy

from ..properties import CSM_PG_job, find_record, tag_of
from .state import Binding, file_state

RESULT_STAMP = "csm_job_id"
"""Custom property of a result's mesh: it says which job made it and goes where the mesh goes."""


def bound_scene(job_id: str) -> bpy.types.Scene | None:
    """The scene a job belongs to; ``None`` when it was deleted."""
    binding = file_state().bindings.get(job_id)
    if binding is None:
        return None
    return next((scene for scene in bpy.data.scenes if scene.session_uid == binding.scene_uid), None)


def find_target(job_id: str) -> bpy.types.Object | None:
    """The job's block-out, renamed or not; ``None`` when it was deleted. A copy (Shift-D) of it is never taken."""
    scene = bound_scene(job_id)
    binding = file_state().bindings.get(job_id)
    if scene is None or binding is None or not binding.object_uid:
        return None
    record = find_record(scene, job_id)
    pointed = record.target_object if record else None
    if pointed is not None and pointed.session_uid == binding.object_uid:
        return pointed if _is_in(scene, pointed) else None
    return next((obj for obj in scene.objects if obj.session_uid == binding.object_uid), None)


def find_result(job_id: str, scene: bpy.types.Scene | None) -> bpy.types.Object | None:
    """The object that holds the job's result; ``None`` while it is not placed, or when that was undone."""
    if scene is None:
        return None
    record = find_record(scene, job_id)
    named = scene.objects.get(record.result) if record and record.result else None
    if named is not None and holds_result(named, job_id):
        return named
    return next((obj for obj in scene.objects if holds_result(obj, job_id)), None)


def find_original(job_id: str, scene: bpy.types.Scene) -> bpy.types.Object | None:
    """The block-out of a job that was placed."""
    target = find_target(job_id)
    return target or _oldest(
        obj for obj in scene.objects if tag_of(obj).job_id == job_id and not holds_result(obj, job_id)
    )


def holds_result(obj: bpy.types.Object, job_id: str) -> bool:
    """Whether the mesh of *obj* came from the job."""
    return obj.data is not None and obj.data.get(RESULT_STAMP) == job_id


def binding_of_record(record: CSM_PG_job, scene: bpy.types.Scene) -> Binding:
    """Where the record of a file just opened belongs: its own pointer, else the oldest object tagged with it."""
    pointed = record.target_object
    if pointed is None and record.target:
        pointed = _oldest(obj for obj in scene.objects if tag_of(obj).job_id == record.job_id)
    return Binding(scene.session_uid, pointed.session_uid if pointed is not None else 0)


def _oldest(objects: object) -> bpy.types.Object | None:
    """The one made first: a copy carries the same tag and a higher number."""
    found: list[bpy.types.Object] = list(objects)  # type: ignore[call-overload]  # any iterable of objects
    return min(found, key=lambda obj: obj.session_uid, default=None)


def _is_in(scene: bpy.types.Scene, obj: bpy.types.Object) -> bool:
    return scene.objects.get(obj.name) == obj
