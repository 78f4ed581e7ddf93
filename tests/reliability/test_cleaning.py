# SPDX-License-Identifier: GPL-3.0-or-later
"""The job folder stays within its limit, and nothing that somebody needs is deleted."""

from __future__ import annotations

import os
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
from jobs_at_hand import spec

from csm_blender.core.files import preview_cache
from csm_blender.core.files.preview_cache import Kind, Offer
from csm_blender.core.jobs import actions, cleanup
from csm_blender.core.jobs.job import Job
from csm_blender.core.jobs.states import JobState
from csm_blender.core.jobs.store import Store
from csm_blender.core.logs import log_to_file
from csm_blender.core.processes.converter_pool import BLEND_NAME, MESH_NAME

WAY = {
    "QUEUED": [], "CHECKING": ["CHECKING"], "SUBMITTING": ["CHECKING", "SUBMITTING"],
    "REFINING": ["CHECKING", "REFINING"], "DOWNLOADING": ["CHECKING", "DOWNLOADING"],
    "CONVERTING": ["CHECKING", "DOWNLOADING", "CONVERTING"],
    "READY": ["CHECKING", "DOWNLOADING", "CONVERTING", "READY"],
    "PLACED": ["CHECKING", "DOWNLOADING", "CONVERTING", "READY", "PLACED"],
    "FAILED": ["FAILED"], "CANCELLED": ["CANCELLED"], "UNCERTAIN": ["CHECKING", "SUBMITTING", "UNCERTAIN"],
}  # fmt: skip


def job_in(store: Store, state: str, **changes: Any) -> Job:
    job = store.add(spec(f"SESSION_{uuid.uuid4().hex[:8]}"), "http://127.0.0.1:9")
    for step in WAY[state]:
        job = store.update(job, state=JobState(step))
    job = store.update(job, **changes) if changes else job
    folder = store.folder(job.job_id)
    folder.mkdir()
    (folder / MESH_NAME).write_bytes(b"m" * 1000)
    (folder / BLEND_NAME).write_bytes(b"b" * 1000)
    return job


def test_only_finished_jobs_that_nobody_needs_are_cleaned(tmp_path: Path) -> None:
    store = Store(tmp_path)
    jobs = {state: job_in(store, state) for state in WAY}
    needed = job_in(store, "PLACED")
    assert cleanup.clean(store, [needed.job_id], limit_bytes=0) == 3 * 2000
    left = {state for state, job in jobs.items() if store.folder(job.job_id).exists()}
    assert left == set(WAY) - {"PLACED", "FAILED", "CANCELLED"}
    assert store.folder(needed.job_id).exists()
    assert len(store.jobs()) == len(WAY) + 1, "records are kept"


def test_the_oldest_goes_first_and_no_more_than_needed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    jobs = [job_in(store, "PLACED", finished_at=f"2026-01-0{day}T00:00:00+00:00") for day in (3, 1, 2)]
    total = cleanup.folder_size(store.home)
    assert cleanup.clean(store, limit_bytes=total) == 0
    assert cleanup.clean(store, limit_bytes=total - 2500) == 4000
    assert [store.folder(job.job_id).exists() for job in jobs] == [True, False, False]


def test_copies_of_previews_go_before_jobs_and_their_leftovers_when_they_are_old(tmp_path: Path) -> None:
    store = Store(tmp_path)
    job = job_in(store, "PLACED")
    work = preview_cache.work_folder(tmp_path, "a")
    work.mkdir(parents=True)
    (work / "mesh").write_bytes(b"p" * 500)
    preview_cache.keep(tmp_path, "http://127.0.0.1:9", "SESSION_1", Offer(Kind.PREVIEW, "m", ""), work / "mesh")
    assert cleanup.clean(store, limit_bytes=cleanup.folder_size(store.home) - 300) == 500
    assert store.folder(job.job_id).exists()
    assert work.exists(), "it may belong to a preview that is being fetched"
    old = time.time() - 2 * cleanup.LEFTOVER_AGE_S
    for path in (work / "mesh", work):
        os.utime(path, (old, old))
    cleanup.clean(store)
    assert not work.exists()


def test_a_job_taken_up_again_meanwhile_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    job = job_in(store, "FAILED")
    other = job_in(store, "FAILED")
    assert store.claim(other.job_id, "a worker", 60.0)
    real = cleanup._expendable

    def then_retried(*arguments: Any) -> list[Job]:
        found = real(*arguments)
        actions.retry(store, job)
        return found

    monkeypatch.setattr(cleanup, "_expendable", then_retried)
    assert cleanup.clean(store, limit_bytes=0) == 0
    assert store.folder(job.job_id).exists()
    assert store.folder(other.job_id).exists()


def test_leftovers_of_killed_processes_go_when_they_are_old(tmp_path: Path) -> None:
    store = Store(tmp_path)
    job = job_in(store, "READY")
    folder = store.folder(job.job_id)
    (folder / "delivered.mesh.part").write_bytes(b"p" * 100)
    (folder / "converting-abc").mkdir()
    (folder / "converting-abc" / BLEND_NAME).write_bytes(b"c" * 100)
    orphan = tmp_path / uuid.uuid4().hex
    orphan.mkdir()
    (orphan / MESH_NAME).write_bytes(b"o" * 100)
    foreign = tmp_path / "my own notes"
    foreign.mkdir()
    (foreign / "keep.part").write_bytes(b"f")
    assert cleanup.clean(store) == 0, "they may belong to something that runs"
    old = time.time() - 2 * cleanup.LEFTOVER_AGE_S
    for path in sorted(tmp_path.rglob("*"), reverse=True):
        os.utime(path, (old, old))
    assert cleanup.clean(store) == 300
    assert {path.name for path in folder.iterdir()} == {MESH_NAME, BLEND_NAME}
    assert not orphan.exists()
    assert (foreign / "keep.part").exists()


def test_a_placed_job_whose_files_were_cleaned_is_fetched_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    job = job_in(store, "PLACED", accepted_at="2026-01-01T00:00:00+00:00")
    cleanup.clean(store, limit_bytes=0)
    assert actions.place_again(store, job).state is JobState.DOWNLOADING


def test_a_week_of_logs_is_kept(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    for day in range(1, 20):
        (tmp_path / "logs" / f"csm-2020-01-{day:02d}.log").write_text("old")
    path = log_to_file(tmp_path)
    assert path is not None
    assert len(list((tmp_path / "logs").glob("csm-*.log"))) <= 8
    assert path.exists()
