# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs of files and objects get their mesh without the service: no key, no request, and nothing that could be paid."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jobs_at_hand import QuickDraw, delivered, drive, idle_converters, spec
from small_service import CODE, bench
from tiny_glb import glb

from csm_blender.core.errors import SourceChanged, UsageError
from csm_blender.core.jobs import actions
from csm_blender.core.jobs.job import Job
from csm_blender.core.jobs.job_records import IllegalMove
from csm_blender.core.jobs.states import JobState
from csm_blender.core.jobs.store import Store
from csm_blender.core.models import Choices
from csm_blender.core.pipeline import local_source
from csm_blender.core.pipeline.pipeline import Pipeline
from csm_blender.core.processes.converter_pool import BLEND_NAME, MESH_NAME
from csm_blender.core.remesh import RemeshOptions
from csm_blender.core.settings import NO_SERVICE
from csm_blender.core.sources import Engine, Facing, Source, SourceKind

LOCAL = Choices(engine=Engine.LOCAL, facing=Facing.AUTO)
S = JobState


class Desk:
    """A store, and a pipeline without a key or an address."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder / "jobs")
        self.pipeline = Pipeline(self.store, NO_SERVICE, idle_converters(), "me", draw=QuickDraw())
        self.file = folder / "chair.glb"
        self.file.write_bytes(glb())

    def add(self, source: Source, choices: Choices = LOCAL, job_id: str = "") -> Job:
        return self.store.add(spec("", choices=choices, file_or_object=source), "https://example.com", job_id)

    def add_file(self) -> Job:
        return self.add(Source(SourceKind.FILE, str(self.file)))

    def mesh(self, job: Job) -> Path:
        return self.store.folder(job.job_id) / MESH_NAME

    def drive(self, job: Job) -> Job:
        return drive(self.pipeline, self.store, job.job_id, until=delivered)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.store.close()


def test_a_file_is_copied_into_its_job_and_may_go_away_then(desk: Desk) -> None:
    job = desk.drive(desk.add_file())
    assert (job.state, job.gets, job.posts, job.base_url) == (S.CONVERTING, 0, 0, "")
    assert desk.mesh(job).read_bytes() == glb()
    assert job.glb_sha256 == hashlib.sha256(glb()).hexdigest()
    assert [state for _at, state, _text in desk.store.events(job.job_id)] == ["QUEUED", "CONVERTING"]
    desk.file.unlink()
    desk.store.release("me")
    assert desk.store.waiting_for_worker("https://any.service") == [job.job_id], "any worker takes it up"


def test_a_file_that_is_gone_fails_with_a_sentence_and_retry_takes_it_when_it_is_back(desk: Desk) -> None:
    job = desk.add_file()
    desk.file.rename(desk.file.with_name("moved"))
    failed = desk.drive(job)
    assert failed.state is S.FAILED
    assert failed.error is not None
    assert (failed.error["code"], bool(failed.error["hint"])) == ("bad_source", True)
    assert "not there any more" in failed.error["message"]
    desk.file.write_bytes(glb())
    assert desk.drive(actions.retry(desk.store, failed)).state is S.CONVERTING


def test_a_file_that_is_being_written_is_waited_for_a_while(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    copies = []

    def copy(path: Path, *arguments: Any) -> Any:
        copies.append(path)
        if len(copies) == 1:
            raise local_source_changed
        return original(path, *arguments)

    local_source_changed = SourceChanged("The file {path} is being written.", path=desk.file)
    original = local_source.copy_source
    monkeypatch.setattr(local_source, "copy_source", copy)
    job = desk.drive(desk.add_file())
    assert (job.state, len(copies), job.faults) == (S.CONVERTING, 2, 0)


def test_a_file_that_grows_from_step_to_step_is_copied_when_it_is_whole(desk: Desk) -> None:
    looks: list[int] = []

    def write_on(job: Job) -> None:
        looks.append(desk.file.stat().st_size)
        if len(looks) < 4:
            desk.file.write_bytes(glb()[: len(looks) * 20])
        elif len(looks) == 4:
            desk.file.write_bytes(glb())

    desk.file.write_bytes(glb()[:4])
    job = drive(desk.pipeline, desk.store, desk.add_file().job_id, until=delivered, before=write_on)
    assert desk.mesh(job).read_bytes() == glb()
    assert len(looks) > 4


def test_a_large_file_can_be_cancelled_while_it_is_copied(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("csm_blender.core.pipeline.retrieve.PROGRESS_LOOK_S", -1.0)
    desk.file.write_bytes(bytes(8 * 1024**2))
    job = desk.add_file()
    original = desk.store.get

    def get(job_id: str) -> Job | None:
        found = original(job_id)
        if found and found.progress > 0.2 and not found.cancel_requested:
            return desk.store.update(found, cancel_requested=True)
        return found

    monkeypatch.setattr(desk.store, "get", get)
    assert desk.drive(job).state is S.CANCELLED
    assert not list(desk.store.folder(job.job_id).iterdir())


def test_a_converter_that_fails_is_told_as_about_a_file_of_the_user(desk: Desk) -> None:
    """This Python has no bpy, so every converter dies."""
    job = drive(desk.pipeline, desk.store, desk.add_file().job_id, until=lambda job: job.state is S.FAILED)
    assert job.error is not None
    assert (job.error["code"], job.error["hint"]) == ("conversion_failed", "Export it again, best as .glb, then retry.")


def test_an_object_is_found_where_it_was_written(desk: Desk) -> None:
    job_id = "1" * 32
    folder = desk.store.folder(job_id)
    folder.mkdir(parents=True)
    (folder / MESH_NAME).write_bytes(b"BLENDER")
    job = desk.drive(desk.add(Source(SourceKind.OBJECT, "Raw"), job_id=job_id))
    assert (job.state, job.glb_sha256) == (S.CONVERTING, hashlib.sha256(b"BLENDER").hexdigest())
    gone = desk.drive(desk.add(Source(SourceKind.OBJECT, "Raw")))
    assert gone.state is S.FAILED
    assert gone.error is not None
    assert "'Raw'" in gone.error["message"]


def test_a_copy_that_was_damaged_is_made_again(desk: Desk) -> None:
    job = desk.drive(desk.add_file())
    desk.mesh(job).write_bytes(b"cut")
    other = Pipeline(desk.store, NO_SERVICE, idle_converters(), "me", draw=QuickDraw())
    assert other.advance(job.job_id) == 0.0
    again = desk.store.get(job.job_id)
    assert again is not None
    assert again.state is S.QUEUED
    assert desk.drive(again).state is S.CONVERTING
    assert desk.mesh(job).read_bytes() == glb()


@pytest.mark.parametrize("engine", [Engine.LOCAL, Engine.NONE])
@pytest.mark.parametrize("state", [S.CHECKING, S.SUBMITTING])
def test_such_a_job_sends_no_request_whatever_state_it_is_brought_into(desk: Desk, engine: Engine, state: S) -> None:
    job = desk.store.add(spec("SESSION_1", choices=Choices(engine=engine)), "https://example.com")
    for step in (S.CHECKING, S.SUBMITTING)[: 1 + (state is S.SUBMITTING)]:
        job = desk.store.update(job, state=step)
    assert desk.store.claim(job.job_id, "me", 10.0)
    with pytest.raises(IllegalMove):
        desk.store.begin_post(job, "me")


@pytest.mark.parametrize(
    ("engine", "meshes", "wanted"),
    [
        (Engine.LOCAL, ("mesh_url_glb", "preview_mesh_url_glb"), "preview_mesh_url_glb"),
        (Engine.LOCAL, ("mesh_url_glb",), "mesh_url_glb"),
        (Engine.NONE, ("mesh_url_glb", "preview_mesh_url_glb"), "mesh_url_glb"),
        (Engine.NONE, ("preview_mesh_url_glb",), "preview_mesh_url_glb"),
        (Engine.LOCAL, (), ""),
    ],
)
def test_a_session_without_the_service_gives_its_free_mesh(
    tmp_path: Path, engine: Engine, meshes: tuple[str, ...], wanted: str
) -> None:
    with bench(tmp_path) as at:
        at.service.file = glb()
        at.service.shown |= {name: f"{at.service.url}/{name}.glb" for name in meshes}
        job = at.store.add(spec(CODE, choices=Choices(engine=engine)), at.settings.base_url)
        done = at.steps(job, S.CONVERTING if wanted else S.FAILED)
        fetched = [request.path for request in at.service.proxy.requests if request.kind == "file"]
        assert (at.service.count("submit"), done.posts) == (0, 0)
        assert fetched == ([f"/{wanted}.glb"] if wanted else [])
        if not wanted:
            assert done.error is not None
            assert done.error["code"] == "session_not_ready"


def test_other_settings_are_tried_on_the_same_copy(desk: Desk) -> None:
    job = desk.drive(desk.add_file())
    desk.file.unlink()
    other = Choices(engine=Engine.LOCAL, facing=Facing.TURN_90, remesh=RemeshOptions(triangles=10_000))
    again = actions.convert_again(desk.store, job, other)
    assert (again.state, again.spec.choices, again.glb_sha256) == (S.CONVERTING, other, job.glb_sha256)
    assert desk.mesh(again).read_bytes() == glb()
    assert desk.store.get(job.job_id) == job
    sent = actions.send_again(desk.store, job)
    assert (sent.state, sent.spec) == (S.CONVERTING, job.spec)


def test_what_the_service_refined_is_not_converted_again_as_a_new_job(desk: Desk) -> None:
    job = desk.store.add(spec("SESSION_1"), "https://example.com")
    with pytest.raises(UsageError):
        actions.convert_again(desk.store, job, LOCAL)


def test_a_placed_result_is_made_again_from_the_copy_where_it_was_cleaned_away(desk: Desk) -> None:
    job = desk.drive(desk.add_file())
    for state in (S.READY, S.PLACED):
        job = desk.store.update(job, state=state)
    blend = desk.store.folder(job.job_id) / BLEND_NAME
    assert not blend.exists()
    assert actions.place_again(desk.store, job).state is S.CONVERTING


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("conversion_failed", S.CONVERTING),
        ("not_enough_memory", S.CONVERTING),
        ("bad_mesh", S.QUEUED),
        ("", S.CONVERTING),
    ],
)
def test_retry_begins_with_the_copy_unless_the_file_itself_was_bad(desk: Desk, code: str, state: S) -> None:
    job = desk.drive(desk.add_file())
    error = {"code": code, "message": "no", "hint": "yes"} if code else None
    ended = desk.store.update(job, state=S.FAILED if code else S.CANCELLED, error=error)
    assert actions.retry(desk.store, ended).state is state
