# SPDX-License-Identifier: GPL-3.0-or-later
"""Start jobs: called by operators, by a batch and by what is dropped."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import bpy

from ...core.errors import UsageError
from ...core.files.recent_files import remember_file
from ...core.files.source_text import check_file
from ...core.jobs.job import Job
from ...core.jobs.states import FINISHED, JobState
from ...core.models import Choices
from ...core.settings import NO_SERVICE
from ...core.sources import Source, SourceKind
from ..addon.environment import jobs_home
from ..addon.preferences import settings_now
from ..background.headless import run_pipeline
from ..blender.bpy_typing import Context
from ..jobs import job_updates, record_sync
from ..jobs.object_source import add_job
from ..jobs.planning import plan_for_objects, with_shape
from ..jobs.state import file_state
from ..properties import tag_of


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


def job_in_progress(source: Source | str, obj: bpy.types.Object) -> Job | None:
    """The unfinished job that refines *source* into *obj*, so that a second click does not pay twice."""
    known, source, uid = file_state(), Source.of(source), obj.session_uid
    of_object = [job_id for job_id, binding in known.bindings.items() if binding.object_uid == uid]  # few, of hundreds
    jobs = (known.jobs[job_id] for job_id in of_object if job_id in known.jobs)
    return next((job for job in jobs if job.state not in FINISHED and job.spec.source == source), None)


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
