# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person decides about a job, carried out in the store. Panels, command line and tests call the same.

A job may have moved on since it was shown. Each decision is therefore made about the job as it is now; where it makes
no sense any more it changes nothing and gives the job as it is. Raises :class:`.errors.JobGone` for a removed job.
"""

from __future__ import annotations

import functools
import shutil
import uuid
from collections.abc import Callable
from dataclasses import replace

from ..errors import (
    BadMesh,
    ConversionFailed,
    JobGone,
    NoBlender,
    NotEnoughMemory,
    PlacementFailed,
    RefineFailed,
    UsageError,
)
from ..messages import Message
from ..models import Choices
from ..processes.converter_pool import BLEND_NAME, MESH_NAME
from .job import Job
from .job_records import IllegalMove, JobRecords, LeaseLost
from .states import FINISHED, JobState
from .store import Store, is_leased

LOOKS = 3
TRIES = 5


def _on_current_job(decide: Callable[[JobRecords, Job], Job]) -> Callable[[JobRecords, Job], Job]:
    """Give *decide* the job as it is now, again when a worker moves it in between."""

    @functools.wraps(decide)
    def decided(store: JobRecords, job: Job) -> Job:
        for _ in range(TRIES):
            try:
                return decide(store, _current(store, job))
            except IllegalMove:
                continue
            except LeaseLost as error:
                raise JobGone("The job was removed in the meantime.") from error
        return _current(store, job)

    return decided


@_on_current_job
def cancel(store: JobRecords, job: Job) -> Job:
    """Stop the job. A worker that holds its lease does so at its next step; without one it stops now."""
    if job.state in FINISHED:
        return job
    if is_leased(job) and job.needs_worker:
        return store.update(job, cancel_requested=True)
    return store.update(job, state=JobState.CANCELLED, cancel_requested=False, message=Message("Cancelled"))


@_on_current_job
def retry(store: JobRecords, job: Job) -> Job:
    """Go on with a failed or cancelled job without paying again.

    It goes on where it can: a converted mesh is placed again, a delivered one converted again. A job whose refine was
    accepted goes back to watching, which only reads. One whose request went out without an answer goes back to checking
    whether it has started. Any other starts over; so does one whose file was no mesh, in case it was mended meanwhile.
    """
    if job.state not in (JobState.FAILED, JobState.CANCELLED):
        return job
    state = _state_to_go_on_in(store, job)
    uncertain = state is JobState.UNCERTAIN
    return store.update(
        job,
        state=state,
        error=job.error if uncertain else None,
        looks_left=LOOKS if uncertain else 0,
        cancel_requested=False,
        finished_at="",
        progress=0.0,
        watched_s=0.0,
        message=Message("Ready to be placed" if state is JobState.READY else "Retrying"),
    )


@_on_current_job
def look_again(store: JobRecords, job: Job) -> Job:
    """Ask the service a few more times whether the refine of an UNCERTAIN job has started. Only reads."""
    if job.state is not JobState.UNCERTAIN:
        return job
    return store.update(job, looks_left=LOOKS, message=Message("Checking again"))


def send_again(store: Store, job: Job) -> Job:
    """Request the refine once more, as a new job, which may spend credits. The old one is kept as cancelled or failed.

    Where the service said that the earlier refine failed, the new job asks for a new one; where only the answer was
    lost, it first checks whether the refine has been done in the meantime.
    """
    current = _current(store, job)
    if not current.spec.may_be_paid:
        return convert_again(store, current, current.spec.choices)
    if current.state is JobState.SUBMITTING:
        return current  # its request is in progress: a second one now could be paid for as well
    failed = current.error is not None and current.error["code"] == RefineFailed.code
    _end_for_new_job(store, current)
    choices = replace(current.spec.choices, again=current.spec.choices.again or failed)
    return store.add(replace(current.spec, choices=choices), current.base_url)


@_on_current_job
def _end_for_new_job(store: JobRecords, job: Job) -> Job:
    if job.state in FINISHED:
        return job
    return store.update(job, state=JobState.CANCELLED, looks_left=0, message=Message("Sent again as a new job"))


@_on_current_job
def place_again(store: JobRecords, job: Job) -> Job:
    """Make a placed job READY once more, for a placement that was undone or never saved.

    Should the converted mesh have been cleaned away, it is brought and converted again, which costs nothing.
    """
    if job.state is not JobState.PLACED:
        return job
    if (store.folder(job.job_id) / BLEND_NAME).exists():
        return store.update(job, state=JobState.READY, finished_at="", message=Message("Ready to be placed again"))
    return bring_again(store, job)


def bring_again(store: JobRecords, job: Job) -> Job:
    """Make the converted mesh of a READY or PLACED job once more, since it is gone. Nothing is paid."""
    if job.spec.needs_service:
        note = Message("The converted mesh is missing: downloading it again, no credits are spent")
        return store.update(job, state=JobState.DOWNLOADING, finished_at="", progress=0.0, message=note)
    note = Message("The converted mesh is missing: making it again")
    return store.update(job, state=JobState.CONVERTING, finished_at="", progress=0.0, message=note)


def convert_again(store: Store, job: Job, choices: Choices) -> Job:
    """A new job for the same mesh with other *choices*: another budget, another facing. Nothing is fetched or paid.

    The delivered mesh is taken from the old job's folder where it is still there. The old job stays as it is. Raises
    :class:`UsageError` for a job that the service refined: its refine is asked for with :func:`send_again`.
    """
    current = _current(store, job)
    if current.spec.may_be_paid:
        raise UsageError("The service refined {name}.", "Use Refine Again.", name=repr(current.spec.source.label))
    spec = replace(current.spec, choices=replace(choices, engine=current.spec.source.checked_engine(choices.engine)))
    job_id = uuid.uuid4().hex
    mesh = store.folder(current.job_id) / MESH_NAME
    if mesh.exists():
        store.folder(job_id).mkdir(parents=True)
        shutil.copyfile(mesh, store.folder(job_id) / MESH_NAME)
    new = store.add(spec, current.base_url, job_id)
    if not mesh.exists():
        return new
    note = Message("Waiting for the converter")
    return store.update(new, state=JobState.CONVERTING, glb_sha256=current.glb_sha256, message=note)


def _state_to_go_on_in(store: JobRecords, job: Job) -> JobState:
    folder = store.folder(job.job_id)
    code = job.error["code"] if job.error else ""
    if job.result and code in ("", PlacementFailed.code) and (folder / BLEND_NAME).exists():
        return JobState.READY
    is_kept = code in (ConversionFailed.code, NotEnoughMemory.code, NoBlender.code) or (
        not job.spec.may_be_paid and code != BadMesh.code and job.glb_sha256
    )
    if is_kept and (folder / MESH_NAME).exists():
        return JobState.CONVERTING
    if job.accepted_at:
        return JobState.REFINING
    return JobState.UNCERTAIN if job.posted_at else JobState.QUEUED


def _current(store: JobRecords, job: Job) -> Job:
    fresh = store.get(job.job_id)
    if fresh is None:
        raise JobGone("The job was removed in the meantime.")
    return fresh
