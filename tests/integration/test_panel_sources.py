# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panel offers for each source and engine, and its operators without a key, a network and a window."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import bpy
import numpy as np
import pytest
from fit_glbs import letter, plain
from panels import Drawn, InSidebar

import csm_blender
from csm_blender.core.models import Choices
from csm_blender.core.sources import Engine, Facing, Source, SourceKind
from csm_blender.scene.commands import new_job
from csm_blender.scene.jobs.state import file_state
from csm_blender.scene.properties import state_of
from csm_blender.ui import scene_defaults
from csm_blender.ui.job_panel import draw_job
from csm_blender.ui.panel import CSM_PT_refine
from csm_blender.ui.planned_request import choices_of
from csm_blender.ui.refine_operators import CSM_OT_refine

KEY = "k" * 32


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[bpy.types.Scene]:
    """The start-up file's cube, active, and a raw mesh; there is no key, and the store has a folder of its own."""
    monkeypatch.setitem(os.environ, "CSM_HOME", str(tmp_path / "jobs"))
    monkeypatch.delenv("CSM_API_KEY", raising=False)
    monkeypatch.setitem(os.environ, "CSM_BASE_URL", "http://127.0.0.1:9")  # needs no online access
    bpy.ops.wm.read_factory_settings()
    csm_blender.register()
    bpy.ops.mesh.primitive_cone_add()
    bpy.context.object.name = "Raw"
    bpy.context.view_layer.objects.active = bpy.data.objects["Cube"]
    for obj in bpy.data.objects:
        obj.select_set(obj.name == "Cube")
    yield bpy.context.scene
    csm_blender.unregister()


@pytest.fixture
def mesh_file(tmp_path: Path) -> str:
    path = tmp_path / "letter.glb"
    path.write_bytes(plain(*letter()))
    return str(path)


def drawn() -> dict[str, bool]:
    seen: dict[str, bool] = {}
    CSM_PT_refine.draw(SimpleNamespace(layout=Drawn(seen)), InSidebar())
    return seen


def missing() -> str:
    return str(CSM_OT_refine.missing_in_panel(InSidebar()))


