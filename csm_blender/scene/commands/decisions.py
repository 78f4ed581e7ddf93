# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry out what the user decides about a job after it was started."""

from __future__ import annotations

from dataclasses import replace

import bpy

from ...core.errors import JobError
from ...core.jobs import actions
from ...core.jobs.job import Decision, Job, decisions
from ...core.jobs.states import FINISHED, JobState
from ...core.messages import NOTHING, Message
from ...core.models import Choices
from ...core.processes.converter_pool import MESH_NAME
from ...core.sources import SourceKind
from ..addon.preferences import settings_now
from ..blender.evaluation import depsgraph_of
from ..jobs import job_updates, record_sync
from ..jobs.binding import bound_scene, find_result, find_target
from ..jobs.object_source import check_object, write_object
from ..jobs.restore import is_unfinished, restore_job
from ..jobs.state import file_state
from ..properties import CSM_PG_job, find_record


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


def place_here(job_id: str, scene: bpy.types.Scene) -> Message:
    """Take a job of any file into this one, into *scene*, and place its result as soon as it is ready.

    It goes where its block-out stood; a job that this file has already is placed where it belongs. Gives what it waits
    for. Raises :class:`JobError` for a job that was removed.
    """
    state = file_state()
    job = state.open_store().get(job_id)
    if job is None:
        raise JobError("This job is no longer known.", "Remove it from the list.")
    if job_id not in state.bindings:
        record_sync.add_record(job, scene, None)
    if job.state in (JobState.READY, JobState.PLACED):
        return place(job)
    state.place_requested.add(job_id)
    job_updates.note(job)
    if job.state in FINISHED:
        return Message("It is in the list of this scene. Retry continues it.")
    return Message("It is placed here when it is ready.")


def remove_any(job_id: str) -> None:
    """Remove a job of any file, whatever its state, and its files. Raises :class:`JobError` while it is worked on."""
    store = file_state().open_store()
    job = store.get(job_id)
    if job is not None and actions.cancel(store, job).state not in FINISHED:
        raise JobError("A background process is still working on it.", "It is being stopped: remove it in a moment.")
    remove(job_id)


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
