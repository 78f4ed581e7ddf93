# SPDX-License-Identifier: GPL-3.0-or-later
"""No state is a dead end: a worker or a person always has a next step, and every step is a move the store allows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from jobs_at_hand import spec

from csm_blender.core import errors
from csm_blender.core.jobs import actions
from csm_blender.core.jobs.job import Decision, decisions
from csm_blender.core.jobs.store import IllegalMove, LeaseLost, SentBefore, Store
from csm_blender.core.models import ACTIVE, FINISHED, TRANSITIONS, JobState, may_move

URL = "http://127.0.0.1:9"
WAYS = {
    JobState.QUEUED: [],
    JobState.CHECKING: [JobState.CHECKING],
    JobState.SUBMITTING: [JobState.CHECKING, JobState.SUBMITTING],
    JobState.REFINING: [JobState.CHECKING, JobState.REFINING],
    JobState.DOWNLOADING: [JobState.CHECKING, JobState.DOWNLOADING],
    JobState.CONVERTING: [JobState.CHECKING, JobState.DOWNLOADING, JobState.CONVERTING],
    JobState.READY: [JobState.CHECKING, JobState.DOWNLOADING, JobState.CONVERTING, JobState.READY],
    JobState.PLACED: [
        JobState.CHECKING, JobState.DOWNLOADING, JobState.CONVERTING, JobState.READY, JobState.PLACED,
    ],
    JobState.FAILED: [JobState.FAILED],
    JobState.CANCELLED: [JobState.CANCELLED],
    JobState.UNCERTAIN: [JobState.CHECKING, JobState.SUBMITTING, JobState.UNCERTAIN],
}  # fmt: skip
ERRORS = [
    kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.CsmError)
]  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def job_in(store: Store, state: JobState, **changes: Any) -> Any:
    job = store.add(spec("SESSION_1"), URL)
    for step in WAYS[state]:
        job = store.update(job, state=step)
    return store.update(job, **changes) if changes else job


@pytest.mark.parametrize("state", list(JobState))
def test_every_state_has_a_worker_or_a_decision(store: Store, state: JobState) -> None:
    job = job_in(store, state)
    assert job.needs_worker or decisions(job)
    assert TRANSITIONS[state]


@pytest.mark.parametrize("state", list(JobState))
@pytest.mark.parametrize("posted", [False, True])
@pytest.mark.parametrize("accepted", [False, True])
def test_every_decision_that_is_offered_can_be_carried_out(
    store: Store, state: JobState, posted: bool, accepted: bool
) -> None:
    carry_out = {
        Decision.CANCEL: actions.cancel,
        Decision.RETRY: actions.retry,
        Decision.LOOK_AGAIN: actions.look_again,
        Decision.SEND_AGAIN: actions.send_again,
        Decision.PLACE: actions.place_again,
    }
    times = {"posted_at": "2026-01-01" if posted else "", "accepted_at": "2026-01-01" if accepted else ""}
    for decision in decisions(job_in(store, state)) - {Decision.REMOVE}:
        job = job_in(store, state, **times)
        after = carry_out[decision](store, job)
        assert after.needs_worker or decisions(after)
        if decision in (Decision.RETRY, Decision.LOOK_AGAIN):
            assert after.needs_worker
            assert after.state is not JobState.QUEUED or not (posted or accepted), "it would ask again"


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_a_job_that_failed_for_any_reason_can_go_on(store: Store, kind: type[errors.CsmError]) -> None:
    job = job_in(store, JobState.FAILED, error={"code": kind.code, "message": "m", "hint": "h"})
    offered = decisions(job)
    assert offered & {Decision.RETRY, Decision.SEND_AGAIN}
    assert Decision.REMOVE in offered


@pytest.mark.parametrize("action", [actions.cancel, actions.retry, actions.look_again, actions.place_again])
@pytest.mark.parametrize("state", list(JobState))
def test_a_decision_about_a_job_that_has_moved_on_does_no_harm(store: Store, action: Any, state: JobState) -> None:
    shown = store.add(spec("SESSION_1"), URL)
    job = shown
    for step in WAYS[state]:
        job = store.update(job, state=step)
    action(store, shown)  # with what was on the screen
    store.remove(job)
    with pytest.raises(errors.JobGone):
        action(store, shown)


def test_cancel_is_at_once_where_nobody_attends_and_asked_for_where_somebody_does(store: Store) -> None:
    job = job_in(store, JobState.REFINING)
    assert actions.cancel(store, job).state is JobState.CANCELLED
    job = job_in(store, JobState.REFINING)
    store.claim(job.job_id, "worker", 60.0)
    asked = actions.cancel(store, store.get(job.job_id))
    assert asked.state is JobState.REFINING
    assert asked.cancel_pending


def test_moves_that_are_not_known_are_refused(store: Store) -> None:
    for old in JobState:
        for new in JobState:
            job = job_in(store, old)
            if may_move(old, new):
                assert store.update(job, state=new).state is new
            else:
                with pytest.raises(IllegalMove):
                    store.update(job, state=new)


def test_the_request_goes_out_once(store: Store) -> None:
    job = job_in(store, JobState.SUBMITTING)
    with pytest.raises(LeaseLost):
        store.begin_post(job, "me")
    store.claim(job.job_id, "me", 60.0)
    assert store.begin_post(job, "me") is None
    with pytest.raises(SentBefore):
        store.begin_post(job, "me")
    current = store.get(job.job_id)
    assert current is not None
    store.unbegin_post(current, "me")
    assert store.begin_post(job, "me") is None
    early = job_in(store, JobState.CHECKING)
    store.claim(early.job_id, "me", 60.0)
    with pytest.raises(IllegalMove):
        store.begin_post(early, "me")


def test_changes_are_seen_in_order_and_only_once(store: Store, tmp_path: Path) -> None:
    other = Store(tmp_path)
    seen = other.data_version()
    first, second = store.add(spec("SESSION_1"), URL), store.add(spec("SESSION_2"), URL)
    assert other.data_version() != seen
    revision = other.revision()
    store.update(first, state=JobState.CHECKING, message="Looking")
    changed = other.changed_since(revision)
    assert [job.job_id for job in changed] == [first.job_id]
    assert other.changed_since(changed[-1].revision) == []
    assert [state for _, state, _ in other.events(first.job_id)] == ["QUEUED", "CHECKING"]
    assert other.get(second.job_id) == second


def test_errors_have_codes_and_hints() -> None:
    inner = {errors.CsmError, errors.ServiceError, errors.TransientError, errors.JobError, errors.StorageError}
    bare = {errors.UsageError, errors.KeyProblem, errors.BadValue, errors.StoreTrouble}
    for kind in ERRORS:
        assert re.fullmatch("[a-z_]+", kind.code)
        assert kind.default_hint or kind in inner | bare, kind
    assert ACTIVE.isdisjoint(FINISHED)
