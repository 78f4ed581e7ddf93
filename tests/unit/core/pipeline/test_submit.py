# SPDX-License-Identifier: GPL-3.0-or-later
"""From QUEUED to the answer of the refine request. Whether a request may go out at all: jobs/test_paid_once.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fault_proxy import Exchange
from small_service import Bench, bench

from csm_blender.core.jobs.states import JobState
from csm_blender.core.pipeline.submit import LOOKS_AFTER_LOST_ANSWER

S = JobState


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path) as made:
        yield made


LOOKED_AT = [
    # what the session shows: the state after the look, and the error
    ({"status": "preview_done"}, S.SUBMITTING, ""),
    ({"session_status": "complete"}, S.SUBMITTING, ""),
    ({"status": "training_refine"}, S.REFINING, ""),
    ({"session_status": "in_progress", "mesh_url_glb": "u"}, S.REFINING, ""),
    ({"status": "refine_done"}, S.DOWNLOADING, ""),
    ({"status": "uploaded"}, S.FAILED, "session_not_ready"),
    ({"status": "training_preview"}, S.FAILED, "session_not_ready"),
    ({"status": "preview_failed"}, S.FAILED, "session_failed"),
    ({"status": "refine_failed"}, S.FAILED, "session_failed"),
    ({"session_status": "failed"}, S.FAILED, "session_failed"),
]


@pytest.mark.parametrize(("shown", "state", "code"), LOOKED_AT)
def test_what_a_look_at_the_session_leads_to(at: Bench, shown: dict[str, Any], state: JobState, code: str) -> None:
    at.service.shown = shown
    job = at.step(at.step(at.job()))
    assert job.state is state
    assert (job.error["code"] if job.error else "") == code
    assert job.posts == 0
    if state is not S.FAILED:
        assert job.gets == 1
        assert job.baseline is not None
        assert (job.baseline.status, job.baseline.session_status) == (
            shown.get("status", ""),
            shown.get("session_status", ""),
        )
    assert bool(job.accepted_at) == (state is S.REFINING)
    assert at.service.count("submit") == 0


def test_an_accepted_request_is_watched_from_then_on(at: Bench) -> None:
    job = at.steps(at.job(), S.REFINING)
    assert (job.posts, bool(job.posted_at), bool(job.accepted_at), job.watched_s) == (1, True, True, 0.0)
    assert [state for _, state, _ in at.store.events(job.job_id)] == ["QUEUED", "CHECKING", "SUBMITTING", "REFINING"]


def test_a_lost_answer_resolves_itself_when_the_session_shows_the_refine(at: Bench) -> None:
    at.service.faults = {"submit": Exchange.reset}
    job = at.steps(at.job(), S.UNCERTAIN)
    assert job.error is not None
    assert job.error["code"] == "answer_lost"
    job = at.step(job)
    assert (job.state, job.looks_left) == (S.UNCERTAIN, LOOKS_AFTER_LOST_ANSWER - 1)
    at.service.shown = {"status": "training_refine"}
    job = at.step(job)
    assert (job.state, job.error, job.seen_running, bool(job.accepted_at)) == (S.REFINING, None, True, True)


def test_a_lost_answer_that_stays_lost_waits_for_a_person(at: Bench) -> None:
    at.service.faults = {"submit": Exchange.reset}
    job = at.steps(at.job(), S.UNCERTAIN)
    for _ in range(job.looks_left):
        job = at.step(job)
    assert (job.state, job.looks_left, job.needs_worker) == (S.UNCERTAIN, 0, False)
    assert at.delay_s is None


def test_looks_after_a_lost_answer_get_rarer(tmp_path: Path) -> None:
    with bench(tmp_path, poll_interval_s=None) as at:
        at.service.faults = {"submit": Exchange.reset}
        job = at.steps(at.job(), S.UNCERTAIN)
        delays = []
        while job.looks_left:
            delays.append(at.delay_s)
            job = at.step(job)
        assert delays == [2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_a_second_job_for_the_session_shares_the_refine_with_the_baseline_of_the_first(at: Bench) -> None:
    first = at.steps(at.job(), S.REFINING)
    second = at.job()
    at.service.shown = {"status": "preview_done"}  # the service does not show the refine yet
    second = at.steps(second, S.REFINING)
    assert (second.posts, second.posted_at, second.baseline) == (0, "", first.baseline)
    assert at.service.count("submit") == 1
