# SPDX-License-Identifier: GPL-3.0-or-later
"""What the steps of a job work with: its record under a lease, requests counted, and time that was really attended
to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from job_states import job_in
from jobs_at_hand import idle_converters, settings
from loopback import Loopback, json_answer, loopback

from csm_blender.core.api.client import CsmClient
from csm_blender.core.jobs.job_records import LeaseLost
from csm_blender.core.jobs.states import JobState
from csm_blender.core.jobs.store import Store
from csm_blender.core.pipeline.context import LONGEST_STEP_S, StepContext, VolatileStates


class Clock:
    """A monotonic clock that a test turns."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def server() -> Iterator[Loopback]:
    with loopback(json_answer('{"data": {"status": "done"}}')) as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def context(tmp_path: Path, server: Loopback, clock: Clock) -> Iterator[StepContext]:
    chosen = settings(server.url, "key")
    store, client = Store(tmp_path), CsmClient(chosen)
    yield StepContext(store, chosen, client, idle_converters(), "me", VolatileStates(), clock)
    client.close()
    store.close()


def test_requests_are_counted_with_the_next_change(context: StepContext) -> None:
    job = job_in(context.store, JobState.CHECKING, gets=1)
    assert context.hold_lease(job.job_id)
    context.session(job)
    context.session(job)
    job = context.update(context.current(job), progress=0.5)
    assert job.gets == 3
    assert context.update(job, progress=0.6).gets == 3, "each once"


def test_nothing_is_changed_without_the_lease(context: StepContext) -> None:
    job = job_in(context.store, JobState.CHECKING)
    with pytest.raises(LeaseLost):
        context.update(job, progress=0.5)
    assert context.store.claim(job.job_id, "another", 60.0)
    assert not context.hold_lease(job.job_id)
    context.store.remove(job)
    with pytest.raises(LeaseLost):
        context.current(job)


def test_a_lease_is_renewed_when_a_quarter_of_it_has_passed(context: StepContext, clock: Clock) -> None:
    job = job_in(context.store, JobState.CHECKING)
    assert context.hold_lease(job.job_id)
    context.store.release("me")
    assert context.hold_lease(job.job_id)
    assert context.current(job).lease_owner == "", "not asked for at each step"
    clock.now += context.settings.lease_s / 4.0
    assert context.hold_lease(job.job_id)
    assert context.current(job).lease_owner == "me"


def test_a_sleeping_machine_uses_up_no_patience(context: StepContext, clock: Clock) -> None:
    job = job_in(context.store, JobState.REFINING)
    job = context.with_elapsed_time(job)
    assert job.watched_s == 0.0
    clock.now += 5.0
    job = context.with_elapsed_time(job)
    assert (job.watched_s, job.fault_s) == (5.0, 0.0)
    clock.now += 8 * 3600.0
    job = context.with_elapsed_time(job)
    assert job.watched_s == 5.0 + LONGEST_STEP_S
    clock.now -= 100.0
    assert context.with_elapsed_time(job).watched_s == job.watched_s, "nor does time run backwards"


def test_time_counts_as_trouble_while_faults_last(context: StepContext, clock: Clock) -> None:
    job = context.with_elapsed_time(job_in(context.store, JobState.REFINING, faults=2, fault_s=1.0))
    clock.now += 5.0
    assert context.with_elapsed_time(job).fault_s == 6.0


def test_what_need_not_be_stored_is_kept_for_each_job_until_it_is_dropped(context: StepContext) -> None:
    first, second = (job_in(context.store, JobState.CHECKING) for _ in range(2))
    context.memory(first).fresh_url = "https://signed"
    assert context.memory(second).fresh_url == ""
    assert context.memory(first).fresh_url == "https://signed"
    context.drop(first.job_id)
    assert context.memory(first).fresh_url == ""


def test_the_folder_of_a_job_is_there_when_it_is_asked_for(context: StepContext) -> None:
    job = job_in(context.store, JobState.CHECKING)
    assert context.folder(job).is_dir()
    assert context.folder(job) == context.store.folder(job.job_id)
