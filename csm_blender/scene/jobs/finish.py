# SPDX-License-Identifier: GPL-3.0-or-later
"""The last step of a job: the result goes into the scene, as one named undo step."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy

from ...core.errors import CsmError, PlacementFailed
from ...core.jobs.job import Job
from ...core.jobs.store import IllegalMove, LeaseLost, Store
from ...core.messages import ROUTINE, Message
from ...core.models import JobState, Original
from ..addon.translation import labels
from ..blender.bpy_typing import current
from ..blender.undo import in_scene, push_undo_step
from ..placement import preload
from ..placement.place import Placed, place
from ..properties import tag_of
from .binding import RESULT_STAMP, bound_scene, find_target

_log = logging.getLogger(__name__)


def finish(store: Store, job: Job) -> Job | None:
    """Place a READY *job* and record that. The job as it is now; ``None`` when somebody else was faster.

    The picture of the job is painted by the caller before the undo step is pushed by :func:`push_undo`.
    """
    scene = bound_scene(job.job_id)
    fresh = store.get(job.job_id)
    if scene is None or fresh is None or fresh.state is not JobState.READY:
        return fresh
    if fresh.result is None or not Path(fresh.result.conversion.blend).is_file():
        return store.update(
            fresh,
            state=JobState.DOWNLOADING,
            message=Message("The converted file is missing: downloading it again, no credits are spent"),
        )
    target = find_target(job.job_id)
    try:
        with in_scene(scene):
            placed = place(_considerate(fresh, target), scene, target, preload.mesh_of(job.job_id))
    except CsmError as error:
        return _failed(store, fresh, error)
    except Exception as problem:  # noqa: BLE001 - whatever Blender says: the job must not be tried again five times a second
        _log.exception("Placing job %s broke", job.job_id)
        return _failed(store, fresh, PlacementFailed("The mesh could not be placed: {error}", error=problem))
    preload.placed(job.job_id)
    _stamp(placed, fresh)
    _hand_selection_over(placed.obj, target, scene)
    result = replace(fresh.result, placement=placed.report)
    try:
        return store.update(fresh, state=JobState.PLACED, result=result, message=_message(fresh, target))
    except (IllegalMove, LeaseLost) as reason:
        _log.info("job %s was placed and changed at the same time: %s", job.job_id, reason)
        return store.get(job.job_id)


def _hand_selection_over(result: bpy.types.Object, target: bpy.types.Object | None, scene: bpy.types.Scene) -> None:
    """Where the block-out was hidden, the result takes its place in the selection too."""
    if target is None or target == result or not target.hide_viewport:
        return
    for window in current.window_manager.windows:
        layer = window.view_layer
        if window.scene != scene or result.name not in layer.objects:
            continue
        if layer.objects.active == target:
            layer.objects.active = result
            result.select_set(True, view_layer=layer)


def push_undo(job: Job) -> None:
    """Make all that was done since the last undo step one step named after the object."""
    scene = bound_scene(job.job_id)
    if scene is not None:
        push_undo_step(labels.say("Refine {name}", name=job.spec.object_name or job.session_code), scene)


def _considerate(job: Job, target: bpy.types.Object | None) -> Job:
    """*job*, without hiding a block-out that somebody is editing or sculpting right now."""
    if target is None or target.mode == "OBJECT" or job.spec.choices.original is not Original.HIDE:
        return job
    choices = replace(job.spec.choices, original=Original.KEEP)
    return replace(job, spec=replace(job.spec, choices=choices))


def _message(job: Job, target: bpy.types.Object | None) -> Message:
    if job.spec.target is not None and target is None:
        return Message("Placed where the block-out stood: it was deleted")
    if target is not None and target.mode != "OBJECT" and job.spec.choices.original is Original.HIDE:
        return Message("Placed. The block-out stays visible because you are editing it")
    return Message("Placed", code=ROUTINE)


def _failed(store: Store, job: Job, error: CsmError) -> Job:
    return store.update(job, state=JobState.FAILED, error=error.as_dict(), message=error.message)


def _stamp(placed: Placed, job: Job) -> None:
    """Say on the result itself where it came from."""
    mesh: Any = placed.obj.data
    mesh[RESULT_STAMP] = job.job_id
    tag = tag_of(placed.obj)
    tag.session_code, tag.job_id = job.session_code, job.job_id
