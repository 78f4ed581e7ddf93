# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the scene, the block-out and the result of a job, also after renaming, deleting, copying and undo."""

from __future__ import annotations

from collections.abc import Iterable

import bpy

from ..properties import CSM_PG_job, find_record, tag_of
from .state import Binding, file_state

RESULT_STAMP = "csm_job_id"
"""Custom property of a result's mesh: the job that made it."""


def bound_scene(job_id: str) -> bpy.types.Scene | None:
    """The scene a job belongs to; ``None`` when it was deleted."""
    binding = file_state().bindings.get(job_id)
    return binding.scene() if binding is not None else None


def find_target(job_id: str) -> bpy.types.Object | None:
    """The job's block-out, renamed or not, never a copy (Shift-D) of it; ``None`` when it was deleted."""
    scene, binding = bound_scene(job_id), file_state().bindings.get(job_id)
    if scene is None or binding is None:
        return None
    record = find_record(scene, job_id)
    pointed = record.target_object if record else None
    if pointed is not None and pointed.session_uid == binding.object_uid:
        return pointed if scene.objects.get(pointed.name) == pointed else None
    return binding.target()


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
    return find_target(job_id) or _oldest(
        obj for obj in scene.objects if tag_of(obj).job_id == job_id and not holds_result(obj, job_id)
    )


def holds_result(obj: bpy.types.Object, job_id: str) -> bool:
    """Whether the mesh of *obj* came from the job."""
    return obj.data is not None and obj.data.get(RESULT_STAMP) == job_id


def binding_of_record(record: CSM_PG_job, scene: bpy.types.Scene) -> Binding:
    """The binding of a record in a file just opened: its own pointer, else the oldest object tagged with its job."""
    pointed = record.target_object
    if pointed is None and record.target:
        pointed = _oldest(obj for obj in scene.objects if tag_of(obj).job_id == record.job_id)
    return Binding(scene.session_uid, pointed.session_uid if pointed is not None else 0)


def _oldest(objects: Iterable[bpy.types.Object]) -> bpy.types.Object | None:
    """The one made first: a copy carries the same tag and a higher number."""
    return min(objects, key=lambda obj: obj.session_uid, default=None)
