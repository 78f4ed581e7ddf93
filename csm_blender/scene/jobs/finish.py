# SPDX-License-Identifier: GPL-3.0-or-later
"""The last step of a job: its result is placed in the scene, as one named undo step."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy

from ...core.errors import CsmError, PlacementFailed
from ...core.jobs import actions
from ...core.jobs.job import Job
from ...core.jobs.job_records import IllegalMove, LeaseLost
from ...core.jobs.states import JobState
from ...core.jobs.store import Store
from ...core.messages import ROUTINE, Message
from ...core.models import Original
from ..addon.translation import labels
from ..blender.bpy_typing import current
from ..blender.undo import in_scene, push_undo_step
from ..placement import preload
from ..placement.place import place
from ..properties import tag_of
from .binding import RESULT_STAMP, bound_scene, find_target
from .state import file_state

_log = logging.getLogger(__name__)


def finish(store: Store, job: Job) -> Job | None:
    """Place a READY *job* and store that; :func:`push_undo` comes later. The job now; ``None`` if it was removed."""
    scene = bound_scene(job.job_id)
    fresh = store.get(job.job_id)
    if scene is None or fresh is None or fresh.state is not JobState.READY:
        return fresh
    if fresh.result is None or not Path(fresh.result.conversion.blend).is_file():
        return actions.bring_again(store, fresh)
    target = find_target(job.job_id)
    planned, message = _plan(fresh, target)
    try:
        with in_scene(scene):
            placed = place(planned, scene, target, preload.mesh_of(job.job_id))
    except Exception as error:  # noqa: BLE001 - any error of Blender: the job must not be tried again five times a second
        if not isinstance(error, CsmError):
            _log.exception("Job %s could not be placed", job.job_id)
            error = PlacementFailed("The mesh could not be placed: {error}", error=error)
        return store.update(fresh, state=JobState.FAILED, error=error.as_dict(), message=error.message)
    preload.placed(job.job_id)
    mesh: Any = placed.obj.data
    mesh[RESULT_STAMP] = job.job_id
    tag = tag_of(placed.obj)
    tag.session_code, tag.job_id = job.session_code, job.job_id
    _select_result(placed.obj, target, scene)
    result = replace(fresh.result, placement=placed.report)
    try:
        return store.update(fresh, state=JobState.PLACED, result=result, message=message)
    except (IllegalMove, LeaseLost) as reason:
        _log.info("job %s was placed and changed at the same time: %s", job.job_id, reason)
        return store.get(job.job_id)


def push_undo(job: Job) -> None:
    """Make all changes since the last undo step one step named after the object."""
    scene = bound_scene(job.job_id)
    if scene is not None:
        push_undo_step(labels.say("Refine {name}", name=job.spec.object_name or job.spec.source.label), scene)


def _plan(job: Job, target: bpy.types.Object | None) -> tuple[Job, Message]:
    """The job to place and its message then: a block-out that the user is editing or sculpting is not hidden."""
    choices = job.spec.choices
    if job.spec.target is not None and not file_state().bindings[job.job_id].object_uid:
        return job, Message("Placed where its block-out stood")
    if job.spec.target is not None and target is None:
        return job, Message("Placed where the block-out stood: it was deleted")
    if target is None or target.mode == "OBJECT" or choices.original is not Original.HIDE:
        return job, Message("Placed", code=ROUTINE)
    planned = replace(job, spec=replace(job.spec, choices=replace(choices, original=Original.KEEP)))
    return planned, Message("Placed. The block-out stays visible because you are editing it")


def _select_result(result: bpy.types.Object, target: bpy.types.Object | None, scene: bpy.types.Scene) -> None:
    """Make the result active in place of a block-out that was hidden."""
    if target is None or target == result or not target.hide_viewport:
        return
    for window in current.window_manager.windows:
        layer = window.view_layer
        if window.scene == scene and result.name in layer.objects and layer.objects.active == target:
            layer.objects.active = result
            result.select_set(True, view_layer=layer)
