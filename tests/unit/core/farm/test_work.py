# SPDX-License-Identifier: GPL-3.0-or-later
"""Work on a plan: done once whoever works, gone on with after a failure, waited for while another one has it."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from farm import QuickConverters, file_spec, folders_of
from tiny_glb import glb

from csm_blender.core.errors import BadPlan, DiskProblem
from csm_blender.core.farm.job_folders import JobFolders
from csm_blender.core.farm.journal import JournalWriter
from csm_blender.core.farm.plan import Plan
from csm_blender.core.farm.work import work
from csm_blender.core.jobs.job import Job
from csm_blender.core.jobs.states import JobState
from csm_blender.core.processes.converter_pool import BLEND_NAME, ConverterPool
from csm_blender.core.settings import NO_SERVICE

S = JobState
COUNT = 5


@pytest.fixture
def folders(tmp_path: Path) -> JobFolders:
    """Five jobs for one mesh file."""
    mesh = tmp_path / "box.glb"
    mesh.write_bytes(glb())
    return folders_of(tmp_path / "plan", [file_spec(mesh)] * COUNT)


def done(
    folders: JobFolders, indices: Sequence[int] | None = None, converters: ConverterPool | None = None
) -> dict[int, Job]:
    """Work; how each job ended, as it was told."""
    ended: dict[int, Job] = {}

    def on_change(job: Job) -> None:
        if not job.needs_worker:
            ended[folders.plan.index_of(job.job_id)] = job

    work(folders, indices, NO_SERVICE, converters or QuickConverters(), concurrency=2, on_change=on_change)
    return ended


def states(jobs: dict[int, Job]) -> dict[int, JobState]:
    return {index: job.state for index, job in jobs.items()}


def test_all_jobs_are_done_and_given_back(folders: JobFolders) -> None:
    assert states(done(folders)) == dict.fromkeys(range(1, COUNT + 1), S.READY)
    for job_id in folders.plan.ids():
        assert {path.name for path in folders.folder(job_id).iterdir()} == {
            "claim-1.jsonl", "delivered.mesh", "job.log", BLEND_NAME,
        }  # fmt: skip
        assert folders.journal(job_id).released


def test_some_jobs_alone(folders: JobFolders) -> None:
    assert states(done(folders, [2, 4])) == {2: S.READY, 4: S.READY}
    assert folders.get(folders.plan.job_id(1)).state is S.QUEUED  # type: ignore[union-attr]  # it is there
    with pytest.raises(BadPlan, match="no job 6"):
        done(folders, [1, COUNT + 1])
    assert folders.get(folders.plan.job_id(1)).state is S.QUEUED, "wrong use does nothing"  # type: ignore[union-attr]  # it is there


def test_what_is_done_is_told_and_left_as_it_is(folders: JobFolders) -> None:
    done(folders)
    before = {path: path.stat().st_mtime_ns for path in folders.plan.folder.rglob("*") if path.is_file()}
    again = QuickConverters()
    assert states(done(JobFolders(folders.plan), converters=again)) == dict.fromkeys(range(1, COUNT + 1), S.READY)
    assert again.converted == []
    assert {path: path.stat().st_mtime_ns for path in folders.plan.folder.rglob("*") if path.is_file()} == before


def test_a_result_that_is_gone_is_made_again(folders: JobFolders) -> None:
    done(folders)
    job_id = folders.plan.job_id(3)
    (folders.folder(job_id) / BLEND_NAME).unlink()
    again = QuickConverters()
    assert states(done(JobFolders(folders.plan), converters=again))[3] is S.READY
    assert again.converted == [job_id]


def test_a_failed_job_is_tried_once_more_by_each_call(folders: JobFolders, tmp_path: Path) -> None:
    (tmp_path / "box.glb").rename(tmp_path / "away.glb")
    assert states(done(folders)) == dict.fromkeys(range(1, COUNT + 1), S.FAILED)
    assert states(done(folders)) == dict.fromkeys(range(1, COUNT + 1), S.FAILED)
    (tmp_path / "away.glb").rename(tmp_path / "box.glb")
    assert states(done(folders)) == dict.fromkeys(range(1, COUNT + 1), S.READY)


def test_a_failed_job_that_a_dead_worker_of_another_machine_has_is_waited_for_and_tried(
    folders: JobFolders, tmp_path: Path
) -> None:
    (tmp_path / "box.glb").rename(tmp_path / "away.glb")
    assert states(done(folders, [1])) == {1: S.FAILED}
    job_id = folders.plan.job_id(1)
    assert JournalWriter.create(folders.folder(job_id), 2, folders.journal(job_id).record, "of another machine")
    (tmp_path / "away.glb").rename(tmp_path / "box.glb")
    hurried = JobFolders(folders.plan, lambda: time.monotonic() * 50.0)
    assert states(done(hurried, [1])) == {1: S.READY}, "tried here, once it was watched for as long as a lease is"


def test_without_a_blender_jobs_come_as_far_as_they_can_and_go_on_elsewhere(folders: JobFolders) -> None:
    ended = done(folders, [1], ConverterPool(None))
    assert states(ended) == {1: S.FAILED}
    assert ended[1].error is not None
    assert ended[1].error["code"] == "no_blender"
    assert (folders.folder(ended[1].job_id) / "delivered.mesh").is_file()
    assert states(done(folders, [1])) == {1: S.READY}


def test_many_workers_at_once_do_each_job_once(folders: JobFolders) -> None:
    barrier, converted, told = threading.Barrier(4), [], []

    def one() -> None:
        own, converters = JobFolders(Plan.read(folders.plan.folder)), QuickConverters()
        barrier.wait()
        told.append(states(done(own, converters=converters)))
        converted.extend(converters.converted)

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(converted) == dict.fromkeys(folders.plan.ids(), 1)
    assert told == [dict.fromkeys(range(1, COUNT + 1), S.READY)] * 4, "who came second waited, and tells the same"


def test_a_folder_that_is_read_only_is_said_at_once(folders: JobFolders, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise OSError(30, os.strerror(30))

    monkeypatch.setattr("csm_blender.core.farm.work.check_room", refuse)  # root may write anywhere
    with pytest.raises(DiskProblem, match="cannot be written"):
        done(folders)
