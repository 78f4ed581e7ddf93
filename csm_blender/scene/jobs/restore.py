# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the jobs of a file that was opened, and restore those of another machine in the store.

A .blend comes from anywhere. What it says is checked, it never decides where the key is sent or which files are
written, and a refine request that was never sent is not sent by opening a file.
"""

from __future__ import annotations

import json
import logging
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import bpy

from ...core.api.session_code import parse_session_code
from ...core.errors import AnswerLost, CsmError
from ...core.jobs import actions
from ...core.jobs.job import Job
from ...core.jobs.states import FINISHED, JobState
from ...core.jobs.store import Store
from ...core.messages import Message
from ...core.models import JobSpec, MadeByNewer
from ..addon.preferences import base_url_now
from ..placement.assets import with_library_folder
from ..properties import CSM_PG_job, state_of
from .binding import binding_of_record, find_result
from .record_sync import remove_orphans, update_record
from .state import file_state

_JOB_ID = re.compile(r"[0-9a-f]{32}")
_log = logging.getLogger(__name__)


def read_file() -> None:
    """Read the jobs of the open file, and update its records. Raises a :class:`StorageError`."""
    state = file_state()
    state.forget_file()
    for scene, record in _records():
        if record.job_id not in state.bindings:
            state.bindings[record.job_id] = binding_of_record(record, scene)
    remove_orphans()  # the records of a copied scene
    records = _records()
    if not records:
        return
    store = state.open_store()
    state.revision = store.revision()
    for scene, record in records:
        if not _JOB_ID.fullmatch(record.job_id):
            _mark_damaged(record)
            continue
        job = store.get(record.job_id)
        if job is None:
            job = restore_job(store, record)
        elif job.state is JobState.PLACED and is_unfinished(record) and find_result(job.job_id, scene) is None:
            # This file was saved before the result was placed, and not after.
            job = actions.place_again(store, job)
        if job is not None:
            state.jobs[job.job_id] = job
            update_record(job)


def _records() -> list[tuple[bpy.types.Scene, CSM_PG_job]]:
    return [(scene, record) for scene in bpy.data.scenes for record in state_of(scene).jobs]


def restore_job(store: Store, record: CSM_PG_job) -> Job | None:
    """Put an unknown job into the store, from its record. ``None`` if it is placed, or its record cannot be read."""
    if record.status == JobState.PLACED or not _JOB_ID.fullmatch(record.job_id):
        return None
    try:
        spec = _checked_spec(record.spec_json)
        state = JobState(record.status)
    except (CsmError, KeyError, TypeError, ValueError) as problem:
        _log.warning("The record of job %s cannot be read: %r", record.job_id, problem)
        if isinstance(problem, MadeByNewer):
            _mark_newer(record)
        else:
            _mark_damaged(record)
        return None
    job = store.add(spec, base_url_now() if spec.needs_service else "", record.job_id)
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    posted = now if record.was_posted or record.was_accepted else ""
    accepted = now if record.was_accepted else ""
    if state in FINISHED:
        error: Any = {"code": record.error_code, "message": record.error, "hint": record.hint} if record.error else None
        return store.update(
            job, state=state, error=error, message=record.message, posted_at=posted, accepted_at=accepted
        )
    if not posted:
        unsent = Message("It was not yet sent when this file was saved")
        message = unsent if spec.may_be_paid else Message("It was not finished when this file was saved")
        return store.update(job, state=JobState.CANCELLED, message=message)
    for step in (JobState.CHECKING, JobState.SUBMITTING):
        job = store.update(job, state=step, posted_at=posted)
    if accepted:
        message = Message("Started on another computer: looking for its result")
        return store.update(job, state=JobState.REFINING, accepted_at=accepted, message=message)
    lost = AnswerLost("The request was sent from another computer; its answer is not known here.")
    return store.update(
        job, state=JobState.UNCERTAIN, error=lost.as_dict(), looks_left=actions.LOOKS, message=lost.message
    )


def is_unfinished(record: CSM_PG_job) -> bool:
    """Whether the job was unfinished when the record was last updated."""
    return record.status not in {str(state) for state in FINISHED}


def _checked_spec(text: str) -> JobSpec:
    """What the record holds, without the file names of another machine. Raises where it is damaged."""
    spec = JobSpec.from_dict(json.loads(text))
    return replace(
        spec,
        session_code=parse_session_code(spec.session_code) if spec.needs_service else "",
        blend_file=bpy.data.filepath,
        output="",
        export_path="",
        run_id="",
        choices=replace(spec.choices, asset=with_library_folder(spec.choices.asset)),
    )


def _mark_newer(record: CSM_PG_job) -> None:
    """Its state stays, so that the newer version can go on with the job."""
    record.message = Message("This job was made by a newer CSM Refine")
    record.hint = Message("Update CSM Refine. The job is left as it is.")


def _mark_damaged(record: CSM_PG_job) -> None:
    record.status = str(JobState.FAILED)
    record.error = record.message = Message("The data of this job in the file is damaged")
    record.hint = Message("Remove it and refine again: a session that is already refined costs nothing.")
