# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a plan is, as counted from its folders."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from farm import claimed_by_ended_process, folders_of
from jobs_at_hand import spec

from csm_blender.core.errors import BadPlan, RefineFailed
from csm_blender.core.farm.job_folders import JobFolders
from csm_blender.core.farm.summary import summarize
from csm_blender.core.jobs.states import JobState

S = JobState


def move(folders: JobFolders, index: int, *states: JobState, **last: object) -> None:
    job_id = folders.plan.job_id(index)
    assert folders.claim(job_id, "me", 50.0)
    for number, state in enumerate(states, start=1):
        job = folders.get(job_id)
        assert job is not None
        folders.update(job, owner="me", state=state, **(last if number == len(states) else {}))


def test_jobs_are_counted_by_state_and_those_at_work_and_failed_are_named(tmp_path: Path) -> None:
    folders = folders_of(tmp_path, [spec(f"SESSION_{number}") for number in range(1, 7)], "https://api.csm.example")
    move(folders, 2, S.CHECKING, progress=0.25)
    move(folders, 3, S.CHECKING, S.FAILED, error=RefineFailed("No.").as_dict(), posts=1)
    move(folders, 4, S.CHECKING, S.DOWNLOADING, S.CONVERTING, S.READY, posts=1)
    move(folders, 5, S.CHECKING)
    for index in (3, 4, 5):
        folders.let_go(folders.plan.job_id(index))
    claimed_by_ended_process(folders.folder(folders.plan.job_id(6)))

    found = summarize(JobFolders(folders.plan))
    assert (found.jobs, found.requests, found.is_done) == (6, 2, False)
    assert found.counts == {S.QUEUED: 2, S.CHECKING: 2, S.FAILED: 1, S.READY: 1}
    assert [(job.index, job.state, job.progress) for job in found.in_progress] == [
        (2, S.CHECKING, 0.25), (6, S.QUEUED, 0.0),
    ]  # fmt: skip
    assert [(job.index, job.error["code"]) for job in found.failed if job.error] == [(3, "refine_failed")]
    data = json.loads(json.dumps(found.as_dict()))
    assert data["counts"] == {"QUEUED": 2, "CHECKING": 2, "READY": 1, "FAILED": 1}
    assert data["in_progress"][0]["worker"]["pid"] > 0
    assert data["in_progress"][1]["worker"] is None, "it was killed on this machine"


def test_some_jobs_alone_can_be_asked_about(tmp_path: Path) -> None:
    folders = folders_of(tmp_path, [spec("SESSION_1"), spec("SESSION_2")])
    move(folders, 2, S.CHECKING, S.DOWNLOADING, S.CONVERTING, S.READY)
    assert summarize(folders, [2]).is_done
    assert not summarize(folders).is_done
    with pytest.raises(BadPlan):
        summarize(folders, [3])
