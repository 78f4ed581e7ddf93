# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs run to their end in the calling process, from either place where jobs are kept."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from farm import QuickConverters, file_spec, folders_of
from tiny_glb import glb

from csm_blender.core.jobs.job import Job
from csm_blender.core.jobs.job_records import JobRecords
from csm_blender.core.jobs.states import JobState
from csm_blender.core.jobs.store import Store, is_leased
from csm_blender.core.pipeline.run import run_jobs
from csm_blender.core.settings import NO_SERVICE


def in_store(folder: Path, mesh: Path) -> tuple[JobRecords, list[str]]:
    store = Store(folder)
    return store, [store.add(file_spec(mesh), "").job_id for _ in range(2)]


def in_folders(folder: Path, mesh: Path) -> tuple[JobRecords, list[str]]:
    folders = folders_of(folder, [file_spec(mesh)] * 2)
    return folders, folders.plan.ids()


@pytest.mark.parametrize("kept", [in_store, in_folders])
def test_jobs_go_the_same_way_wherever_they_are_kept(tmp_path: Path, kept: object) -> None:
    mesh = tmp_path / "box.glb"
    mesh.write_bytes(glb())
    os.utime(mesh, (0.0, 0.0))  # a file that was changed just now is looked at twice
    records, ids = kept(tmp_path / "kept", mesh)  # type: ignore[operator]  # one of the two
    seen: list[tuple[str, JobState]] = []

    def on_change(job: Job) -> None:
        if not seen or seen[-1] != (job.job_id, job.state):
            seen.append((job.job_id, job.state))

    run_jobs(records, ids, NO_SERVICE, QuickConverters(), concurrency=1, on_change=on_change)
    states = (JobState.CONVERTING, JobState.READY)
    assert seen == [(job_id, state) for job_id in ids for state in states]
    jobs = [records.get(job_id) for job_id in ids]
    assert not any(job is None or is_leased(job) for job in jobs)
    assert all((records.folder(job_id) / "refined.blend").read_bytes() == glb() for job_id in ids)


def test_a_job_that_there_is_nothing_to_do_for_is_told_and_left(tmp_path: Path) -> None:
    mesh = tmp_path / "box.glb"
    mesh.write_bytes(glb())
    store, ids = in_store(tmp_path / "kept", mesh)
    run_jobs(store, ids[:1], NO_SERVICE, QuickConverters(), concurrency=1, on_change=lambda _job: None)
    before, told, begun = store.get(ids[0]), [], []

    def begin(job_id: str, owner: str) -> bool:
        assert owner
        begun.append(job_id)
        return job_id == ids[1]

    run_jobs(store, ids, NO_SERVICE, QuickConverters(), concurrency=2, on_change=told.append, begin=begin)
    assert begun == ids
    assert store.get(ids[0]) == before
    assert {job.job_id: job.state for job in told} == dict.fromkeys(ids, JobState.READY)
