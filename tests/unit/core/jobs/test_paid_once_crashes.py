# SPDX-License-Identifier: GPL-3.0-or-later
"""A refine is paid for at most once: a worker dies in the place where it hurts most, and another one goes on.

A crash is an exception that nothing catches; what then goes on is another worker with a connection of its own. See
tests/support/paid_once.py for the table. Real processes are killed in tests/reliability/test_killed.py.
"""

from __future__ import annotations

from typing import Any

import pytest
from paid_once import ANSWERS, NEXT, Known, Place, asked, check_what_follows

from csm_blender.core.jobs.job import Job
from csm_blender.core.jobs.states import JobState
from csm_blender.core.jobs.store import Store


class Crash(BaseException):
    """The worker dies here: nothing in the program catches this."""


class DiesBeforeTheMark(Store):
    def begin_post(self, job: Job, owner: str) -> Job | None:
        raise Crash


class DiesAfterTheMark(Store):
    def begin_post(self, job: Job, owner: str) -> Job | None:
        super().begin_post(job, owner)
        raise Crash


class DiesWithTheAnswerInHand(Store):
    """After the request and its answer, whatever that was, and before any of it was recorded."""

    def update(self, job: Job, *, owner: str | None = None, **changes: Any) -> Job:
        if self.get(job.job_id).posted_at:  # type: ignore[union-attr]  # it is there
            raise Crash
        return super().update(job, owner=owner, **changes)


class DiesAfterAcceptanceWasRecorded(Store):
    def update(self, job: Job, *, owner: str | None = None, **changes: Any) -> Job:
        job = super().update(job, owner=owner, **changes)
        if changes.get("accepted_at"):
            raise Crash
        return job


class DiesAfterTheLossWasRecorded(Store):
    def update(self, job: Job, *, owner: str | None = None, **changes: Any) -> Job:
        job = super().update(job, owner=owner, **changes)
        if changes.get("state") is JobState.UNCERTAIN:
            raise Crash
        return job


CRASHES: dict[str, tuple[type[Store], str, Known]] = {
    # where the worker dies: what the service answers, what can be known afterwards
    "before the mark": (DiesBeforeTheMark, "accepted", Known.NEVER_LEFT),
    "after the mark, before sending": (DiesAfterTheMark, "accepted", Known.LOST),
    "after sending, acceptance not recorded": (DiesWithTheAnswerInHand, "accepted", Known.LOST_BUT_STARTED),
    "after sending, refusal not recorded": (DiesWithTheAnswerInHand, "402", Known.LOST),
    "after sending, 500 not recorded": (DiesWithTheAnswerInHand, "500", Known.LOST),
    "after the loss was recorded": (DiesAfterTheLossWasRecorded, "500", Known.LOST),
    "after acceptance was recorded": (DiesAfterAcceptanceWasRecorded, "accepted", Known.ACCEPTED),
}


@pytest.mark.parametrize("then", [then for then in NEXT if then != "the worker goes on"])
@pytest.mark.parametrize("crash", CRASHES)
def test_after_a_crash(place: Place, crash: str, then: str) -> None:
    kind, said, known = CRASHES[crash]
    worker = place.worker("first")
    job = asked(place, worker, ANSWERS[said][1](place.service))
    checked = worker.memory
    worker.end()
    worker.reopen(kind)
    worker.memory[job.job_id].checked = checked[job.job_id].checked
    with pytest.raises(Crash):
        worker.pipeline.advance(job.job_id)
    worker.end()
    worker.reopen(Store)  # for the test to look with
    assert place.service.posts == (0 if crash in ("before the mark", "after the mark, before sending") else 1)
    check_what_follows(place, worker, job, then, known)
