# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs in folders: one holder each, a request paid for once whatever the holders do, and no clock compared.

Two objects of :class:`JobFolders` are two machines here: they share nothing but the folder.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from farm import LEASE_S, claimed_by_ended_process, file_spec, folders_of, held, plan_of, submitting
from jobs_at_hand import spec

from csm_blender.core.conversion import ConversionReport, Fitted, JobResult
from csm_blender.core.errors import BadMesh, StoreDiskProblem
from csm_blender.core.farm.job_folders import LOG_NAME, JobFolders
from csm_blender.core.farm.journal import Holder
from csm_blender.core.farm.plan import Plan
from csm_blender.core.jobs.job import Job
from csm_blender.core.jobs.job_records import IllegalMove, LeaseLost, SentBefore
from csm_blender.core.jobs.states import JobState
from csm_blender.core.messages import Message

S = JobState
URL = "https://api.csm.example"


class Clock:
    """Counts only what a test says, as the monotonic clock of one machine."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Three jobs: two for one session, one for another."""
    return plan_of(tmp_path, [spec("SESSION_1"), spec("SESSION_1"), spec("SESSION_2")], URL)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """What ended is not known to be dead, as on another machine."""
    monkeypatch.setattr(Holder, "is_dead", lambda _self: False)


def test_a_job_nobody_has_touched_is_queued(plan: Plan) -> None:
    folders = JobFolders(plan)
    job = folders.get(plan.job_id(3))
    assert job is not None
    assert (job.state, job.session_code, job.base_url, job.revision) == (S.QUEUED, "SESSION_2", URL, 0)
    assert not (plan.folder / "results").exists(), "looking writes nothing"
    assert folders.get("no such job") is None


def test_one_of_two_has_a_job(plan: Plan) -> None:
    here, there = JobFolders(plan), JobFolders(plan)
    job = held(here)
    assert not there.claim(job.job_id, "there", LEASE_S)
    job = here.update(job, owner="me", state=S.CHECKING, message=Message("Checking"))
    assert there.get(job.job_id) == job
    with pytest.raises(LeaseLost):
        there.update(job, owner="there", progress=0.5)
    here.let_go(job.job_id)
    assert there.claim(job.job_id, "there", LEASE_S)
    assert not here.claim(job.job_id, "me", LEASE_S)


def test_a_dead_process_of_this_machine_is_not_waited_for(plan: Plan) -> None:
    claimed_by_ended_process(plan.job_folder(plan.job_id(1)))
    assert JobFolders(plan).claim(plan.job_id(1), "me", LEASE_S)


@pytest.mark.usefixtures("elsewhere")
def test_a_silent_holder_is_taken_over_after_a_lease_of_watching(plan: Plan) -> None:
    clock = Clock()
    here, there = JobFolders(plan), JobFolders(plan, clock)
    job = held(here)
    assert not there.claim(job.job_id, "there", LEASE_S)
    clock.now_s += LEASE_S - 1.0
    assert not there.claim(job.job_id, "there", LEASE_S)
    clock.now_s += 1.0
    assert there.claim(job.job_id, "there", LEASE_S)
    with pytest.raises(LeaseLost):
        here.update(job, owner="me", progress=0.5)
    assert not here.holds(job.job_id)


@pytest.mark.usefixtures("elsewhere")
def test_a_holder_that_shows_it_lives_keeps_the_job_whatever_the_clocks_say(plan: Plan) -> None:
    """The clocks of the two machines are an hour apart and run on their own; only the journal's growth counts."""
    mine, yours = Clock(), Clock()
    yours.now_s = 3600.0
    here, there = JobFolders(plan, mine), JobFolders(plan, yours)
    job = held(here)
    for _ in range(20):
        yours.now_s += LEASE_S / 2.0
        mine.now_s += LEASE_S / 4.0
        here.renew("me", LEASE_S)
        assert not there.claim(job.job_id, "there", LEASE_S)


def test_a_folder_that_is_gone_keeps_no_other_job_from_being_held(plan: Plan) -> None:
    clock = Clock()
    folders = JobFolders(plan, clock)
    gone, kept = held(folders, 1), held(folders, 3)
    before = folders.journal(kept.job_id).length
    shutil.rmtree(folders.folder(gone.job_id))
    clock.now_s += LEASE_S
    with pytest.raises(StoreDiskProblem):
        folders.renew("me", LEASE_S)
    assert folders.journal(kept.job_id).length > before


