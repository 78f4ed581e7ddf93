# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person decides about a job, carried out in the store. Panels, command line and tests call the same."""

from __future__ import annotations

from dataclasses import replace

from .errors import RefineFailed
from .jobs import Job
from .models import FINISHED, JobState
from .store import Store

LOOKS = 3


def cancel(store: Store, job: Job) -> Job:
    """Stop the job. The worker that attends to it does so at its next step; one that nobody attends to stops now."""
    if job.state in FINISHED:
        return job
    if job.lease_owner or job.needs_worker:
        return store.request_cancel(job)
    return store.update(job, state=JobState.CANCELLED, message="Cancelled")


def retry(store: Store, job: Job) -> Job:
    """Go on with a failed or cancelled job without paying again.

    A job whose refine was accepted goes back to watching, which only reads. Any other starts over; should its request
    have gone out without an answer, that note stays, so the request is not repeated.
    """
    state = JobState.REFINING if job.accepted_at else JobState.QUEUED
    return store.update(
        job,
        state=state,
        error=None,
        cancel_requested=False,
        finished_at="",
        progress=0.0,
        watched_s=0.0,
        message="Retrying",
    )


def look_again(store: Store, job: Job) -> Job:
    """Ask the service a few more times whether the refine of an UNCERTAIN job has started. Only reads."""
    return store.update(job, looks_left=LOOKS, message="Looking again")


def send_again(store: Store, job: Job) -> Job:
    """Ask for the refine once more, as a new job, which may spend credits. The old one is kept as cancelled or failed.

    Where the service said that the earlier refine failed, the new job asks for a new one; where only the answer was
    lost, it first looks whether the refine has been done in the meantime.
    """
    failed = job.error is not None and job.error["code"] == RefineFailed.code
    if job.state not in FINISHED:
        store.update(job, state=JobState.CANCELLED, looks_left=0, message="Sent again as a new job")
    return store.add(replace(job.spec, again=job.spec.again or failed), job.base_url)


def place_again(store: Store, job: Job) -> Job:
    """Make a placed job READY once more, for a placement that was undone or never saved."""
    if job.state is JobState.PLACED:
        return store.update(job, state=JobState.READY, finished_at="", message="Ready to be placed again")
    return job
