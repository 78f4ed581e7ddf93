# SPDX-License-Identifier: GPL-3.0-or-later
"""What version 1.0.0 left behind goes on with this one: its store, its .blend, and a call of its command line.

The data: ``tests/data/make_1_0_0.py``. The store without Blender: ``tests/unit/core/jobs/test_store_of_1_0_0.py``.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import fit_measure as fm
import pytest
from blender_scenes import Csm, plain_measure
from data_of_1_0_0 import CODES, COMMAND_LINE_CODE, unpacked
from tiny_glb import glb

import csm_blender
from csm_blender.core.jobs.store import Store
from csm_blender.scene.commands import new_job
from csm_blender.scene.jobs import restore
from csm_blender.scene.properties import state_of


@pytest.fixture
def root(tmp_path: Path, service: Any) -> Path:
    """The data, and a service that knows their sessions. Those that 1.0.0 paid for are refined by now."""
    mesh = tmp_path / "mesh.glb"
    mesh.write_bytes(glb())
    for code in (*CODES.values(), COMMAND_LINE_CODE):
        service.add_session(code, mesh, style="2024", raw_result=str(mesh), refine_seconds=0.0)
    for code in (CODES["REFINING"], CODES["DOWNLOADING"], CODES["CONVERTING"], CODES["READY"], COMMAND_LINE_CODE):
        service.refine(code)
    return unpacked(tmp_path, service.url)


@pytest.fixture
def opened(root: Path, service: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[bpy.types.Scene]:
    """The scene of 1.0.0 with the add-on, on the machine where it was saved."""
    yield from _open(root, service, monkeypatch)


@pytest.fixture
def opened_elsewhere(root: Path, service: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[bpy.types.Scene]:
    """The same on a machine that has no such store."""
    shutil.rmtree(root / "jobs")
    yield from _open(root, service, monkeypatch)


def _open(root: Path, service: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[bpy.types.Scene]:
    for name, value in {"CSM_BASE_URL": service.url, "CSM_API_KEY": service.key, "CSM_HOME": root / "jobs"}.items():
        monkeypatch.setitem(os.environ, name, str(value))
    bpy.ops.wm.read_factory_settings(use_empty=True)
    csm_blender.register()
    bpy.ops.wm.open_mainfile(filepath=str(root / "scene.blend"))
    yield bpy.context.scene
    csm_blender.unregister()
    bpy.ops.wm.read_factory_settings(use_empty=True)


def record_of(scene: bpy.types.Scene, state: str) -> Any:
    return next(record for record in state_of(scene).jobs if record.session_code == CODES[state])


def run(scene: bpy.types.Scene, state: str) -> Any:
    """Take the job on to its end, as an operator without a window does. Gives its record."""
    new_job.run_to_end([record_of(scene, state).job_id], bpy.context)
    return record_of(scene, state)


def check_placed(scene: bpy.types.Scene, state: str) -> None:
    record = record_of(scene, state)
    assert (record.status, record.target, record.result) == ("PLACED", state.title(), f"{state.title()}_refined")
    assert record.fit_error < 1e-5
    result, target = scene.objects[record.result], scene.objects[record.target]
    assert target.hide_viewport
    if state == "PLACED":  # inside the box of 0.5 x 0.6 x 0.9, on a custom pivot
        assert list(result.dimensions) == pytest.approx([0.5, 0.5, 0.5], abs=1e-5)
        assert list(result.location) == pytest.approx([14.0, 1.0, 0.25], abs=1.0)
    else:
        assert fm.distance(fm.result_corners(result), fm.result_corners(target)) < 1e-5


def posts(service: Any) -> dict[str, int]:
    return dict(service.counts()["post"])


# --- the .blend ----------------------------------------------------------------------------------------------------
def test_what_the_file_says_is_read(opened: bpy.types.Scene) -> None:
    state = state_of(opened)
    assert [record.status for record in state.jobs] == [record.target.upper() for record in state.jobs]
    assert {record.target.upper(): record.session_code for record in state.jobs} == CODES
    assert (state.pivot, state.fit, list(state.custom_pivot)) == ("CUSTOM", "INSIDE", [0.25, -0.5, 0.5])
    drawn = opened.objects["Custom"].csm
    assert drawn.use_custom_box
    assert (list(drawn.custom_box_min), list(drawn.custom_box_max)) == ([-1.0, -0.5, 0.0], [1.0, 0.5, 3.0])
    assert list(drawn.custom_box_size) == pytest.approx([2.0, 1.0, 3.0])
    failed, placed = record_of(opened, "FAILED"), record_of(opened, "PLACED")
    assert (failed.error_code, failed.hint) == ("no_credits", "Look at the credits of your CSM account.")
    assert opened.objects["Placed"].csm.job_id == placed.job_id
    assert list(placed.scaled_bbox) == pytest.approx([0.5, 0.9, 0.6])
    check_placed(opened, "PLACED")


def test_its_jobs_are_taken_in_and_a_ready_one_is_placed(opened: bpy.types.Scene, service: Any) -> None:
    before = posts(service)
    restore.read_file()
    state = state_of(opened)
    assert [record.status for record in state.jobs] == [record.target.upper() for record in state.jobs]
    run(opened, "READY")
    check_placed(opened, "READY")
    assert posts(service) == before, "nothing is sent"


@pytest.mark.parametrize("state", ["REFINING", "DOWNLOADING", "CONVERTING"])
def test_an_interrupted_job_goes_on_and_is_not_paid_again(opened: bpy.types.Scene, service: Any, state: str) -> None:
    before = posts(service)
    restore.read_file()
    run(opened, state)
    check_placed(opened, state)
    assert posts(service) == before


@pytest.mark.parametrize("state", ["QUEUED", "CHECKING"])
def test_a_job_that_was_never_sent_is_sent_once(opened: bpy.types.Scene, service: Any, state: str) -> None:
    before = posts(service)
    restore.read_file()
    run(opened, state)
    check_placed(opened, state)
    assert posts(service) == {**before, CODES[state]: 1}


def test_a_job_whose_request_was_under_way_is_looked_after_and_never_sent_again(
    opened: bpy.types.Scene, service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = posts(service)
    restore.read_file()
    monkeypatch.setattr("csm_blender.core.pipeline.submit.LOOKS_AFTER_LOST_ANSWER", 1)
    assert run(opened, "SUBMITTING").status == "UNCERTAIN"
    assert posts(service) == before


def test_a_placed_job_can_be_placed_again(opened: bpy.types.Scene) -> None:
    restore.read_file()
    record = record_of(opened, "PLACED")
    bpy.data.objects.remove(opened.objects[record.result])
    assert bpy.ops.csm.place(job_id=record.job_id) == {"FINISHED"}
    check_placed(opened, "PLACED")


# --- the .blend, on another machine --------------------------------------------------------------------------------
def test_elsewhere_the_records_become_jobs_again(opened_elsewhere: bpy.types.Scene, service: Any) -> None:
    restore.read_file()
    found = {record.target.upper(): record.status for record in state_of(opened_elsewhere).jobs}
    assert found == {
        "QUEUED": "CANCELLED",  # a request that was never sent is not sent by opening a file
        "CHECKING": "CANCELLED",
        "SUBMITTING": "UNCERTAIN",
        "REFINING": "REFINING",
        "DOWNLOADING": "REFINING",
        "CONVERTING": "REFINING",
        "READY": "REFINING",
        "PLACED": "PLACED",
        "FAILED": "FAILED",
        "CANCELLED": "CANCELLED",
        "UNCERTAIN": "UNCERTAIN",
    }


def test_elsewhere_an_interrupted_job_goes_on_and_is_placed(opened_elsewhere: bpy.types.Scene, service: Any) -> None:
    before = posts(service)
    restore.read_file()
    for state in ("REFINING", "READY"):
        run(opened_elsewhere, state)
        check_placed(opened_elsewhere, state)
    assert posts(service) == before


def test_elsewhere_a_record_of_a_newer_version_is_left_as_it_is(opened_elsewhere: bpy.types.Scene) -> None:
    """As this version does with the next one's."""
    record = record_of(opened_elsewhere, "REFINING")
    record.spec_json = record.spec_json.replace("{", '{"of_tomorrow": 1, ', 1)
    before = record.spec_json
    restore.read_file()
    assert (record.status, record.spec_json) == ("REFINING", before)
    assert record.message == "This job was made by a newer CSM Refine"
    assert record.hint == "Update CSM Refine. The job is left as it is."