@pytest.mark.usefixtures("elsewhere")
def test_watching_begins_with_the_first_look(plan: Plan) -> None:
    """However long ago a worker died: who just came has not watched it yet."""
    clock = Clock()
    clock.now_s = 1e6
    job = held(JobFolders(plan))
    assert not JobFolders(plan, clock).claim(job.job_id, "there", LEASE_S)


def test_what_a_zombie_writes_changes_nothing(plan: Plan) -> None:
    here, there = JobFolders(plan), JobFolders(plan)
    job = held(here)
    journal = plan.job_folder(job.job_id) / "claim-1.jsonl"
    here.let_go(job.job_id)
    taken = held(there, owner="there")
    there.update(taken, owner="there", state=S.CHECKING)
    with journal.open("ab") as file:
        file.write(b'{"state": "FAILED", "revision": 99}\n')
    found = JobFolders(plan).get(job.job_id)
    assert found is not None
    assert found.state is S.CHECKING


def test_the_record_outlives_its_holder(plan: Plan) -> None:
    here, there = JobFolders(plan), JobFolders(plan)
    job = submitting(here)
    job = here.update(job, owner="me", message=Message("Waiting for {name}", name="it"), gets=3, watched_s=1.5)
    here.release("me")
    assert held(there, owner="there") == job
    assert isinstance(job.message, Message)


def test_moves_that_are_not_known_are_refused(plan: Plan) -> None:
    folders = JobFolders(plan)
    job = held(folders)
    with pytest.raises(IllegalMove):
        folders.update(job, owner="me", state=S.READY)


def test_the_log_tells_the_life_of_a_job(plan: Plan) -> None:
    folders = JobFolders(plan)
    job = submitting(folders)
    folders.update(job, owner="me", faults=1, message=Message("Busy"))
    lines = (plan.job_folder(job.job_id) / LOG_NAME).read_text(encoding="utf-8").splitlines()
    assert [line.split(" ", 1)[1].split(":")[0] for line in lines] == ["CHECKING", "SUBMITTING", "SUBMITTING"]
    assert lines[-1].endswith("Busy")


def test_the_files_of_a_result_are_where_the_folder_is_now(tmp_path: Path) -> None:
    folders = folders_of(tmp_path / "plan", [file_spec(tmp_path / "a.glb")])
    job = held(folders)
    job = folders.update(job, owner="me", state=S.CONVERTING)
    box = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    result = JobResult(ConversionReport(Fitted(*box), blend="/elsewhere/refined.blend"), "/elsewhere/delivered.mesh")
    folders.update(job, owner="me", state=S.READY, result=result)
    folders.release("me")
    shutil.move(tmp_path / "plan", tmp_path / "moved")
    moved = JobFolders(Plan.read(tmp_path / "moved")).get(job.job_id)
    assert moved is not None
    assert moved.result is not None
    assert moved.result.conversion.blend == str(tmp_path / "moved" / "results" / job.job_id / "refined.blend")
    assert moved.result.glb == str(tmp_path / "moved" / "results" / job.job_id / "delivered.mesh")


# --- paid once -----------------------------------------------------------------------------------------------------


def test_the_first_request_goes_out_and_no_second(plan: Plan) -> None:
    folders = JobFolders(plan)
    job = submitting(folders)
    assert folders.begin_post(job, "me") is None
    posted = folders.get(job.job_id)
    assert posted is not None
    assert (bool(posted.posted_at), posted.posts) == (True, 1)
    with pytest.raises(SentBefore):
        folders.begin_post(posted, "me")


def killed_after_the_mark(folders: JobFolders, job: Job) -> None:
    """The mark is on the disk, the record not: the worker died in between."""
    folders._write = lambda *_args: (_ for _ in ()).throw(KeyboardInterrupt)  # type: ignore[method-assign]  # dies there
    with pytest.raises(KeyboardInterrupt):
        folders.begin_post(job, "me")


def killed_after_the_record(folders: JobFolders, job: Job) -> None:
    assert folders.begin_post(job, "me") is None


def killed_as_the_mark_was_written(folders: JobFolders, job: Job) -> None:
    (folders.folder(job.job_id) / "request-1.json").write_bytes(b"")


