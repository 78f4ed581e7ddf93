# SPDX-License-Identifier: GPL-3.0-or-later
"""Who has something to do for a job, in each state: a worker, a person, or both. There is no dead button."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from job_states import job_in

from csm_blender.core import errors
from csm_blender.core.jobs.job import Decision, decisions
from csm_blender.core.jobs.states import JobState
from csm_blender.core.jobs.store import Store

S, D = JobState, Decision
OFFERED = {
    S.QUEUED: {D.CANCEL},
    S.CHECKING: {D.CANCEL},
    S.SUBMITTING: {D.CANCEL},
    S.REFINING: {D.CANCEL},
    S.DOWNLOADING: {D.CANCEL},
    S.CONVERTING: {D.CANCEL},
    S.READY: {D.PLACE, D.CANCEL},
    S.PLACED: {D.PLACE, D.REMOVE},
    S.FAILED: {D.RETRY, D.REMOVE},
    S.CANCELLED: {D.RETRY, D.REMOVE},
    S.UNCERTAIN: {D.LOOK_AGAIN, D.SEND_AGAIN, D.CANCEL},
}
FOR_A_WORKER = {S.QUEUED, S.CHECKING, S.SUBMITTING, S.REFINING, S.DOWNLOADING, S.CONVERTING}
ENDED = {S.PLACED, S.FAILED, S.CANCELLED}
NEEDS_A_NEW_REQUEST = {"refine_failed", "session_failed"}
EVERY_ERROR = [
    kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.CsmError)
]  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path)
    yield opened
    opened.close()


@pytest.mark.parametrize("state", JobState, ids=str)
def test_what_is_offered_in_each_state(store: Store, state: JobState) -> None:
    job = job_in(store, state)
    assert decisions(job) == OFFERED[state]
    assert job.needs_worker == (state in FOR_A_WORKER)


def test_an_uncertain_job_needs_a_worker_while_looks_are_left(store: Store) -> None:
    assert job_in(store, S.UNCERTAIN, looks_left=1).needs_worker
    assert not job_in(store, S.UNCERTAIN, looks_left=0).needs_worker


@pytest.mark.parametrize("state", JobState, ids=str)
def test_a_cancel_that_was_asked_for_is_for_a_worker_unless_the_job_has_ended(store: Store, state: JobState) -> None:
    job = job_in(store, state, cancel_requested=True)
    assert job.cancel_pending == (state not in ENDED)
    assert job.needs_worker == (state not in ENDED)


@pytest.mark.parametrize("kind", EVERY_ERROR, ids=lambda kind: kind.__name__)
def test_a_job_that_failed_for_any_reason_can_go_on(store: Store, kind: type[errors.CsmError]) -> None:
    job = job_in(store, S.FAILED, error={"code": kind.code, "message": "m", "hint": "h"})
    assert decisions(job) == {D.SEND_AGAIN if kind.code in NEEDS_A_NEW_REQUEST else D.RETRY, D.REMOVE}
