# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of a job when a step fails: patience before and after paying, cancelling, and mistakes of our own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fault_proxy import Exchange, answer
from jobs_at_hand import idle_converters
from loopback import json_answer
from small_service import Bench, bench

from csm_blender.core.api.client import CsmClient
from csm_blender.core.api.session import Baseline, Session
from csm_blender.core.jobs.states import JobState
from csm_blender.core.pipeline.pipeline import CRASHES_TOLERATED, REFUSALS_TOLERATED, Pipeline

S = JobState
BEFORE = Baseline("preview_done", "", "earlier", ())


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path) as made:
        yield made


def code_of(job: object) -> str:
    error = job.error  # type: ignore[attr-defined]  # a job
    return error["code"] if error else ""


def test_a_fault_is_waited_out_and_forgotten_when_it_has_passed(at: Bench) -> None:
    at.service.faults = {"session": Exchange.reset}
    job = at.step(at.step(at.job()))
    assert (job.state, job.faults) == (S.CHECKING, 1)
    assert at.delay_s is not None
    assert at.delay_s > 0.0
    at.service.faults = {}
    job = at.step(job)
    assert (job.state, job.faults, job.error) == (S.SUBMITTING, 0, None)


def test_before_anything_is_paid_patience_is_short(at: Bench) -> None:
    at.service.faults = {"session": answer(503)}
    job = at.job(S.CHECKING, faults=1, fault_s=at.settings.give_up_unpaid_s)
    job = at.step(job)
    assert (job.state, code_of(job)) == (S.FAILED, "service_busy")


def test_after_that_it_lasts_until_the_deadline(at: Bench) -> None:
    at.service.faults = {"session": answer(503)}
    job = at.step(at.job(S.REFINING, baseline=BEFORE, faults=1, fault_s=at.settings.give_up_unpaid_s))
    assert job.state is S.REFINING
    late = at.job(S.REFINING, baseline=BEFORE, faults=1, fault_s=1.0, watched_s=at.settings.deadline_s)
    late = at.step(late)
    assert (late.state, code_of(late)) == (S.FAILED, "deadline_passed")


def test_retry_after_is_obeyed_unless_it_goes_beyond_the_patience(at: Bench) -> None:
    at.service.faults = {"session": answer(503, retry_after="40")}
    at.step(at.job(S.REFINING, baseline=BEFORE))
    assert at.delay_s == 40.0
    job = at.step(at.job(S.CHECKING))
    assert job.state is S.FAILED, "40 s are more than an unpaid job waits"


@pytest.mark.parametrize("status", [400, 404, 422])
def test_a_refusal_is_not_believed_at_once_when_the_refine_was_paid_for(at: Bench, status: int) -> None:
    at.service.faults = {"session": json_answer('{"error": "no"}', status)}
    job = at.job(S.REFINING, baseline=BEFORE)
    for _ in range(REFUSALS_TOLERATED - 1):
        job = at.step(job)
        assert job.state is S.REFINING
    assert at.step(job).state is S.FAILED


@pytest.mark.parametrize(("status", "looks"), [(400, 2), (404, 1), (422, 1), (401, 1), (402, 1)])
def test_before_that_it_is_but_for_a_400(at: Bench, status: int, looks: int) -> None:
    """CSM has been seen to answer 400 for too many requests."""
    at.service.faults = {"session": json_answer('{"error": "no"}', status)}
    job = at.job(S.CHECKING)
    for _ in range(looks):
        assert job.state is S.CHECKING
        job = at.step(job)
    assert job.state is S.FAILED


@pytest.mark.parametrize("state", [S.QUEUED, S.CHECKING, S.SUBMITTING, S.UNCERTAIN, S.REFINING, S.DOWNLOADING,
                                   S.CONVERTING, S.READY])  # fmt: skip
def test_a_cancel_is_carried_out_at_the_next_step_without_a_request(at: Bench, state: JobState) -> None:
    job = at.step(at.job(state, cancel_requested=True))
    assert (job.state, job.cancel_requested, at.delay_s) == (S.CANCELLED, False, None)
    assert at.service.proxy.requests == []


@pytest.mark.parametrize("state", [S.READY, S.PLACED, S.FAILED, S.CANCELLED])
def test_a_job_that_needs_no_worker_is_left_alone(at: Bench, state: JobState) -> None:
    job = at.job(state)
    after = at.step(job)
    assert (after.state, after.updated_at, at.delay_s) == (state, job.updated_at, None)
    assert at.service.proxy.requests == []


def test_a_job_of_another_worker_is_left_alone(at: Bench) -> None:
    job = at.job()
    assert at.store.claim(job.job_id, "another", 60.0)
    assert at.step(job).state is S.QUEUED
    assert at.delay_s is None
    assert at.pipeline.advance("f" * 32) is None, "nor one that was removed"


def test_a_mistake_of_our_own_is_met_with_patience_and_then_said(at: Bench) -> None:
    class Broken(CsmClient):
        def session(self, code: str) -> Session:
            raise ZeroDivisionError

    broken = Broken(at.settings)
    pipeline = Pipeline(at.store, at.settings, idle_converters(), "me", client=broken)
    job = at.job(S.CHECKING)
    for _ in range(CRASHES_TOLERATED):
        assert at.store.jobs()[0].state is S.CHECKING
        pipeline.advance(job.job_id)
    [job] = at.store.jobs()
    assert (job.state, code_of(job)) == (S.FAILED, "stumbled")
    assert "ZeroDivisionError" in job.message
    pipeline.close()


def test_an_uncertain_job_stays_uncertain_whatever_a_look_meets(at: Bench) -> None:
    at.service.faults = {"session": json_answer('{"error": "no"}', 401)}
    job = at.step(at.job(S.UNCERTAIN, looks_left=3, posted_at="2030"))
    assert (job.state, job.looks_left, code_of(job)) == (S.UNCERTAIN, 0, "refused_key")


def test_the_key_is_in_no_message(at: Bench) -> None:
    at.service.faults = {"session": json_answer(f'{{"error": "{at.settings.key} is no key"}}', 401)}
    job = at.step(at.job(S.CHECKING))
    assert job.error is not None
    assert at.settings.key not in f"{job.message} {job.error}"


def test_a_heartbeat_comes_several_times_in_a_lease(at: Bench) -> None:
    job = at.step(at.job())
    before = job.lease_until
    at.pipeline.heartbeat()
    [after] = at.store.jobs()
    assert after.lease_until > before
    assert at.pipeline.heartbeat_s * 3 < at.settings.lease_s