@pytest.mark.parametrize("kill", [killed_after_the_mark, killed_after_the_record, killed_as_the_mark_was_written])
@pytest.mark.usefixtures("elsewhere")
def test_after_a_kill_nobody_sends_again(plan: Plan, kill: Callable[[JobFolders, Job], None]) -> None:
    clock = Clock()
    here, there = JobFolders(plan), JobFolders(plan, clock)
    job = submitting(here)
    kill(here, job)
    assert not there.claim(job.job_id, "there", LEASE_S)
    clock.now_s = LEASE_S
    again = held(there, owner="there")
    assert again.state is S.SUBMITTING
    with pytest.raises(SentBefore):
        there.begin_post(again, "there")
    known = there.get(job.job_id)
    assert known is not None
    assert known.posted_at, "so that a retry only looks"


@pytest.mark.usefixtures("elsewhere")
def test_a_paused_worker_that_wakes_up_cannot_pay_after_its_successor_did(plan: Plan) -> None:
    clock = Clock()
    here, there = JobFolders(plan), JobFolders(plan, clock)
    job = submitting(here)  # and then this machine sleeps
    there.claim(job.job_id, "there", LEASE_S)
    clock.now_s = LEASE_S
    taken = held(there, owner="there")
    assert there.begin_post(taken, "there") is None
    with pytest.raises(LeaseLost):
        here.begin_post(job, "me")


@pytest.mark.parametrize("blind", [False, True])
def test_between_two_jobs_of_a_session_one_pays(plan: Plan, monkeypatch: pytest.MonkeyPatch, blind: bool) -> None:
    """Also where the second worker's listing of the folder is out of date, as network file systems have it."""
    here, there = JobFolders(plan), JobFolders(plan)
    first, second = submitting(here, 1), submitting(there, 2, "there")
    assert here.begin_post(first, "me") is None
    if blind:
        monkeypatch.setattr("csm_blender.core.farm.job_folders.standing_mark", lambda _folder: (0, ""))
    other = there.begin_post(second, "there")
    assert other is not None
    assert other.job_id == first.job_id
    assert not there.get(second.job_id).posted_at  # type: ignore[union-attr]  # it is there


def test_what_was_accepted_is_shared(plan: Plan) -> None:
    here, there = JobFolders(plan), JobFolders(plan)
    first, second = submitting(here, 1), submitting(there, 2, "there")
    assert there.siblings(second) == []
    here.begin_post(first, "me")
    first = here.get(first.job_id)  # type: ignore[assignment]  # it is there
    here.update(first, owner="me", state=S.REFINING, accepted_at="2026-01-01")
    (other,) = there.siblings(second)
    assert other.accepted_at
    assert other == there.begin_post(second, "there")


def test_where_nothing_was_sent_the_next_request_goes_out(plan: Plan) -> None:
    here, there = JobFolders(plan), JobFolders(plan)
    first, second = submitting(here, 1), submitting(there, 2, "there")
    here.begin_post(first, "me")
    first = here.get(first.job_id)  # type: ignore[assignment]  # it is there
    first = here.unbegin_post(first, "me")
    assert (first.posted_at, first.posts) == ("", 0)
    assert there.begin_post(second, "there") is None
    assert here.begin_post(first, "me") is not None


def test_a_refusal_of_the_service_lets_a_person_ask_again(plan: Plan) -> None:
    folders = JobFolders(plan)
    job = submitting(folders)
    folders.begin_post(job, "me")
    job = folders.get(job.job_id)  # type: ignore[assignment]  # it is there
    folders.update(job, owner="me", posted_at="")
    assert folders.begin_post(job, "me") is None


def test_only_jobs_of_the_service_send(tmp_path: Path) -> None:
    folders = folders_of(tmp_path, [file_spec(tmp_path / "a.glb")])
    job = held(folders)
    with pytest.raises(IllegalMove):
        folders.begin_post(job, "me")
    assert folders.siblings(job) == []


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    folders = folders_of(tmp_path, [file_spec(tmp_path / "a.glb")])
    (tmp_path / "results").write_text("in the way")
    with pytest.raises(StoreDiskProblem, match="cannot be used"):
        folders.claim(folders.plan.job_id(1), "me", LEASE_S)


def test_errors_come_back_as_they_were(plan: Plan) -> None:
    folders = JobFolders(plan)
    job = submitting(folders)
    error = BadMesh("It has {count} holes.", count=3).as_dict()
    folders.update(job, owner="me", state=S.FAILED, error=error)
    folders.release("me")
    found = JobFolders(plan).get(job.job_id)
    assert found is not None
    assert found.error == error
    assert found.finished_at