# --- the command line ----------------------------------------------------------------------------------------------
@pytest.fixture
def csm(root: Path, service: Any) -> Csm:
    return Csm(root, service)


def test_the_command_line_lists_the_jobs(csm: Csm) -> None:
    listed = csm("jobs", "--json")
    assert listed.status == 0, listed.stderr
    assert {job["session"]: job["status"] for job in listed.jobs} == {
        **{code: state for state, code in CODES.items()},
        COMMAND_LINE_CODE: "REFINING",
    }
    failed = next(job for job in listed.jobs if job["status"] == "FAILED")
    assert failed["error"]["code"] == "no_credits"
    placed = next(job for job in listed.jobs if job["status"] == "PLACED")
    assert placed["result"]["triangles"] == 12
    assert placed["requests"] == {"get": 2, "post": 1, "download_bytes": 760}


def test_resume_finishes_the_interrupted_call(csm: Csm, root: Path) -> None:
    done = csm("resume", "--json")
    assert done.status == 0, done.stderr
    assert [(job["session"], job["status"]) for job in done.jobs] == [(COMMAND_LINE_CODE, "PLACED")]
    found = plain_measure(root / "output.blend", "Chair=Chair_refined")["Chair=Chair_refined"]
    assert found["corner_error"] <= 1e-5
    store = Store(root / "jobs")
    assert {job.spec.object_name.upper(): str(job.state) for job in store.jobs() if not job.spec.run_id} == {
        state: state for state in CODES
    }, "the jobs of the scene are left alone"
    store.close()
    assert csm.service.counts()["post"][COMMAND_LINE_CODE] == 1
