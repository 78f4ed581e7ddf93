# SPDX-License-Identifier: GPL-3.0-or-later
"""Start jobs, and carry out what the user decides about them later. Called by operators."""

from __future__ import annotations

import json
import shutil
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import bpy

from ...core.errors import CsmError, DiskProblem, JobError, UsageError
from ...core.files.preview_cache import work_folder
from ...core.files.recent_files import remember_file
from ...core.files.source_text import check_file
from ...core.jobs import actions
from ...core.jobs.job import Decision, Job, decisions
from ...core.jobs.states import FINISHED, JobState
from ...core.messages import NOTHING, Message
from ...core.models import Choices, Fit
from ...core.processes.converter_pool import MESH_NAME
from ...core.settings import NO_SERVICE
from ...core.sources import Engine, Facing, Source, SourceKind
from ...worker.preview_fetch import SPEC_NAME
from ..addon.environment import jobs_home
from ..addon.preferences import settings_now
from ..addon.translation import labels
from ..background.headless import run_pipeline
from ..background.session_adding import session_adding
from ..blender.bpy_typing import Context
from ..blender.evaluation import depsgraph_of
from ..blender.undo import push_undo_step
from ..placement import assets, preview_objects
from ..placement.refit import as_it_stands, refit
from ..properties import CSM_PG_job, find_record, tag_of
from . import job_updates, preview_loader, record_sync
from .binding import bound_scene, find_result, find_target
from .object_source import add_job, check_object, write_object
from .planning import plan_for_numbers, plan_for_objects, with_shape
from .restore import is_unfinished, restore_job
from .state import file_state


def start_job(
    source: Source | str,
    objects: Sequence[bpy.types.Object],
    context: Context,
    choices: Choices,
    *,
    is_checked: bool = False,
) -> Job:
    """Start a job for the common box of *objects*, in the axes of the first. Raises a :class:`CsmError`.

    *source* is a :class:`Source` or the code of a session. A key and online access are needed for a session only. A
    file that *is_checked* is one of many: it is not looked at again, and not remembered as the last one used.
    """
    source = Source.of(source)
    is_session = source.kind is SourceKind.SESSION
    base_url = settings_now().base_url if is_session else ""
    obj = objects[0]
    if (busy := job_in_progress(source, obj)) is not None:
        raise UsageError(
            "{name} is already being refined with {session_code}.",
            name=repr(obj.name),
            session_code=busy.spec.source.label,
        )
    if source.kind is SourceKind.FILE and not is_checked:
        check_file(Path(source.name))
        remember_file(jobs_home(), source.name)
    store, depsgraph = file_state().open_store(), context.evaluated_depsgraph_get()
    spec = with_shape(plan_for_objects(source, objects, context.scene, depsgraph, choices), objects, depsgraph)
    job = add_job(store, spec, base_url, context.scene, depsgraph)
    if is_session:
        tag_of(obj).session_code = source.name
    record_sync.add_record(job, context.scene, obj)
    job_updates.note(job)
    return job


def add_session(source: Source, context: Context) -> None:
    """Have the local service take a file or an object as a new session. Raises a :class:`CsmError`.

    A child process sends it; then the panel of the scene shows the session.
    """
    if source.kind is SourceKind.FILE:
        check_file(Path(source.name))
    choices = Choices(engine=Engine.NONE, fit=Fit.NONE, facing=Facing.AS_DELIVERED)
    folder = work_folder(jobs_home(), uuid.uuid4().hex)
    spec = plan_for_numbers(source, (1.0, 1.0, 1.0), None, context.scene, choices)
    spec = replace(spec, export_path=str(folder / "session.glb"))
    try:
        folder.mkdir(parents=True)
        if source.kind is SourceKind.OBJECT:
            depsgraph = context.evaluated_depsgraph_get()
            write_object(check_object(context.scene, source.name), depsgraph, spec.scale_length, folder)
        (folder / SPEC_NAME).write_text(json.dumps(spec.as_dict()), encoding="utf-8")
        session_adding().begin(folder, context.scene)
    except (CsmError, OSError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError):
            raise DiskProblem("The mesh cannot be sent: {reason}.", reason=error) from error
        raise


def job_in_progress(source: Source | str, obj: bpy.types.Object) -> Job | None:
    """The unfinished job that refines *source* into *obj*, so that a second click does not pay twice."""
    bindings, source = file_state().bindings, Source.of(source)
    same = (job for job in file_state().unfinished() if job.spec.source == source and job.job_id in bindings)
    return next((job for job in same if bindings[job.job_id].object_uid == obj.session_uid), None)


def run_to_end(job_ids: Sequence[str], context: Context) -> None:
    """Block until the jobs are placed or have failed. Without a window the pipeline runs in this very process."""
    state = file_state()
    if bpy.app.background:
        asks = any(state.jobs[job_id].spec.needs_service for job_id in job_ids)
        settings = settings_now() if asks else NO_SERVICE
        run_pipeline(state.open_store(), job_ids, settings, concurrency=8, on_change=job_updates.note)
        for job_id in job_ids:
            if state.jobs[job_id].state is JobState.READY:
                job_updates.place_now(job_id)
    else:  # by the worker: a Blender with a window sends no requests itself
        state.place_requested.update(job_ids)
        while any(job_updates.watched(state.jobs[job_id]) for job_id in job_ids if job_id in state.jobs):
            job_updates.step()
            if not state.wait_reasons.keys().isdisjoint(job_ids):
                break  # one waits for something that cannot happen while Blender is blocked
            time.sleep(0.05)
    context.view_layer.update()


