# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators without a window: the same names do the whole job and return when it is done."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest
from blender_scenes import enabled

from csm_blender.scene.jobs import restore
from csm_blender.scene.jobs.state import file_state
from csm_blender.scene.properties import state_of

FIRST, SECOND = "SESSION_P_44569824122", "SESSION_1700000001_0000001"


@pytest.fixture
def scene(tmp_path: Path, service: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[bpy.types.Scene]:
    with enabled(monkeypatch, tmp_path, service) as scene:
        yield scene


def test_refine_blocks_and_places(scene: bpy.types.Scene) -> None:
    assert bpy.ops.csm.refine(session_code=FIRST, target="Cube") == {"FINISHED"}
    record = state_of(scene).jobs[0]
    assert (record.status, record.target, record.result) == ("PLACED", "Cube", "Cube_refined")
    assert record.fit_error < 1e-5
    assert bpy.data.objects["Cube"].hide_viewport
    assert bpy.ops.csm.toggle_original(job_id=record.job_id) == {"FINISHED"}
    assert not bpy.data.objects["Cube"].hide_viewport
    assert bpy.ops.csm.clear_finished() == {"FINISHED"}
    assert len(state_of(scene).jobs) == 0


def test_refine_selected_takes_each_object_by_its_own_code(scene: bpy.types.Scene) -> None:
    bpy.ops.mesh.primitive_cone_add(location=(4, 0, 0))
    for name, code in (("Cube", FIRST), ("Cone", SECOND)):
        bpy.data.objects[name].csm.session_code = code
        bpy.data.objects[name].select_set(True)
    assert bpy.ops.csm.refine_selected() == {"FINISHED"}
    assert sorted(record.result for record in state_of(scene).jobs) == ["Cone_refined", "Cube_refined"]


def test_several_selected_get_one_result_in_their_common_box(scene: bpy.types.Scene) -> None:
    cube = bpy.data.objects["Cube"]  # from -1 to 1
    bpy.ops.mesh.primitive_cube_add(size=2.0, location=(4, 0, 0))
    other = bpy.context.object
    cube.select_set(True)
    bpy.context.view_layer.objects.active = cube
    assert bpy.ops.csm.refine(session_code=FIRST) == {"FINISHED"}
    record = state_of(scene).jobs[0]
    assert list(record.scaled_bbox) == pytest.approx([6.0, 2.0, 2.0], rel=1e-6)
    assert list(bpy.data.objects[record.result].dimensions) == pytest.approx([6.0, 2.0, 2.0], rel=1e-5)
    assert cube.hide_viewport
    assert other.hide_viewport


def test_a_custom_box_is_refined_to_and_its_pivot_can_be_snapped(scene: bpy.types.Scene) -> None:
    cube = bpy.data.objects["Cube"]  # from -1 to 1
    cube.scale.x = -1.0
    bpy.context.view_layer.objects.active = cube
    cube.csm.use_custom_box = True
    cube.csm.custom_box_size = (3.0, 2.0, 5.0)
    assert bpy.ops.csm.snap_pivot(point="ORIGIN") == {"FINISHED"}
    assert list(state_of(scene).custom_pivot) == pytest.approx([0.0, 0.0, -0.3], abs=1e-6)
    assert bpy.ops.csm.snap_pivot(point="TOP_FRONT_RIGHT") == {"FINISHED"}
    assert bpy.ops.csm.refine(session_code=FIRST, target="Cube") == {"FINISHED"}
    record = state_of(scene).jobs[0]
    assert list(record.scaled_bbox) == pytest.approx([3.0, 5.0, 2.0], rel=1e-6)
    assert list(record.pivot_point) == [0.5, 0.5, 0.5]
    assert record.fit_error < 1e-5
    result = bpy.data.objects[record.result]
    assert list(result.location) == pytest.approx([1.5, -1.0, 4.0], abs=1e-5)  # x to the right also when mirrored
    bpy.context.view_layer.objects.active = cube  # the result took its place
    assert bpy.ops.csm.reset_box() == {"FINISHED"}
    assert list(cube.csm.custom_box_size) == pytest.approx([2.0, 2.0, 2.0], abs=1e-6)
    cube.csm.custom_box_min = (0.5, 0.5, 0.5)
    with pytest.raises(RuntimeError, match="outside its box"):
        bpy.ops.csm.snap_pivot(point="ORIGIN")


def test_linked_copies_get_the_result_where_that_is_chosen(scene: bpy.types.Scene) -> None:
    cube = bpy.data.objects["Cube"]
    copy = bpy.data.objects.new("Copy", cube.data)
    copy.location.x = 5.0
    scene.collection.objects.link(copy)
    state_of(scene).original = "REPLACE"
    state_of(scene).copies = "NEVER"
    bpy.ops.csm.refine(session_code=FIRST, target="Cube")
    assert copy.data != cube.data
    bpy.ops.csm.toggle_original()
    state_of(scene).copies = "REPLACING"
    bpy.ops.csm.refine(session_code=SECOND, target="Cube")
    assert copy.data == cube.data


def test_an_earlier_version_can_be_shown_again(scene: bpy.types.Scene) -> None:
    for code in (FIRST, SECOND):
        bpy.ops.csm.refine(session_code=code, target="Cube")
    first, second = (bpy.data.objects[record.result] for record in state_of(scene).jobs)
    assert (first.hide_viewport, second.hide_viewport) == (True, False)
    assert bpy.ops.csm.show_version(number=1) == {"FINISHED"}
    assert (first.hide_viewport, second.hide_viewport) == (False, True)
    assert bpy.ops.csm.show_version(number=0) == {"FINISHED"}
    assert (first.hide_viewport, second.hide_viewport, bpy.data.objects["Cube"].hide_viewport) == (True, True, False)


def test_wrong_use_is_said_and_nothing_is_recorded(scene: bpy.types.Scene, service: Any) -> None:
    for arguments in ({"session_code": "nonsense", "target": "Cube"}, {"session_code": FIRST, "target": "None such"}):
        with pytest.raises(RuntimeError, match=r"is not a session code|no object"):
            bpy.ops.csm.refine(**arguments)
    assert len(state_of(scene).jobs) == 0
    assert service.counts()["refines"] == {}


def test_a_file_decides_neither_about_paths_nor_about_sending(scene: bpy.types.Scene) -> None:
    bpy.ops.csm.refine(session_code=FIRST, target="Cube")
    record = state_of(scene).jobs[0]
    spec = json.loads(record.spec_json)
    spec |= {"output": "/etc/passwd", "export_path": "/etc/passwd", "run_id": "x"}
    spec["asset"] = {"place": "LIBRARY", "library": "None such", "folder": "/etc", "author": ""}
    record.spec_json = json.dumps(spec)
    record.job_id, record.status = "f" * 32, "QUEUED"
    record.was_posted = record.was_accepted = False
    restore.read_file()
    job = file_state().jobs["f" * 32]
    assert str(job.state) == "CANCELLED"
    assert (job.spec.output, job.spec.export_path, job.spec.run_id) == ("", "", "")
    assert job.spec.choices.asset.folder == ""


@pytest.mark.parametrize("job_id", ["../../x", "", "A" * 32])
def test_a_made_up_job_id_never_reaches_the_disk(scene: bpy.types.Scene, job_id: str) -> None:
    record = state_of(scene).jobs.add()
    record.job_id, record.status = job_id, "REFINING"
    restore.read_file()
    assert state_of(scene).jobs[0].status == "FAILED"
    assert file_state().jobs == {}
