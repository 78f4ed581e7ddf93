# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person decides about a job, as it is now: no state is a dead end, and no decision pays twice.

What the decisions mean for the refine request: test_paid_once.py and beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from job_states import LOCAL_URL, job_in, taken_to
from jobs_at_hand import spec

from csm_blender.core import errors
from csm_blender.core.jobs import actions
from csm_blender.core.jobs.job import Decision, Job
from csm_blender.core.jobs.states import JobState
from csm_blender.core.jobs.store import Store

S = JobState
Action = Callable[[Store, Job], Job]
CARRIED_OUT: dict[Decision, Action] = {
    Decision.CANCEL: actions.cancel,
    Decision.RETRY: actions.retry,
    Decision.LOOK_AGAIN: actions.look_again,
    Decision.SEND_AGAIN: actions.send_again,
    Decision.PLACE: actions.place_again,
}

BECOMES = {
    # (state, decision): the state of the job afterwards
    (S.QUEUED, Decision.CANCEL): S.CANCELLED,
    (S.CHECKING, Decision.CANCEL): S.CANCELLED,
    (S.SUBMITTING, Decision.CANCEL): S.CANCELLED,
    (S.REFINING, Decision.CANCEL): S.CANCELLED,
    (S.DOWNLOADING, Decision.CANCEL): S.CANCELLED,
    (S.CONVERTING, Decision.CANCEL): S.CANCELLED,
    (S.READY, Decision.CANCEL): S.CANCELLED,
    (S.UNCERTAIN, Decision.CANCEL): S.CANCELLED,
    (S.UNCERTAIN, Decision.LOOK_AGAIN): S.UNCERTAIN,
    (S.UNCERTAIN, Decision.SEND_AGAIN): S.CANCELLED,
    (S.READY, Decision.PLACE): S.READY,
    (S.PLACED, Decision.PLACE): S.DOWNLOADING,  # its refined.blend is not there
    (S.FAILED, Decision.RETRY): S.QUEUED,
    (S.CANCELLED, Decision.RETRY): S.QUEUED,
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path)
    yield opened
    opened.close()


@pytest.mark.parametrize(("state", "decision"), BECOMES, ids=str)
def test_a_decision_that_is_offered_is_carried_out(store: Store, state: JobState, decision: Decision) -> None:
    job = job_in(store, state)
    after = CARRIED_OUT[decision](store, job)
    if decision is Decision.SEND_AGAIN:
        assert (after.job_id != job.job_id, after.state, after.spec) == (True, S.QUEUED, job.spec)
        after = store.get(job.job_id) or after
    assert after.state is BECOMES[state, decision]
    assert not after.cancel_pending
    if decision is Decision.LOOK_AGAIN:
        assert after.looks_left > 0


@pytest.mark.parametrize("action", [*CARRIED_OUT.values()], ids=lambda action: action.__name__)
@pytest.mark.parametrize("state", JobState, ids=str)
def test_a_decision_that_makes_no_sense_changes_nothing(store: Store, state: JobState, action: Action) -> None:
    """Someone else was faster: the job is not any more what was shown."""
    sensible = {
        actions.cancel: set(JobState) - {S.PLACED, S.FAILED, S.CANCELLED},
        actions.retry: {S.FAILED, S.CANCELLED},
        actions.look_again: {S.UNCERTAIN},
        actions.send_again: set(JobState),
        actions.place_again: {S.PLACED},
    }[action]
    shown = store.add(spec("SESSION_1"), LOCAL_URL)
    job = taken_to(store, shown, state)
    action(store, shown)
    after = store.get(job.job_id)
    assert after is not None
    if state not in sensible:
        assert after == job
    store.remove(after)
    with pytest.raises(errors.JobGone):
        action(store, shown)


RETRIES = [
    # sent, accepted, error, files: goes on in
    (False, False, "no_credits", "", S.QUEUED),
    (False, False, "unreachable", "", S.QUEUED),
    (True, False, "answer_lost", "", S.UNCERTAIN),
    (True, True, "deadline_passed", "", S.REFINING),
    (False, True, "deadline_passed", "", S.REFINING),  # it shared the refine of another job
    (True, True, "bad_mesh", "mesh", S.REFINING),
    (True, True, "conversion_failed", "mesh", S.CONVERTING),
    (True, True, "conversion_failed", "", S.REFINING),
    (True, True, "", "", S.REFINING),
]


@pytest.mark.parametrize(("sent", "accepted", "code", "files", "state"), RETRIES)
def test_retry_goes_on_where_it_costs_nothing(
    store: Store, sent: bool, accepted: bool, code: str, files: str, state: JobState
) -> None:
    error = {"code": code, "message": "m", "hint": "h"} if code else None
    times = {"posted_at": "2030" if sent else "", "accepted_at": "2030" if accepted else ""}
    job = job_in(store, S.FAILED, error=error, watched_s=9.0, **times)
    if files:
        store.folder(job.job_id).mkdir()
        (store.folder(job.job_id) / "delivered.mesh").write_bytes(b"mesh")
    after = actions.retry(store, job)
    assert after.state is state
    assert after.needs_worker
    assert (after.finished_at, after.progress, after.watched_s, after.cancel_requested) == ("", 0.0, 0.0, False)
    assert bool(after.error) == (state is S.UNCERTAIN), "what is not known is still told"


def test_cancel_is_asked_for_where_a_worker_attends_and_carried_out_where_none_does(store: Store) -> None:
    job = job_in(store, S.REFINING)
    assert store.claim(job.job_id, "worker", 60.0)
    asked = actions.cancel(store, job)
    assert (asked.state, asked.cancel_pending) == (S.REFINING, True)
    store.release("worker")
    assert actions.cancel(store, asked).state is S.CANCELLED


def test_sending_again_after_a_failed_refine_asks_for_a_new_one(store: Store) -> None:
    failed = job_in(store, S.FAILED, error={"code": "refine_failed", "message": "m", "hint": "h"})
    again = actions.send_again(store, failed)
    assert again.spec.choices.again
    assert store.get(failed.job_id) == failed, "kept as it ended"
    lost = job_in(store, S.UNCERTAIN, error={"code": "answer_lost", "message": "m", "hint": "h"})
    assert not actions.send_again(store, lost).spec.choices.again, "the first may have been accepted: it looks"


def test_a_placed_job_whose_mesh_is_still_there_is_placed_from_it(store: Store) -> None:
    job = job_in(store, S.PLACED)
    store.folder(job.job_id).mkdir()
    (store.folder(job.job_id) / "refined.blend").write_bytes(b"blend")
    assert actions.place_again(store, job).state is S.READY


def test_nothing_is_sent_again_while_the_request_is_under_way(store: Store) -> None:
    job = job_in(store, JobState.SUBMITTING)
    assert actions.send_again(store, job).job_id == job.job_id
    assert [each.state for each in store.jobs()] == [JobState.SUBMITTING]
