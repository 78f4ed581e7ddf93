# SPDX-License-Identifier: GPL-3.0-or-later
"""The job folder is kept within its limit, and what somebody needs stays.

More of it: tests/reliability/test_cleaning.py.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from job_states import job_in

from csm_blender.core.jobs.cleanup import clean, folder_size
from csm_blender.core.jobs.job import Job
from csm_blender.core.jobs.states import JobState
from csm_blender.core.jobs.store import Store

ENDED = {JobState.PLACED, JobState.FAILED, JobState.CANCELLED}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path)
    yield opened
    opened.close()


def with_files(store: Store, state: JobState, **changes: str) -> Job:
    job = job_in(store, state, **changes)
    store.folder(job.job_id).mkdir()
    (store.folder(job.job_id) / "refined.blend").write_bytes(b"x" * 1000)
    return job


@pytest.mark.parametrize("state", JobState, ids=str)
def test_only_files_of_jobs_that_have_ended_may_go(store: Store, state: JobState) -> None:
    job = with_files(store, state)
    may_go = state in ENDED
    assert clean(store, needed=[job.job_id], limit_bytes=0) == 0
    assert clean(store, limit_bytes=0) == 1000 * may_go
    assert store.folder(job.job_id).exists() != may_go
    assert [each.job_id for each in store.jobs()] == [job.job_id], "the record stays"


def test_the_oldest_go_first_and_no_more_than_needed(store: Store) -> None:
    first = with_files(store, JobState.PLACED, finished_at="2030-01-01")
    last = with_files(store, JobState.PLACED, finished_at="2030-01-03")
    middle = with_files(store, JobState.PLACED, finished_at="2030-01-02")
    limit = folder_size(store.home) - 1500
    assert clean(store, limit_bytes=limit) == 2000
    assert [store.folder(job.job_id).exists() for job in (first, middle, last)] == [False, False, True]
    assert clean(store, limit_bytes=limit) == 0


def test_a_job_that_another_process_holds_is_left_alone(store: Store) -> None:
    job = with_files(store, JobState.FAILED)
    assert store.claim(job.job_id, "another", 60.0)
    assert clean(store, limit_bytes=0) == 0
    store.release("another")
    assert clean(store, limit_bytes=0) == 1000


def test_leftovers_of_killed_processes_go_when_they_are_old(store: Store) -> None:
    job = with_files(store, JobState.CONVERTING)
    part = store.folder(job.job_id) / "delivered.mesh.part"
    orphan = store.home / ("f" * 32)
    orphan.mkdir()
    (orphan / "refined.blend").write_bytes(b"x" * 30)
    part.write_bytes(b"x" * 70)
    assert clean(store) == 0, "somebody may be writing them just now"
    old = time.time() - 7200.0
    for path in (part, orphan / "refined.blend", orphan):
        os.utime(path, (old, old))
    assert clean(store) == 100
    assert (store.folder(job.job_id) / "refined.blend").exists()
    assert not orphan.exists()


def test_the_size_of_a_folder_leaves_out_links_and_what_is_gone(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 10)
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "b").write_bytes(b"x" * 5)
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert folder_size(tmp_path) == 15
    assert folder_size(tmp_path / "a") == 10
    assert folder_size(tmp_path / "none") == 0
