# SPDX-License-Identifier: GPL-3.0-or-later
"""Take in the jobs of a file that was opened, here or on another machine.

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
from ...core.jobs.store import Store
from ...core.messages import Message
from ...core.models import FINISHED, JobSpec, JobState
from ..addon.preferences import base_url_now
from ..placement.assets import with_library_folder
from ..properties import CSM_PG_job, state_of
from .binding import binding_of_record, find_result
from .record_sync import paint, repaint_all
from .state import file_state

_JOB_ID = re.compile(r"[0-9a-f]{32}")
_log = logging.getLogger(__name__)


def take_in_file() -> None:
    """Read the jobs of the open file, and bring its records up to date. Raises a :class:`StorageError`."""
    state = file_state()
    state.forget_file()
    records = [(scene, record) for scene in bpy.data.scenes for record in state_of(scene).jobs]
    for scene, record in records:
        if record.job_id not in state.bindings:
            state.bindings[record.job_id] = binding_of_record(record, scene)
    repaint_all()  # drops what a copied scene brought along
    records = [(scene, record) for scene in bpy.data.scenes for record in state_of(scene).jobs]
    if not records:
        return
    store = state.open_store()
    state.revision = store.revision()
    for scene, job_id in [(scene, record.job_id) for scene, record in records]:
        _take_in(store, scene, job_id)


def _take_in(store: Store, scene: bpy.types.Scene, job_id: str) -> None:
    record = next(record for record in state_of(scene).jobs if record.job_id == job_id)
    if not _JOB_ID.fullmatch(job_id):
        _mark_damaged(record)
        return
    job = store.get(job_id)
    if job is None:
        job = restore_job(store, record)
    elif job.state is JobState.PLACED and _was_unfinished(record) and find_result(job_id, scene) is None:
        # This file was saved before the result was placed, and not after.
        job = actions.place_again(store, job)
    if job is not None:
        file_state().jobs[job_id] = job
        paint(job)


def restore_job(store: Store, record: CSM_PG_job) -> Job | None:
    """Put a job that the store does not know back into it, from the scene's picture of it.

    ``None`` for one that needs nothing any more, or whose record makes no sense.
    """
    if record.status == JobState.PLACED or not _JOB_ID.fullmatch(record.job_id):
        return None
    try:
        spec = _checked_spec(record.spec_json)
        state = JobState(record.status)
    except (CsmError, KeyError, TypeError, ValueError) as problem:
        _log.warning("The record of job %s makes no sense: %r", record.job_id, problem)
        _mark_damaged(record)
        return None
    job = store.add(spec, base_url_now(), record.job_id)
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    posted = now if record.was_posted or record.was_accepted else ""
    if state in FINISHED:
        error = {"code": record.error_code, "message": record.error, "hint": record.hint} if record.error else None
        accepted = now if record.was_accepted else ""
        changes: dict[str, Any] = {
            "error": error,
            "message": record.message,
            "posted_at": posted,
            "accepted_at": accepted,
        }
        return store.update(job, state=state, **changes)
    if not posted:
        return store.update(
            job, state=JobState.CANCELLED, message=Message("It was not yet sent when this file was saved")
        )
    for step in (JobState.CHECKING, JobState.SUBMITTING):
        job = store.update(job, state=step, posted_at=posted)
    if record.was_accepted:
        note = Message("Started on another computer: looking for its result")
        return store.update(job, state=JobState.REFINING, accepted_at=now, message=note)
    lost = AnswerLost("The request was sent from another computer; its answer is not known here.")
    return store.update(
        job, state=JobState.UNCERTAIN, error=lost.as_dict(), looks_left=actions.LOOKS, message=lost.message
    )


def _checked_spec(text: str) -> JobSpec:
    """What the record holds, without the file names of another machine. Raises for what makes no sense."""
    spec = JobSpec.from_dict(json.loads(text))
    code = parse_session_code(spec.session_code)
    return replace(
        spec,
        session_code=code,
        blend_file=bpy.data.filepath,
        output="",
        export_path="",
        run_id="",
        choices=replace(spec.choices, asset=with_library_folder(spec.choices.asset)),
    )


def _was_unfinished(record: CSM_PG_job) -> bool:
    return record.status not in {str(state) for state in FINISHED}


def _mark_damaged(record: CSM_PG_job) -> None:
    record.status = str(JobState.FAILED)
    record.error = record.message = Message("The data of this job in the file is damaged")
    record.hint = Message("Remove it and refine again: a session that is already refined costs nothing.")
