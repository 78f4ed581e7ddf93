# SPDX-License-Identifier: GPL-3.0-or-later
"""What support is sent: enough to help, and no key, link or address."""

from __future__ import annotations

import json
from pathlib import Path

from job_states import job_in

from csm_blender.core.jobs.states import JobState
from csm_blender.core.jobs.store import Store
from csm_blender.core.jobs.support_report import MOST_JOBS, support_report
from csm_blender.core.version import VERSION


def test_it_tells_versions_states_requests_errors_and_history(tmp_path: Path) -> None:
    store = Store(tmp_path)
    error = {"code": "no_credits", "message": "No credits.", "hint": "Pay."}
    job = job_in(store, JobState.UNCERTAIN, gets=3, posts=1, error=error)
    report = json.loads(json.dumps(support_report(store, [job])))
    assert report["csm_refine"] == VERSION
    assert all(report[name] for name in ("blender", "python", "requests", "sqlite", "platform"))
    [told] = report["jobs"]
    assert (told["job_id"], told["session"], told["state"]) == (job.job_id, "SESSION_1", "UNCERTAIN")
    assert (told["requests"], told["error"]) == ({"get": 3, "post": 1}, error)
    assert [event["state"] for event in told["events"]] == ["QUEUED", "CHECKING", "SUBMITTING", "UNCERTAIN"]
    store.close()


def test_no_link_and_no_address_is_told(tmp_path: Path) -> None:
    store = Store(tmp_path)
    secret = "see https://store.example/jane@studio.example/mesh.glb?sig=abc of jane@studio.example"
    error = {"code": "bad_mesh", "message": secret, "hint": secret}
    job = store.update(job_in(store, JobState.CHECKING), state=JobState.FAILED, message=secret, error=error)
    text = json.dumps(support_report(store, [job]))
    assert "sig=abc" not in text
    assert "jane" not in text
    assert "mesh.glb" in text
    store.close()


def test_only_the_last_jobs_are_told(tmp_path: Path) -> None:
    store = Store(tmp_path)
    jobs = [job_in(store, JobState.QUEUED) for _ in range(MOST_JOBS + 2)]
    told = support_report(store, jobs)["jobs"]
    assert [entry["job_id"] for entry in told] == [job.job_id for job in jobs[2:]]
    store.close()