def test_without_a_key_a_new_file_opens_on_files_and_with_one_on_sessions(
    scene: bpy.types.Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene_defaults.apply()
    assert (state_of(scene).source, state_of(scene).engine) == ("FILE", "LOCAL")
    assert missing().startswith("No file is chosen")
    assert "csm.open_preferences" not in drawn(), "nothing is missing"
    monkeypatch.setitem(os.environ, "CSM_API_KEY", KEY)
    scene_defaults.apply()
    assert (state_of(scene).source, state_of(scene).engine) == ("SESSION", "SERVICE")


@pytest.mark.parametrize(
    ("source", "field"), [("SESSION", "session_code"), ("FILE", "filepath"), ("OBJECT", "source_object")]
)
def test_each_source_has_its_field_and_what_cannot_work_is_gray(
    scene: bpy.types.Scene, source: str, field: str
) -> None:
    state_of(scene).source = source
    seen = drawn()
    assert {name for name in ("session_code", "filepath", "source_object") if name in seen} == {field}
    assert seen["engine SERVICE"] is (source == "SESSION")
    assert seen["engine LOCAL"]
    assert ("csm.open_preferences" in seen) is (source == "SESSION"), "a key is asked for only where it is needed"
    for engine, has_detail in (("LOCAL", True), ("NONE", False)):
        state_of(scene).engine = engine
        seen = drawn()
        assert (("detail" in seen), ("texture_size" in seen)) == (has_detail, has_detail)
        assert "What Will Be Sent" not in seen
        assert "triangles" not in seen, "a custom number only"
    state_of(scene).engine = "LOCAL"
    state_of(scene).triangles = 1234
    assert "triangles" in drawn()


def test_detail_and_number_of_faces_follow_each_other(scene: bpy.types.Scene) -> None:
    state = state_of(scene)
    for detail, faces in (("LOW", 5_000), ("HIGH", 100_000), ("CUSTOM", 100_000), ("MEDIUM", 20_000)):
        state.detail = detail
        assert (state.detail, state.triangles) == (detail, faces)
    state.triangles = 700
    assert state.detail == "CUSTOM"


def test_the_service_comes_back_with_sessions(scene: bpy.types.Scene) -> None:
    state = state_of(scene)
    state.source = "FILE"
    assert state.engine == "LOCAL"
    assert choices_of(scene, kind=None).engine is Engine.LOCAL
    assert choices_of(scene, SourceKind.SESSION).engine is Engine.SERVICE, "for a session that is named"
    state.source = "SESSION"
    assert state.engine == "SERVICE"
    state.engine, state.source, state.source = "LOCAL", "OBJECT", "SESSION"
    assert state.engine == "LOCAL", "as it was chosen"


def test_what_is_missing_is_said_for_each_source(scene: bpy.types.Scene, mesh_file: str) -> None:
    state = state_of(scene)
    state.source = "SESSION"
    assert "key" in missing()
    state.source = "FILE"
    for path in ("/meshes/chair.blend", "chair", "SESSION_P_44569824122"):
        state.filepath = path
        assert missing().startswith(f"'{Path(path).name}' is no mesh file that can be read. Choose a .glb"), path
        assert "session" not in missing(), "nor any other words of the command line"
    state.filepath = mesh_file
    assert missing() == ""
    state.source = "OBJECT"
    assert missing().startswith("No object is chosen")
    state.source_object = bpy.data.objects["Cube"]
    assert "is the block-out itself" in missing()
    state.source_object = bpy.data.objects["Raw"]
    assert missing() == ""
    bpy.context.view_layer.objects.active = None
    assert "Select the block-out" in missing()
    bpy.context.view_layer.objects.active = bpy.data.objects["Light"]
    assert missing().startswith("'Light' is a light, which has no size. Select the block-out: the object that")
    assert any("Select the block-out" in text for text in drawn()), "not only in a tooltip"


def test_refined_turned_and_refined_again_without_key_and_network(scene: bpy.types.Scene, mesh_file: str) -> None:
    state = state_of(scene)
    assert bpy.ops.csm.refine(source=mesh_file, target="Cube", engine="none") == {"FINISHED"}
    assert bpy.ops.csm.refine(source="object:Raw", target="Cube", engine="none") == {"FINISHED"}
    record = state.jobs[0]
    assert (record.status, record.target, record.source) == ("PLACED", "Cube", mesh_file)
    assert record.fit_error < 1e-5
    result = bpy.data.objects[record.result]
    before = np.array([vertex.co for vertex in result.data.vertices])
    assert bpy.ops.csm.turn(job_id=record.job_id) == {"FINISHED"}
    assert not np.allclose([vertex.co for vertex in result.data.vertices], before, atol=1e-3)

    state.triangles, state.texture_size, state.facing = 300, "0", "180"
    assert bpy.ops.csm.refine_again(job_id=record.job_id, engine="LOCAL") == {"FINISHED"}
    new = file_state().jobs[state.jobs[2].job_id]
    choices = new.spec.choices
    assert (choices.engine, choices.facing, choices.remesh.triangles) == (Engine.LOCAL, Facing.TURN_180, 300)
    assert new.spec.source.text == mesh_file


def test_the_card_tells_what_the_local_engine_did(scene: bpy.types.Scene, mesh_file: str) -> None:
    state = state_of(scene)
    state.source, state.filepath, state.triangles, state.texture_size = "FILE", mesh_file, 300, "0"
    assert bpy.ops.csm.refine() == {"FINISHED"}
    seen = drawn()
    for text in ("Triangles Before", "Triangles After", "Watertight", "Bodies Dropped", "csm.turn", "csm.refine_again"):
        assert text in seen, text
    assert "csm.send_again" not in seen, "nothing would be sent"


def test_a_job_under_way_is_drawn_as_quickly_in_a_large_scene(scene: bpy.types.Scene, mesh_file: str) -> None:
    source = Source(SourceKind.FILE, mesh_file)
    new_job.start_job(source, [bpy.data.objects["Cube"]], bpy.context, Choices(engine=Engine.NONE))

    def seconds() -> float:
        begun_s = time.perf_counter()
        draw_job(InSidebar(), Drawn({}), state_of(scene).jobs[0])
        return time.perf_counter() - begun_s

    alone_s = min(seconds() for _ in range(10))
    for number in range(5000):
        scene.collection.objects.link(bpy.data.objects.new(f"Prop {number}", bpy.data.objects["Raw"].data))
    assert min(seconds() for _ in range(10)) < 10.0 * alone_s, "no object but its own is looked at"


def test_a_result_of_this_source_is_refined_again_where_refine_was(scene: bpy.types.Scene, mesh_file: str) -> None:
    state = state_of(scene)
    state.source, state.filepath, state.engine = "FILE", mesh_file, "NONE"
    assert "csm.refine" in drawn()
    assert bpy.ops.csm.refine() == {"FINISHED"}
    result = bpy.data.objects[state.jobs[0].result]
    bpy.context.view_layer.objects.active = result
    assert CSM_OT_refine.job_to_refine_again(InSidebar()) == state.jobs[0].job_id
    assert "csm.refine" not in drawn()
    state.filepath = mesh_file.replace("letter", "another")
    assert CSM_OT_refine.job_to_refine_again(InSidebar()) == ""
    assert "csm.refine" in drawn()


def test_what_is_fitted_inside_is_not_called_exact_and_an_object_is_called_by_its_name(scene: bpy.types.Scene) -> None:
    state_of(scene).fit = "INSIDE"
    assert bpy.ops.csm.refine(source="object:Raw", target="Cube", engine="none") == {"FINISHED"}
    seen = drawn()
    assert "Placed, fits inside" in seen
    assert "Placed, fits exactly" not in seen
    assert "Raw" in seen
    assert "object:Raw" not in seen


def test_files_that_fit_no_object_are_reported_and_not_raised(scene: bpy.types.Scene, mesh_file: str) -> None:
    path = Path(mesh_file)
    with pytest.raises(RuntimeError, match="No file fits an object") as caught:  # Blender raises reports for scripts
        bpy.ops.csm.choose_files(directory=str(path.parent), files=[{"name": path.name}])
    assert "Traceback" not in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"engine": "service"}, "knows sessions only"),
        ({"engine": "best"}, "is no engine"),
        ({"source": "object:None such"}, "no object"),
        ({"source": "/missing.glb"}, "no file"),
        ({"source": "SESSION_1_2"}, "key"),
    ],
)
def test_wrong_use_is_said_and_nothing_is_recorded(
    scene: bpy.types.Scene, mesh_file: str, wrong: dict[str, str], said: str
) -> None:
    with pytest.raises(RuntimeError, match=said):
        bpy.ops.csm.refine(**({"source": mesh_file, "target": "Cube"} | wrong))
    assert len(state_of(scene).jobs) == 0


def test_where_handles_are_missing_the_panel_says_why(scene: bpy.types.Scene) -> None:
    cube = bpy.context.active_object

    def is_said() -> bool:
        return any("Handles appear in" in text for text in drawn())

    bpy.ops.object.mode_set(mode="EDIT")
    assert not is_said(), "there are none of a measured box"
    for owner, name, value in ((cube.csm, "use_custom_box", True), (state_of(scene), "pivot", "CUSTOM")):
        before = getattr(owner, name)
        setattr(owner, name, value)
        assert is_said()
        bpy.ops.object.mode_set(mode="OBJECT")
        assert not is_said()
        bpy.ops.object.mode_set(mode="EDIT")
        setattr(owner, name, before)
    bpy.ops.object.mode_set(mode="OBJECT")
