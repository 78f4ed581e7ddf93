# SPDX-License-Identifier: GPL-3.0-or-later
"""A refine is paid for at most once: in which states a request may go out, and the mark that precedes it."""

from __future__ import annotations

import contextlib
from enum import Enum
from typing import Any

import pytest
from fault_proxy import Exchange
from job_states import taken_to
from paid_once import Place, asked

from csm_blender.core.jobs import actions
from csm_blender.core.jobs.job_records import IllegalMove, LeaseLost, SentBefore
from csm_blender.core.jobs.states import JobState
from csm_blender.core.jobs.store import Store


class Mark(Enum):
    """What the record says about this job's request."""

    NONE = "no request"
    POSTED = "sent, no answer"
    ACCEPTED = "accepted"


S = JobState
SENDS_BY_ITSELF = {(S.QUEUED, Mark.NONE), (S.CHECKING, Mark.NONE), (S.SUBMITTING, Mark.NONE)}
SENDS_AFTER_RETRY = SENDS_BY_ITSELF | {(S.FAILED, Mark.NONE), (S.CANCELLED, Mark.NONE)}
SENDS_AFTER_CANCEL_AND_RETRY = SENDS_AFTER_RETRY | {
    # Cancelled while nothing was known to be with the service: it starts over, and looks at the session first.
    (S.UNCERTAIN, Mark.NONE), (S.REFINING, Mark.NONE), (S.DOWNLOADING, Mark.NONE), (S.CONVERTING, Mark.NONE),
    (S.READY, Mark.NONE),
}  # fmt: skip
"""Where a request may go out, if the session shows that nobody has asked for a refine.

Nowhere else, and not otherwise.
"""


@pytest.mark.parametrize(
    ("happens", "table"),
    [
        ((), SENDS_BY_ITSELF),
        ((actions.retry,), SENDS_AFTER_RETRY),
        ((actions.look_again,), SENDS_BY_ITSELF),
        ((actions.cancel,), set()),
        ((actions.cancel, actions.retry), SENDS_AFTER_CANCEL_AND_RETRY),
        ((actions.place_again,), SENDS_BY_ITSELF),
    ],
    ids=["worker alone", "retry", "look again", "cancel", "cancel and retry", "place again"],
)
@pytest.mark.parametrize("mark", Mark, ids=lambda mark: mark.value)
@pytest.mark.parametrize("state", JobState, ids=str)
def test_in_every_state(place: Place, state: JobState, mark: Mark, happens: Any, table: Any) -> None:
    worker = place.worker("first")
    job = taken_to(worker.store, place.add(), state)
    times = {
        Mark.NONE: {},
        Mark.POSTED: {"posted_at": "2030-01-01"},
        Mark.ACCEPTED: {"posted_at": "2030-01-01", "accepted_at": "2030-01-02"},
    }
    worker.store.update(job, **times[mark])
    for decide in happens:
        decide(worker.store, place.job(job))
    worker.drive()
    for _ in range(3):  # what comes after the answer reads only
        worker.pipeline.advance(job.job_id)
    assert place.service.posts == ((state, mark) in table)


@pytest.mark.parametrize("shown", ["training_refine", "refine_done", "preview_failed", "training_preview"])
@pytest.mark.parametrize("state", [S.QUEUED, S.CHECKING, S.SUBMITTING, S.FAILED, S.CANCELLED], ids=str)
def test_nothing_is_sent_where_the_session_cannot_or_need_not_be_refined(
    place: Place, state: JobState, shown: str
) -> None:
    worker = place.worker("first")
    place.service.shown = shown
    job = taken_to(worker.store, place.add(), state)
    actions.retry(worker.store, job)
    worker.drive()
    assert place.service.posts == 0


def test_a_refined_session_is_refined_anew_only_where_that_was_asked_for(place: Place) -> None:
    worker = place.worker("first")
    place.service.shown = "refine_done"
    place.add()
    worker.drive()
    assert place.service.posts == 0
    place.add(again=True)
    worker.drive()
    assert place.service.posts == 1


# --- the mark itself
def test_the_mark_is_made_once_by_the_holder_of_the_lease_and_in_submitting_only(place: Place) -> None:
    store = place.worker("first").store
    job = place.add()
    for state in (S.CHECKING, S.SUBMITTING):
        job = store.update(job, state=state)
    with pytest.raises(LeaseLost):
        store.begin_post(job, "first")
    assert store.claim(job.job_id, "first", 60.0)
    with pytest.raises(LeaseLost):
        store.begin_post(job, "second")
    assert store.begin_post(job, "first") is None
    with pytest.raises(SentBefore):
        store.begin_post(job, "first")
    store.unbegin_post(place.job(job), "first")
    assert place.job(job).posts == 0
    assert store.begin_post(job, "first") is None
    for state in set(JobState) - {S.SUBMITTING}:
        early = taken_to(store, place.add(), state)
        assert store.claim(early.job_id, "first", 60.0)
        with pytest.raises(IllegalMove):
            store.begin_post(early, "first")
        assert place.job(early).posted_at == ""


def test_the_mark_is_there_before_the_first_byte(place: Place) -> None:
    """Seen by another connection while the service holds the request."""
    worker = place.worker("first")
    marks = []

    def look(exchange: Exchange) -> None:
        with contextlib.closing(Store(place.home)) as other:
            marks.append([job.posted_at for job in other.jobs()])
        place.service.accept(exchange)

    job = asked(place, worker, look)
    worker.pipeline.advance(job.job_id)
    assert marks == [[place.job(job).posted_at]]
    assert marks[0][0]
