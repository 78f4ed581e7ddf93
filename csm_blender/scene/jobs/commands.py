# SPDX-License-Identifier: GPL-3.0-or-later
"""Start jobs, and carry out what the user decides about them later. Called by operators."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import bpy

from ...core.errors import JobError, UsageError
from ...core.jobs import actions
from ...core.jobs.job import Decision, Job, decisions
from ...core.jobs.states import FINISHED, JobState
from ...core.messages import NOTHING, Message
from ...core.models import Choices
from ..addon.preferences import settings_now
from ..background.headless import run_pipeline
from ..blender.bpy_typing import Context
from ..properties import CSM_PG_job, find_record, tag_of
from . import job_updates, record_sync
from .binding import bound_scene, find_result, find_target
from .planning import plan_for_objects
from .restore import is_unfinished, restore_job
from .state import file_state


def start_job(session_code: str, objects: Sequence[bpy.types.Object], context: Context, choices: Choices) -> Job:
    """Start a job for the common box of *objects*, in the axes of the first. Raises a :class:`CsmError`."""
    settings = settings_now()
    obj = objects[0]
    if (busy := job_in_progress(session_code, obj)) is not None:
        raise UsageError(
            "{name} is already being refined with {session_code}.", name=repr(obj.name), session_code=busy.session_code
        )
    store = file_state().open_store()
    spec = plan_for_objects(session_code, objects, context.scene, context.evaluated_depsgraph_get(), choices)
    job = store.add(spec, settings.base_url)
    tag_of(obj).session_code = session_code
    record_sync.add_record(job, context.scene, obj)
    job_updates.note(job)
    return job


def job_in_progress(session_code: str, obj: bpy.types.Object) -> Job | None:
    """The unfinished job that refines *session_code* into *obj*, so that a second click does not pay twice."""
    bindings = file_state().bindings
    same = (job for job in file_state().unfinished() if job.session_code == session_code and job.job_id in bindings)
    return next((job for job in same if bindings[job.job_id].object_uid == obj.session_uid), None)


def run_to_end(job_ids: Sequence[str], context: Context) -> None:
    """Block until the jobs are placed or have failed. Without a window the pipeline runs in this very process."""
    state = file_state()
    if bpy.app.background:
        run_pipeline(state.open_store(), job_ids, settings_now(), concurrency=8, on_change=job_updates.note)
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
    job_updates.note(actions.retry(file_state().open_store(), job))


def look_again(job: Job) -> None:
    """Ask the service whether the refine of an uncertain job has started."""
    job_updates.note(actions.look_again(file_state().open_store(), job))


def send_again(job: Job) -> None:
    """Ask for the refine once more, as a new job for the same object."""
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
