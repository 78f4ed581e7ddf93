# SPDX-License-Identifier: GPL-3.0-or-later
"""A store that version 1.0.0 wrote is read as it was, and 1.0.0 goes on working with a store of this version."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from data_of_1_0_0 import CODES, COMMAND_LINE_CODE, DATA, unpacked
from jobs_at_hand import spec

from csm_blender.core.api.session import Baseline
from csm_blender.core.jobs.quality_report import card
from csm_blender.core.jobs.states import JobState
from csm_blender.core.jobs.store import DATABASE_NAME, Store

URL = "http://127.0.0.1:1"
S = JobState

COLUMNS_OF_1_0_0 = (
    "job_id", "revision", "state", "session_code", "object_name", "blend_file", "scene_name", "base_url", "run_id",
    "message",
    "progress", "error_json", "spec_json", "baseline_json", "result_json", "glb_sha256", "created_at", "updated_at",
    "posted_at",
    "accepted_at", "finished_at", "seen_running", "watched_s", "faults", "fault_s", "looks_left", "gets", "posts",
    "download_bytes", "cancel_requested", "lease_owner", "lease_until",
)  # fmt: skip

REMEMBERED = {
    # state: was sent, was accepted, message, requests (GET, POST), error
    S.QUEUED: (False, False, "", (0, 0), None),
    S.CHECKING: (False, False, "Looking at the session", (0, 0), None),
    S.SUBMITTING: (True, False, "Asking for the refined mesh", (1, 1), None),
    S.REFINING: (True, True, "Accepted by the service", (1, 1), None),
    S.DOWNLOADING: (True, True, "Refined: fetching the mesh", (2, 1), None),
    S.CONVERTING: (True, True, "Waiting for the converter", (2, 1), None),
    S.READY: (True, True, "Ready to be placed", (2, 1), None),
    S.PLACED: (True, True, "Placed", (2, 1), None),
    S.FAILED: (
        False, False, "The service asks for credits (402).", (1, 1),
        {
            "code": "no_credits",
            "message": "The service asks for credits (402).",
            "hint": "Look at the credits of your CSM account.",
        },
    ),
    S.CANCELLED: (True, True, "Cancelled", (1, 1), None),
    S.UNCERTAIN: (
        True, False, "It did not start as far as the service shows. Please decide", (7, 1),
        {
            "code": "answer_lost",
            "message": "The refine request went out, but no usable answer came back."
            " The service cannot answer right now (500).",
            "hint": "Look again shows whether the refine has started. Send again may spend credits a second time.",
        },
    ),
}  # fmt: skip
"""What the jobs of the scene were like when 1.0.0 was closed."""


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Store]:
    store = Store(unpacked(tmp_path, URL) / "jobs")
    yield store
    store.close()


def columns(database: sqlite3.Connection) -> list[str]:
    return [row[1] for row in database.execute("PRAGMA table_info(jobs)")]


def test_the_data_are_of_the_old_version() -> None:
    with contextlib.closing(sqlite3.connect(f"file:{DATA / 'jobs' / DATABASE_NAME}?immutable=1", uri=True)) as database:
        assert tuple(columns(database)) == COLUMNS_OF_1_0_0


def test_opening_adds_what_is_new_and_tells_nothing(old: Store) -> None:
    assert old.notice == ""
    with contextlib.closing(sqlite3.connect(old.path)) as database:
        assert set(columns(database)) == {*COLUMNS_OF_1_0_0, "message_json"}
        assert database.execute("PRAGMA user_version").fetchone() == (1,)
    again = Store(old.home)
    assert len(again.jobs()) == len(CODES) + 1
    again.close()


@pytest.mark.parametrize("state", REMEMBERED, ids=str)
def test_each_job_is_what_it_was(old: Store, state: JobState) -> None:
    [job] = [job for job in old.jobs() if job.session_code == CODES[str(state)]]
    posted, accepted, message, requests, error = REMEMBERED[state]
    assert job.state is state
    assert (bool(job.posted_at), bool(job.accepted_at), str(job.message)) == (posted, accepted, message)
    assert (job.gets, job.posts) == requests
    assert job.error == error
    assert (job.spec.object_name, job.spec.result_name) == (str(state).title(), f"{str(state).title()}_refined")
    assert job.spec.refinement.pivot_point == ((0.25, 0.5, 0.5) if state is S.PLACED else (0.0, -0.5, 0.0))
    with contextlib.closing(sqlite3.connect(old.path)) as database:
        [row] = database.execute("SELECT spec_json FROM jobs WHERE job_id=?", [job.job_id]).fetchone()
    asked, written = json.loads(json.dumps(job.spec.as_dict())), json.loads(row)
    assert {name: asked[name] for name in written} == written, "as it would be written today"
    assert job.spec.refinement.scaled_bbox == pytest.approx((0.5, 0.9, 0.6))
    assert job.spec.run_id == ""
    looked_at = state not in (S.QUEUED, S.CHECKING)
    assert (job.baseline is not None) == looked_at
    if job.baseline:
        assert isinstance(job.baseline, Baseline)
        assert job.baseline.status == "preview_done"
    assert [at_state for _at, at_state, _text in old.events(job.job_id)][-1] == str(state)


def test_what_was_measured_is_still_told(old: Store) -> None:
    [ready] = old.jobs([S.READY])
    [placed] = old.jobs([S.PLACED])
    before, after = card(ready), card(placed)
    assert before is not None
    assert after is not None
    assert before.good
    assert before.verdict == (
        "Ready, not placed yet. The service was off by 49.8%; this was corrected. Please check: no UVs."
    )
    assert after.good
    assert after.as_dict()["triangles"] == 12
    assert after.size_placed == pytest.approx((0.5, 0.5, 0.5))


def test_what_was_measured_is_written_as_it_was(old: Store) -> None:
    """Result and all: 1.0.0 reads it too."""
    with contextlib.closing(sqlite3.connect(old.path, isolation_level=None)) as database:
        for state in (S.READY, S.PLACED):
            [job] = old.jobs([state])
            [before] = database.execute("SELECT result_json FROM jobs WHERE job_id=?", [job.job_id]).fetchone()
            old.update(job, result=job.result)
            [after] = database.execute("SELECT result_json FROM jobs WHERE job_id=?", [job.job_id]).fetchone()
            assert {name: json.loads(after)[name] for name in json.loads(before)} == json.loads(before)


def test_a_call_of_the_command_line_is_still_bound_to_its_files(old: Store) -> None:
    [job] = [job for job in old.jobs() if job.session_code == COMMAND_LINE_CODE]
    assert job.state is S.REFINING
    assert old.jobs(run_id=job.spec.run_id) == [job]
    root = old.home.parent
    assert (Path(job.spec.blend_file), Path(job.spec.output)) == (root / "command-line.blend", root / "output.blend")


# --- and the other way
INSERT_OF_1_0_0 = (
    "INSERT OR IGNORE INTO jobs (job_id, revision, state, session_code, object_name, blend_file,"
    " scene_name, base_url, run_id, spec_json, created_at, updated_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"
)
REVISION_OF_1_0_0 = "UPDATE counter SET revision=revision+1 RETURNING revision"
EVENT_OF_1_0_0 = "INSERT INTO events VALUES (?,?,?,?)"
UPDATE_OF_1_0_0 = (
    "UPDATE jobs SET revision=?, updated_at=?, state=?, message=?, progress=?, error_json=? WHERE job_id=?"
)
CLAIM_OF_1_0_0 = (
    "UPDATE jobs SET lease_owner=:owner, lease_until=:now+:lease WHERE job_id=:job AND"
    " (lease_owner IN ('', :owner) OR lease_until<:now OR lease_until>:now+:longest)"
)


def test_statements_of_1_0_0_still_work_on_a_store_of_this_version(tmp_path: Path) -> None:
    """Two Blenders with two versions may share a store."""
    store = Store(tmp_path)
    wish = spec("SESSION_1")
    with contextlib.closing(sqlite3.connect(store.path, isolation_level=None)) as old_version:
        revision = old_version.execute(REVISION_OF_1_0_0).fetchone()[0]
        text = json.dumps(wish.as_dict())
        at = "2030-01-01T00:00:00.000+00:00"
        values = ["f" * 32, revision, "QUEUED", "SESSION_1", "", "", "", URL, "", text, at, at]
        assert old_version.execute(INSERT_OF_1_0_0, values).rowcount == 1
        old_version.execute(EVENT_OF_1_0_0, ["f" * 32, at, "QUEUED", ""])
        job = store.get("f" * 32)
        assert job is not None
        assert (job.state, job.spec, job.message) == (S.QUEUED, wish, "")
        store.update(job, state=S.CHECKING, message="Looking at the session")
        error = json.dumps({"code": "bad_mesh", "message": "Bad.", "hint": ""})
        change = [revision + 2, at, "FAILED", "Bad.", 0.5, error, "f" * 32]
        assert old_version.execute(UPDATE_OF_1_0_0, change).rowcount == 1
        lease = {"owner": "old", "now": 1e9, "lease": 50.0, "longest": 300.0, "job": "f" * 32}
        assert old_version.execute(CLAIM_OF_1_0_0, lease).rowcount == 1
    job = store.get("f" * 32)
    assert job is not None
    assert (job.state, job.message, job.progress) == (S.FAILED, "Bad.", 0.5), "not the message that it had before"
    assert job.error == {"code": "bad_mesh", "message": "Bad.", "hint": ""}
    store.close()


def test_every_column_of_1_0_0_is_still_written_in_its_form(tmp_path: Path) -> None:
    store = Store(tmp_path)
    job = store.add(spec("SESSION_1", blend_file="/a.blend", scene_name="Scene", run_id="r"), URL)
    store.claim(job.job_id, "me", 60.0)
    error = {"code": "bad_mesh", "message": "Bad.", "hint": "Retry."}
    baseline = Baseline("preview_done", "", "2030", ("abc",))
    job = store.update(
        job, state=S.FAILED, message="Bad.", progress=0.5, error=error, baseline=baseline,
        glb_sha256="ab", posted_at="2030", accepted_at="2031", seen_running=True, watched_s=1.5, faults=1, fault_s=0.5,
        looks_left=2, gets=3, posts=1, download_bytes=4, cancel_requested=True,
    )  # fmt: skip
    with contextlib.closing(sqlite3.connect(store.path)) as database:
        database.row_factory = sqlite3.Row
        row = dict(database.execute(f"SELECT {', '.join(COLUMNS_OF_1_0_0)} FROM jobs").fetchone())
    assert json.loads(row.pop("spec_json")) == json.loads(json.dumps(job.spec.as_dict()))
    assert json.loads(row.pop("error_json")) == error
    assert row.pop("result_json") == "{}"
    assert json.loads(row.pop("baseline_json")) == {
        "status": "preview_done", "session_status": "", "updated_at": "2030", "mesh_hashes": ["abc"],
    }  # fmt: skip
    assert row.pop("lease_until") > 1e9
    times = [row.pop(name) for name in ("created_at", "updated_at", "finished_at")]
    assert all(time.endswith("+00:00") and len(time) == 29 for time in times)
    assert row == {
        "job_id": job.job_id, "revision": 2, "state": "FAILED", "session_code": "SESSION_1", "object_name": "",
        "blend_file": "/a.blend", "scene_name": "Scene", "base_url": URL, "run_id": "r", "message": "Bad.",
        "progress": 0.5,
        "glb_sha256": "ab", "posted_at": "2030", "accepted_at": "2031", "seen_running": 1, "watched_s": 1.5,
        "faults": 1,
        "fault_s": 0.5, "looks_left": 2, "gets": 3, "posts": 1, "download_bytes": 4, "cancel_requested": 1,
        "lease_owner": "me",
    }  # fmt: skip
    store.close()


def test_a_read_only_store_of_1_0_0_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The column cannot be added there. Root may write everywhere, so SQLite itself is told to write nothing."""
    home = unpacked(tmp_path, URL) / "jobs"
    connect = sqlite3.connect

    def read_only(database: Path, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(database, **options)
        connection.execute("PRAGMA query_only=1")
        return connection

    monkeypatch.setattr(sqlite3, "connect", read_only)
    with contextlib.closing(Store(home)) as store:
        assert {job.state for job in store.jobs()} == set(JobState)
