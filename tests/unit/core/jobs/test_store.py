# SPDX-License-Identifier: GPL-3.0-or-later
"""The store: jobs come back as they went in, one worker holds a job at a time, and changes are seen once and in
order."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from job_states import LOCAL_URL, job_in
from jobs_at_hand import spec

from csm_blender.core.errors import StoreUnusable
from csm_blender.core.jobs.job_records import LeaseLost
from csm_blender.core.jobs.states import JobState
from csm_blender.core.jobs.store import Store, is_leased

S = JobState


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path)
    yield opened
    opened.close()


def test_a_job_that_was_added_is_queued_and_nothing_was_sent(store: Store) -> None:
    wish = spec("SESSION_1", run_id="run", blend_file="/a.blend", scene_name="Scene")
    job = store.add(wish, LOCAL_URL)
    assert (job.state, job.spec, job.base_url, job.posted_at, job.posts) == (S.QUEUED, wish, LOCAL_URL, "", 0)
    assert store.get(job.job_id) == job
    assert store.add(spec("SESSION_2"), LOCAL_URL, job.job_id) == job, "one that is there stays as it is"


def test_jobs_are_found_by_state_run_and_session(store: Store) -> None:
    first = store.add(spec("SESSION_1", run_id="run"), LOCAL_URL)
    second = job_in(store, S.FAILED, "SESSION_1")
    store.add(spec("SESSION_1"), "https://elsewhere.example")
    assert [job.job_id for job in store.jobs([S.FAILED])] == [second.job_id]
    assert [job.job_id for job in store.jobs(run_id="run")] == [first.job_id]
    assert store.siblings(first) == [second], "of the same service only"
    assert len(store.jobs()) == 3
    assert store.jobs([]) == []


def test_changes_are_seen_in_order_and_only_once(store: Store, tmp_path: Path) -> None:
    other = Store(tmp_path)
    seen = other.data_version()
    first, second = store.add(spec("SESSION_1"), LOCAL_URL), store.add(spec("SESSION_2"), LOCAL_URL)
    assert other.data_version() != seen
    revision = other.revision()
    store.update(second, progress=0.5)
    store.update(first, state=S.CHECKING, message="Looking")
    changed = other.changed_since(revision)
    assert [job.job_id for job in changed] == [second.job_id, first.job_id]
    assert other.changed_since(revision, limit=1) == changed[:1]
    assert other.changed_since(changed[-1].revision) == []
    assert [state for _, state, _ in other.events(first.job_id)] == ["QUEUED", "CHECKING"]
    other.close()


def test_a_removed_job_is_gone_with_its_files_and_others_hear_of_it(store: Store) -> None:
    job = job_in(store, S.FAILED)
    store.folder(job.job_id).mkdir()
    revision = store.revision()
    store.remove(job)
    assert store.get(job.job_id) is None
    assert store.events(job.job_id) == []
    assert not store.folder(job.job_id).exists()
    assert store.revision() > revision
    with pytest.raises(LeaseLost):
        store.update(job, progress=0.5)


def test_one_worker_holds_a_job_until_it_gives_it_back_or_its_lease_runs_out(store: Store) -> None:
    job = store.add(spec("SESSION_1"), LOCAL_URL)
    assert store.claim(job.job_id, "first", 60.0)
    assert store.claim(job.job_id, "first", 60.0), "it may renew"
    assert not store.claim(job.job_id, "second", 60.0)
    with pytest.raises(LeaseLost):
        store.update(job, owner="second", progress=0.5)
    assert store.waiting_for_worker(LOCAL_URL, "second") == []
    store.release("first")
    assert store.claim(job.job_id, "second", 0.05)
    time.sleep(0.1)
    assert store.waiting_for_worker(LOCAL_URL) == [job.job_id]
    assert store.claim(job.job_id, "third", 60.0)
    attended = store.get(job.job_id)
    assert attended is not None
    assert is_leased(attended)
    assert not is_leased(job)


def test_a_lease_from_the_future_is_void(store: Store) -> None:
    job = store.add(spec("SESSION_1"), LOCAL_URL)
    job = store.update(job, lease_owner="before the clock was set back", lease_until=time.time() + 10**6)
    assert not is_leased(job)
    assert store.claim(job.job_id, "second", 60.0)


def test_a_heartbeat_renews_what_its_owner_holds_and_nothing_else(store: Store) -> None:
    mine, other = store.add(spec("SESSION_1"), LOCAL_URL), store.add(spec("SESSION_2"), LOCAL_URL)
    store.claim(mine.job_id, "me", 1.0)
    store.claim(other.job_id, "you", 1.0)
    before = {job.job_id: job.lease_until for job in store.jobs()}
    store.renew("me", 100.0)
    after = {job.job_id: job.lease_until for job in store.jobs()}
    assert after[mine.job_id] > before[mine.job_id] + 50.0
    assert after[other.job_id] == before[other.job_id]


def test_which_jobs_wait_for_a_worker(store: Store) -> None:
    waiting = {state: job_in(store, state).job_id for state in JobState}
    looking = job_in(store, S.UNCERTAIN, looks_left=1).job_id
    cancelled = job_in(store, S.READY, cancel_requested=True).job_id
    active = {S.QUEUED, S.CHECKING, S.SUBMITTING, S.REFINING, S.DOWNLOADING, S.CONVERTING}
    assert set(store.waiting_for_worker(LOCAL_URL)) == {waiting[state] for state in active} | {looking, cancelled}
    assert store.waiting_for_worker("https://elsewhere.example") == []


def test_a_store_that_was_deleted_while_in_use_is_noticed(tmp_path: Path) -> None:
    store = Store(tmp_path / "jobs")
    job = store.add(spec("SESSION_1"), LOCAL_URL)
    shutil.rmtree(tmp_path / "jobs")
    with pytest.raises(StoreUnusable):
        store.update(job, progress=0.5)
    store.close()


def test_the_latest_jobs_come_newest_first(store: Store) -> None:
    jobs = [store.add(spec(f"SESSION_{number}"), LOCAL_URL) for number in range(4)]
    assert store.latest(3) == [jobs[3], jobs[2], jobs[1]]
