# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs that want the same session: whose request holds back whom, and which refined mesh is whose.

From docs/job-store.md, "When the refine request may go out".
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from jobs_at_hand import spec

from csm_blender.core.api.session import Baseline, Session
from csm_blender.core.jobs.job import Job
from csm_blender.core.jobs.shared_refine import blocking_job, refined_before
from csm_blender.core.jobs.states import JobState
from csm_blender.core.models import Choices

S = JobState
EARLIER, CREATED, LATER = "2030-01-01T00:00", "2030-01-02T00:00", "2030-01-03T00:00"
MINE = Job("mine", 1, S.SUBMITTING, spec("SESSION_1"), "http://127.0.0.1:9", created_at=CREATED)
OTHER = replace(MINE, job_id="other", created_at=EARLIER)

HOLDS_BACK_WITHOUT_AN_ANSWER = {S.SUBMITTING, S.UNCERTAIN}
"""A request that went out and was not answered holds others back; not one that a person has decided about."""

HOLDS_BACK_WHEN_ACCEPTED_EARLIER = {S.REFINING}
"""A refine from before this job holds it back while it runs; later the session itself tells."""


@pytest.mark.parametrize("state", JobState, ids=str)
def test_whose_request_holds_others_back(state: JobState) -> None:
    untouched = replace(OTHER, state=state)
    assert blocking_job(MINE, [untouched]) is None, "nothing was sent"
    sent = replace(untouched, posted_at=EARLIER)
    assert (blocking_job(MINE, [sent]) is sent) == (state in HOLDS_BACK_WITHOUT_AN_ANSWER)
    before = replace(sent, accepted_at=EARLIER)
    assert (blocking_job(MINE, [before]) is before) == (state in HOLDS_BACK_WHEN_ACCEPTED_EARLIER)
    after = replace(sent, accepted_at=LATER)
    assert blocking_job(MINE, [after]) is after, "accepted after this job was made: it is this job's as well"


@pytest.mark.parametrize("state", JobState, ids=str)
def test_a_refine_that_failed_holds_nobody_back(state: JobState) -> None:
    error = {"code": "refine_failed", "message": "m", "hint": "h"}
    assert blocking_job(MINE, [replace(OTHER, state=state, posted_at=EARLIER, accepted_at=LATER, error=error)]) is None


def test_the_first_of_several_counts() -> None:
    free, first = replace(OTHER, state=S.FAILED), replace(OTHER, state=S.UNCERTAIN, posted_at=EARLIER)
    second = replace(OTHER, state=S.REFINING, posted_at=EARLIER, accepted_at=EARLIER)
    assert blocking_job(MINE, [free, first, second]) is first
    assert blocking_job(MINE, []) is None


def session(**data: str) -> Session:
    return Session.from_data({"session_code": "SESSION_1", **data})


OLD = session(session_status="complete", updated_at="1", mesh_url_glb="https://s/preview.glb")
NEW = session(session_status="complete", updated_at="2", mesh_url_glb="https://s/refined.glb")


def test_a_session_that_says_complete_before_and_after_is_told_by_an_earlier_job() -> None:
    paid = replace(OTHER, state=S.PLACED, posted_at=EARLIER, accepted_at=EARLIER, baseline=Baseline.of(OLD))
    assert refined_before(MINE, NEW, [paid]) is paid
    assert refined_before(MINE, OLD, [paid]) is None, "nothing has changed since"
    assert refined_before(MINE, NEW, [replace(paid, posted_at="")]) is None, "it has not asked for it"
    assert refined_before(MINE, NEW, [replace(paid, baseline=None)]) is None
    assert refined_before(replace(MINE, spec=spec("SESSION_1", choices=Choices(again=True))), NEW, [paid]) is None
