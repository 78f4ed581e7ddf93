# SPDX-License-Identifier: GPL-3.0-or-later
"""Change a placed result at once, without a new job: turned, fitted otherwise, shown as it was delivered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import bpy

from ...core.errors import JobError, UsageError
from ...core.jobs.job import Job
from ...core.jobs.states import JobState
from ...core.models import Fit
from ...core.processes.converter_pool import MESH_NAME
from ...core.sources import Facing
from ..addon.translation import labels
from ..blender.undo import push_undo_step
from ..jobs import job_updates, preview_loader
from ..jobs.binding import bound_scene
from ..jobs.state import file_state
from ..placement import assets, preview_objects
from ..placement.preview_objects import Remark
from ..placement.refit import as_it_stands, refit
from .decisions import job_of, result_of


def turn(job: Job) -> None:
    """Turn the placed result of *job* by a quarter in its box, as one undo step. Raises :class:`JobError`."""
    _refit(job, lambda name: labels.say("Turn {name}", name=name), facing=Facing.TURN_90)


def fit_again(job: Job, fit: Fit) -> None:
    """Fit the placed result of *job* as *fit* says, with its own proportions or filling its box, as one undo step.

    Raises :class:`JobError`.
    """
    _refit(job, lambda name: labels.say("Fit {name}", name=name), fit=fit)


def _refit(job: Job, step: Callable[[str], str], facing: Facing = Facing.TURN_0, fit: Fit | None = None) -> None:
    job, scene, result = job_of(job.job_id), bound_scene(job.job_id), result_of(job.job_id)
    if scene is None or result is None or not isinstance(result.data, bpy.types.Mesh) or job.result is None:
        raise JobError("The result is not in the scene.", "Place it again first.")
    if result.mode != "OBJECT" or result.data.is_editmode:  # the latter in another object that has the same mesh
        raise JobError("{name} is being edited.", "Go back to Object Mode first (Tab).", name=repr(result.name))
    if result.data.library is not None:
        raise JobError("{name} is linked from another file and cannot be changed.", name=repr(result.name))
    now = as_it_stands(job, result.data)
    assert now.result is not None
    refit(result.data, job.spec, now.result.conversion.fitted, facing=facing, fit=fit or now.spec.choices.fit)
    preview_loader.cancel(result)
    preview_objects.remove_of([result])  # it shows how the mesh came, as it stood until now
    push_undo_step(step(result.name), scene)
    job_updates.note(job)


def show_delivered(job: Job) -> preview_loader.Order:
    """Begin to show the mesh over the placed result as it was delivered for *job*. Raises a :class:`CsmError`."""
    job, scene, result = job_of(job.job_id), bound_scene(job.job_id), result_of(job.job_id)
    if scene is None or result is None:
        raise JobError("The result is not in the scene.", "Place it again first.")
    mesh = file_state().open_store().folder(job.job_id) / MESH_NAME
    if not mesh.is_file():
        raise JobError("The mesh as it was delivered is no longer on this computer.", "Start a new job with it.")
    return preview_loader.begin_delivered(standing(job), mesh, scene, result)


def toggle_delivered(job: Job) -> preview_loader.Order | None:
    """:func:`show_delivered` or :func:`hide_delivered`, the latter also for one that is awaited."""
    if any(seen_as_delivered(result_of(job.job_id))):
        hide_delivered(job)
        return None
    return show_delivered(job)


def seen_as_delivered(result: bpy.types.Object | None) -> tuple[bool, bool]:
    """Whether the mesh as it was delivered is awaited, and whether it is shown, over *result*."""
    order, shown = preview_loader.order_of(result), preview_objects.preview_of(result)
    is_shown = shown is not None and preview_objects.remark_of(shown) is Remark.DELIVERED
    return order is not None and order.over is not None, is_shown


def hide_delivered(job: Job) -> None:
    """Remove what :func:`show_delivered` showed, as one undo step."""
    scene, result = bound_scene(job.job_id), result_of(job.job_id)
    if scene is not None and result is not None:
        preview_loader.remove(result, scene)


def standing(job: Job) -> Job:
    """*job* with how its result fits now, if it was turned or fitted again since it was placed."""
    result = result_of(job.job_id)
    return as_it_stands(job, result.data if result is not None and isinstance(result.data, bpy.types.Mesh) else None)


def delete_library_copy(job: Job) -> None:
    """Delete the asset file of *job*, whose result is not in the scene. Raises :class:`UsageError`, `DiskProblem`."""
    store = file_state().open_store()
    if job.result is None or job.result.conversion.asset_file is None:
        raise UsageError("This job has no file in an asset library.")
    made_at = max(at for at, state, _message in store.events(job.job_id) if state == JobState.READY)
    assets.delete_library_copy(Path(job.result.conversion.asset_file), datetime.fromisoformat(made_at))
    conversion = replace(job.result.conversion, asset_file=None)
    job_updates.note(store.update(job, result=replace(job.result, conversion=conversion)))
