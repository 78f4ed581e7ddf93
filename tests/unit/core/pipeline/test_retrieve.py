# SPDX-License-Identifier: GPL-3.0-or-later
"""From an accepted request to the delivered mesh: watch, fetch, look over, hand to the converter."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from fault_proxy import answer
from jobs_at_hand import spec
from small_service import Bench, bench
from tiny_glb import glb

from csm_blender.core.api.session import Baseline
from csm_blender.core.conversion import ConversionRequest
from csm_blender.core.errors import BadMesh, UnexpectedAnswer
from csm_blender.core.jobs.states import JobState
from csm_blender.core.pipeline.retrieve import BAD_FILE_TRIES, check_delivered

S = JobState
BEFORE = Baseline("preview_done", "", "earlier", ())


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path) as made:
        made.service.file = glb()
        yield made


def test_a_refine_that_runs_is_told_with_its_percentage(at: Bench) -> None:
    job = at.job(S.REFINING, baseline=BEFORE)
    at.service.shown = {"status": "training_refine", "percent_done": 40, "updated_at": "later"}
    job = at.step(job)
    assert (job.state, job.progress, job.seen_running) == (S.REFINING, 0.4, True)
    assert "40 %" in job.message


def test_a_stale_done_is_not_taken_for_a_new_one(at: Bench) -> None:
    at.service.refined()
    stale = Baseline("refine_done", "", "later", ())
    assert at.step(at.job(S.REFINING, baseline=stale)).state is S.REFINING
    assert at.step(at.job(S.REFINING, baseline=BEFORE)).state is S.DOWNLOADING


def test_a_refine_that_failed_ends_the_job(at: Bench) -> None:
    at.service.shown = {"status": "refine_failed", "updated_at": "later"}
    job = at.step(at.job(S.REFINING, baseline=BEFORE))
    assert job.state is S.FAILED
    assert job.error is not None
    assert job.error["code"] == "refine_failed"
    assert job.error["message"].endswith("(refine_failed).")


def test_the_reason_that_the_service_gives_is_told(at: Bench) -> None:
    reason = f"The mesh at https://storage.example/mesh.glb?sig=abc is empty, {at.settings.key}."
    at.service.shown = {"status": "refine_failed", "updated_at": "later", "status_message": reason}
    error = at.step(at.job(S.REFINING, baseline=BEFORE)).error
    assert error is not None
    assert "(refine_failed: The mesh at https://storage.example" in error["message"]
    assert not any(secret in error["message"] for secret in ("sig=", at.settings.key))


def test_a_refine_is_watched_until_the_deadline(at: Bench) -> None:
    at.service.shown = {"status": "training_refine", "updated_at": "later"}
    watched = at.settings.deadline_s
    assert at.step(at.job(S.REFINING, baseline=BEFORE, watched_s=watched)).state is S.REFINING
    job = at.step(at.job(S.REFINING, baseline=BEFORE, watched_s=watched + 1.0))
    assert job.state is S.FAILED
    assert job.error is not None
    assert job.error["code"] == "deadline_passed"


def test_the_mesh_is_fetched_with_the_link_just_seen_and_handed_on(at: Bench) -> None:
    at.service.refined()
    job = at.steps(at.job(S.REFINING, baseline=BEFORE), S.CONVERTING)
    assert (job.gets, at.service.count("session"), at.service.count("file")) == (1, 1, 1)
    assert (job.glb_sha256, job.download_bytes) == (hashlib.sha256(glb()).hexdigest(), len(glb()))
    assert (at.store.folder(job.job_id) / "delivered.mesh").read_bytes() == glb()


def test_a_preview_is_never_fetched_for_the_refined_mesh(at: Bench) -> None:
    at.service.refined(mesh_url_glb="", preview_mesh_url_glb=f"{at.service.url}/preview.glb")
    job = at.job(S.DOWNLOADING, accepted_at="2030")
    for _ in range(20):
        if not job.needs_worker:
            break
        job = at.step(job)
    assert job.state is S.FAILED
    assert job.error is not None
    assert job.error["code"] == "no_mesh_offered"
    assert at.service.count("file") == 0


def test_a_link_that_the_storage_refuses_leads_to_a_fresh_one_at_once(at: Bench) -> None:
    at.service.refined()
    at.service.faults = {"file": answer(403)}
    job = at.step(at.job(S.DOWNLOADING, accepted_at="2030"))
    assert (job.state, at.delay_s, at.service.count("session")) == (S.DOWNLOADING, 0.0, 1)
    at.service.faults = {}
    job = at.steps(job, S.CONVERTING)
    assert at.service.count("session") == 2


def test_a_file_that_is_no_mesh_is_fetched_a_few_times_and_then_said(at: Bench) -> None:
    at.service.refined()
    at.service.file = glb()[:-4]
    job = at.steps(at.job(S.DOWNLOADING, accepted_at="2030"), S.FAILED)
    assert job.error is not None
    assert (job.error["code"], at.service.count("file")) == ("bad_mesh", BAD_FILE_TRIES)


def test_a_delivered_file_that_is_gone_or_damaged_is_fetched_again(at: Bench) -> None:
    at.service.refined()
    for content in (None, b"damaged"):
        job = at.job(S.CONVERTING, glb_sha256=hashlib.sha256(glb()).hexdigest(), accepted_at="2030")
        if content is not None:
            at.store.folder(job.job_id).mkdir()
            (at.store.folder(job.job_id) / "delivered.mesh").write_bytes(content)
        assert at.step(job).state is S.DOWNLOADING


def test_what_is_delivered_is_looked_over(tmp_path: Path) -> None:
    path = tmp_path / "mesh"
    path.write_bytes(glb())
    check_delivered(path)
    for data, kind in ((b"<!doctype html>", UnexpectedAnswer), (b"{}", BadMesh), (glb()[:-1], BadMesh)):
        path.write_bytes(data)
        with pytest.raises(kind):
            check_delivered(path)


def test_the_converter_is_asked_for_what_the_job_was_made_for(tmp_path: Path) -> None:
    wish = spec("SESSION_1", export_path="/out.glb", scale_length=0.01)
    request = ConversionRequest.of(wish, tmp_path / "mesh", "a job").as_dict()
    assert (request["session"], request["job_id"], request["export"]) == ("SESSION_1", "a job", "/out.glb")
    assert (request["mesh"], request["name"], request["scale_length"]) == (str(tmp_path / "mesh"), "Chair", 0.01)
    assert request["refinement"] == wish.as_dict()["refinement"]
    assert request["placement"] == wish.as_dict()["placement"]
