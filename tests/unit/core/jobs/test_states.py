# SPDX-License-Identifier: GPL-3.0-or-later
"""Which changes of state a job may make: the table of docs/job-store.md, complete, and that the store keeps to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from common import ROOT
from job_states import LOCAL_URL, job_in
from jobs_at_hand import spec

from csm_blender.core.jobs.job_records import IllegalMove
from csm_blender.core.jobs.states import FINISHED, JobState, may_move
from csm_blender.core.jobs.store import Store

S = JobState

ALLOWED = {
    (S.QUEUED, S.CHECKING): "a worker takes it up",
    (S.QUEUED, S.DOWNLOADING): "a worker takes it up, and fetches the mesh that the session has",
    (S.QUEUED, S.CONVERTING): "the file was copied, or the object's copy found",
    (S.QUEUED, S.FAILED): "an error that will not pass",
    (S.QUEUED, S.CANCELLED): "a person stops it",
    (S.CHECKING, S.SUBMITTING): "nobody has asked for this refine yet",
    (S.CHECKING, S.REFINING): "the session is being refined already",
    (S.CHECKING, S.DOWNLOADING): "the session is refined already",
    (S.CHECKING, S.FAILED): "an error that will not pass",
    (S.CHECKING, S.CANCELLED): "a person stops it",
    (S.SUBMITTING, S.CHECKING): "a new worker must look first, or another job's request is unanswered",
    (S.SUBMITTING, S.REFINING): "the service accepted, or another job's refine is shared",
    (S.SUBMITTING, S.UNCERTAIN): "no usable answer came back",
    (S.SUBMITTING, S.FAILED): "the service refused",
    (S.SUBMITTING, S.CANCELLED): "a person stops it",
    (S.UNCERTAIN, S.REFINING): "the session shows that the refine did start",
    (S.UNCERTAIN, S.FAILED): "an error that will not pass",
    (S.UNCERTAIN, S.CANCELLED): "a person stops it, or sends again",
    (S.REFINING, S.DOWNLOADING): "the session shows a new refined mesh",
    (S.REFINING, S.FAILED): "the refine failed, or the deadline passed",
    (S.REFINING, S.CANCELLED): "a person stops it",
    (S.DOWNLOADING, S.CONVERTING): "the mesh has arrived and passed the check",
    (S.DOWNLOADING, S.FAILED): "an error that will not pass",
    (S.DOWNLOADING, S.CANCELLED): "a person stops it",
    (S.CONVERTING, S.READY): "the converter is done",
    (S.CONVERTING, S.DOWNLOADING): "the delivered file is gone or damaged",
    (S.CONVERTING, S.QUEUED): "the copy of the file is gone or damaged",
    (S.CONVERTING, S.FAILED): "the converter could not use the mesh",
    (S.CONVERTING, S.CANCELLED): "a person stops it",
    (S.READY, S.PLACED): "it was placed",
    (S.READY, S.DOWNLOADING): "refined.blend is gone",
    (S.READY, S.CONVERTING): "refined.blend is gone, and what it was made of was not downloaded",
    (S.READY, S.FAILED): "the placement failed",
    (S.READY, S.CANCELLED): "a person does not want it",
    (S.PLACED, S.READY): "the placement was undone or never saved",
    (S.PLACED, S.DOWNLOADING): "the same, and refined.blend is gone",
    (S.PLACED, S.CONVERTING): "the same, and what it was made of was not downloaded",
    (S.FAILED, S.QUEUED): "retry; no request of this job is with the service",
    (S.FAILED, S.UNCERTAIN): "retry; its request went out and was never answered",
    (S.FAILED, S.REFINING): "retry; its request was accepted",
    (S.FAILED, S.CONVERTING): "retry; the delivered mesh is there",
    (S.FAILED, S.READY): "retry; refined.blend is there",
    (S.CANCELLED, S.QUEUED): "retry; no request of this job is with the service",
    (S.CANCELLED, S.UNCERTAIN): "retry; its request went out and was never answered",
    (S.CANCELLED, S.REFINING): "retry; its request was accepted",
    (S.CANCELLED, S.CONVERTING): "retry; the delivered mesh is there",
    (S.CANCELLED, S.READY): "retry; refined.blend is there",
}
"""Every change from one state to another that is allowed, and when it happens. All others are refused."""

EVERY_PAIR = [(old, new) for old in JobState for new in JobState]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = Store(tmp_path_factory.mktemp("jobs"))
    yield opened
    opened.close()


def named(pair: tuple[JobState, JobState]) -> str:
    return f"{pair[0]} to {pair[1]}"


@pytest.mark.parametrize("pair", EVERY_PAIR, ids=named)
def test_a_change_is_allowed_exactly_where_the_table_has_it(pair: tuple[JobState, JobState]) -> None:
    old, new = pair
    assert may_move(old, new) == (old is new or pair in ALLOWED)


@pytest.mark.parametrize("pair", EVERY_PAIR, ids=named)
def test_the_store_carries_out_what_is_allowed_and_refuses_the_rest(
    store: Store, pair: tuple[JobState, JobState]
) -> None:
    old, new = pair
    job = job_in(store, old)
    told_before = store.events(job.job_id)
    if old is new or pair in ALLOWED:
        assert store.update(job, state=new, message="moved").state is new
        events = store.events(job.job_id)
        assert [(state, text) for _at, state, text in events[len(told_before) :]] == (
            [] if old is new else [(str(new), "moved")]
        )
    else:
        with pytest.raises(IllegalMove):
            store.update(job, state=new)
        after = store.get(job.job_id)
        assert after == job, "a refused change leaves nothing behind"
        assert store.events(job.job_id) == told_before


def test_a_change_is_refused_when_the_job_has_moved_on_meanwhile(store: Store) -> None:
    seen = store.add(spec("SESSION_1"), LOCAL_URL)
    store.update(seen, state=S.CHECKING)
    with pytest.raises(IllegalMove):
        store.update(seen, state=S.CANCELLED)


def test_only_finished_jobs_have_a_time_of_their_end(store: Store) -> None:
    for state in JobState:
        job = job_in(store, state)
        assert bool(job.finished_at) == (state in (S.PLACED, S.FAILED, S.CANCELLED)), state


def test_the_document_has_the_same_table() -> None:
    text = Path(ROOT / "docs" / "job-store.md").read_text(encoding="utf-8")
    section = text.partition("## States, and which changes are allowed")[2].partition("\n## ")[0]
    written: set[tuple[JobState, JobState]] = set()
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 3 or not re.search(r"^`[A-Z]+`$", cells[1]):
            continue
        olds = [JobState(name) for name in re.findall("`([A-Z]+)`", cells[0])]
        if cells[0] == "any that is not finished":
            olds = [state for state in JobState if state not in FINISHED]
        written |= {(old, JobState(cells[1].strip("`"))) for old in olds}
    assert written == set(ALLOWED)
    assert set(re.findall(r"^\| `([A-Z]+)` \|[^|]*\|$", section, re.MULTILINE)) == {str(state) for state in JobState}
