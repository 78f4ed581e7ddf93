# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs in any state, brought there by allowed changes."""

from __future__ import annotations

from typing import Any

from jobs_at_hand import spec

from csm_blender.core.jobs.job import Job
from csm_blender.core.jobs.states import JobState as S
from csm_blender.core.jobs.store import Store

LOCAL_URL = "http://127.0.0.1:9"
WAY_TO = {
    S.QUEUED: (),
    S.CHECKING: (S.CHECKING,),
    S.SUBMITTING: (S.CHECKING, S.SUBMITTING),
    S.UNCERTAIN: (S.CHECKING, S.SUBMITTING, S.UNCERTAIN),
    S.REFINING: (S.CHECKING, S.REFINING),
    S.DOWNLOADING: (S.CHECKING, S.DOWNLOADING),
    S.CONVERTING: (S.CHECKING, S.DOWNLOADING, S.CONVERTING),
    S.READY: (S.CHECKING, S.DOWNLOADING, S.CONVERTING, S.READY),
    S.PLACED: (S.CHECKING, S.DOWNLOADING, S.CONVERTING, S.READY, S.PLACED),
    S.FAILED: (S.FAILED,),
    S.CANCELLED: (S.CANCELLED,),
}
"""The states on the way to each state, itself included, from QUEUED on."""


def taken_to(store: Store, job: Job, state: S, **changes: Any) -> Job:
    """A QUEUED *job* brought into *state*."""
    for step in WAY_TO[state]:
        job = store.update(job, state=step)
    return store.update(job, **changes) if changes else job


def job_in(store: Store, state: S, code: str = "SESSION_1", **changes: Any) -> Job:
    """A new job in *state*."""
    return taken_to(store, store.add(spec(code), LOCAL_URL), state, **changes)