# --- decisions ------------------------------------------------------------------------------------------------------
def may(record: CSM_PG_job) -> frozenset[Decision]:
    """What makes sense for the job of *record*. Never empty."""
    job = file_state().jobs.get(record.job_id)
    if job is None:  # of another machine, and finished there; or the store cannot be read
        return frozenset({Decision.RETRY, Decision.REMOVE} if is_unfinished(record) else {Decision.REMOVE})
    found = decisions(job)
    if job.state is JobState.PLACED and not job.cancel_pending:
        found |= {Decision.SEND_AGAIN}
        scene = bound_scene(job.job_id)
        if scene is not None and record.result in scene.objects:
            found -= {Decision.PLACE}
    return found


def cancel(job: Job) -> None:
    """Stop the job."""
    job_updates.note(actions.cancel(file_state().open_store(), job))


def retry(job: Job) -> None:
    """Continue a failed or cancelled job, without paying again."""
    _write_object_again(job)
    job_updates.note(actions.retry(file_state().open_store(), job))


def look_again(job: Job) -> None:
    """Ask the service whether the refine of an uncertain job has started."""
    job_updates.note(actions.look_again(file_state().open_store(), job))


def send_again(job: Job) -> None:
    """Ask for the refine once more, as a new job for the same object. Without the service, convert the mesh again."""
    if not job.spec.may_be_paid:
        convert_again(job, job.spec.choices)
        return
    settings, store = settings_now(), file_state().open_store()
    scene, target = bound_scene(job.job_id), find_target(job.job_id)
    if job.state is JobState.PLACED:
        new = store.add(replace(job.spec, choices=replace(job.spec.choices, again=True)), settings.base_url)
    else:
        new = actions.send_again(store, job)
        job_updates.note(store.get(job.job_id) or job)
        if new.job_id == job.job_id:  # its request is in progress again: nothing was decided
            return
    if scene is not None:
        record_sync.add_record(new, scene, target)
    job_updates.note(new)


def convert_again(job: Job, choices: Choices) -> Job:
    """A new job for the same block-out and the same mesh with other *choices*; nothing is fetched or paid.

    Raises :class:`UsageError` for a job that the service refined.
    """
    scene, target = bound_scene(job.job_id), find_target(job.job_id)
    new = actions.convert_again(file_state().open_store(), job, choices)
    if scene is not None:
        record_sync.add_record(new, scene, target)
    job_updates.note(new)
    return new


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
    if result.mode != "OBJECT":
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


def hide_delivered(job: Job) -> None:
    """Remove what :func:`show_delivered` showed, as one undo step."""
    scene, result = bound_scene(job.job_id), result_of(job.job_id)
    if scene is not None and result is not None:
        preview_loader.remove(result, scene)


def standing(job: Job) -> Job:
    """*job* with how its result fits now, if it was turned or fitted again since it was placed."""
    result = result_of(job.job_id)
    return as_it_stands(job, result.data if result is not None and isinstance(result.data, bpy.types.Mesh) else None)


def _write_object_again(job: Job) -> None:
    """The copy of the job's object may be on another machine: it is made anew from the object as it is now."""
    scene, source = bound_scene(job.job_id), job.spec.source
    folder = file_state().open_store().folder(job.job_id)
    if scene is not None and source.kind is SourceKind.OBJECT and not (folder / MESH_NAME).exists():
        obj = check_object(scene, source.name)
        write_object(obj, depsgraph_of(scene), job.spec.scale_length, folder)


def place(job: Job) -> Message:
    """Place the result now, or as soon as the moment is right: then it gives what it waits for."""
    state = file_state()
    job = actions.place_again(state.open_store(), job)
    state.place_requested.add(job.job_id)
    job_updates.note(job)
    job_updates.place_now(job.job_id)
    job_updates.wake()
    return state.wait_reasons.get(job.job_id, NOTHING)


def remove(job_id: str) -> None:
    """Remove a finished job from the file, and its files from the disk. What was placed stays."""
    store = file_state().open_store()
    job = store.get(job_id)
    if job is not None and job.state in FINISHED:
        store.remove(job)
    record_sync.remove_record(job_id)


def delete_library_copy(job: Job) -> None:
    """Delete the asset file of *job*, whose result is not in the scene. Raises :class:`UsageError`, `DiskProblem`."""
    store = file_state().open_store()
    if job.result is None or job.result.conversion.asset_file is None:
        raise UsageError("This job has no file in an asset library.")
    made_at = max(at for at, state, _message in store.events(job.job_id) if state == JobState.READY)
    assets.delete_library_copy(Path(job.result.conversion.asset_file), datetime.fromisoformat(made_at))
    conversion = replace(job.result.conversion, asset_file=None)
    job_updates.note(store.update(job, result=replace(job.result, conversion=conversion)))


def job_of(job_id: str) -> Job:
    """The job as it is now, restored from the file's record if the store does not know it. Raises :class:`JobError`."""
    store = file_state().open_store()
    job = store.get(job_id)
    scene = bound_scene(job_id)
    if job is None and scene is not None and (record := find_record(scene, job_id)) is not None:
        job = restore_job(store, record)
    if job is None:
        raise JobError("This job is no longer known.", "Remove it from the list.")
    file_state().jobs[job_id] = job
    return job


def result_of(job_id: str) -> bpy.types.Object | None:
    """The object that holds the job's result."""
    return find_result(job_id, bound_scene(job_id))
