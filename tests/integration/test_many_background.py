# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions for many objects without a window: the operators do it at once, without a dialog."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

import csm_blender
from csm_blender.scene.placement import assets
from csm_blender.scene.properties import state_of, tag_of

FIRST, SECOND = "SESSION_P_44569824122", "SESSION_1700000001_0000001"


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[bpy.types.Scene]:
    """Chair 2, Chair 10 and Table, the start-up file's camera and light, and an empty mesh."""
    monkeypatch.setitem(os.environ, "CSM_HOME", str(tmp_path))
    bpy.ops.wm.read_factory_settings()
    csm_blender.register()
    bpy.data.objects.remove(bpy.data.objects["Cube"])
    for name in ("Chair 10", "Chair 2", "Table"):
        bpy.ops.mesh.primitive_cube_add()
        bpy.context.object.name = name
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("Nothing", bpy.data.meshes.new("Nothing")))
    yield bpy.context.scene
    csm_blender.unregister()


def given(scene: bpy.types.Scene) -> dict[str, str]:
    return {obj.name: tag_of(obj).session_code for obj in scene.objects if tag_of(obj).session_code}


def select(*names: str) -> None:
    for obj in bpy.context.scene.objects:
        obj.select_set(obj.name in names)


def selected() -> list[str]:
    return sorted(obj.name for obj in bpy.context.selected_objects)


def jobs_file(folder: Path, *rows: tuple[str, str]) -> str:
    path = folder / "set.csmjobs"
    path.write_text(json.dumps([{"session": session, "object": name} for session, name in rows]))
    return str(path)


def test_a_jobs_file_gives_objects_their_sessions_and_selects_them(scene: bpy.types.Scene, tmp_path: Path) -> None:
    scene.objects["Chair 2"].hide_set(True)
    rows = [(FIRST, "Chair 2"), (SECOND, "Table"), ("bad", "Chair 10"), (FIRST, "Sofa"), (FIRST, "Camera")]
    rows += [(FIRST, "Nothing"), (FIRST, "Table"), (FIRST, "Chair 10+Table")]
    assert bpy.ops.csm.import_jobs(filepath=jobs_file(tmp_path, *rows)) == {"FINISHED"}
    assert given(scene) == {"Chair 2": FIRST, "Table": SECOND}
    assert selected() == ["Table"]
    assert bpy.context.view_layer.objects.active.name == "Table"


def test_an_object_whose_name_holds_a_plus_is_one_object(scene: bpy.types.Scene, tmp_path: Path) -> None:
    scene.objects["Table"].name = "Chair 2+Table"
    bpy.ops.csm.import_jobs(filepath=jobs_file(tmp_path, (FIRST, "Chair 2+Table")))
    assert given(scene) == {"Chair 2+Table": FIRST}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("session|object\n", "unknown column"),
        (f"session,object\n{FIRST},Sofa\nbad,Table\n", r"No job of the file fits this scene.*Sofa: Not in this scene"),
        (None, "cannot be read"),
    ],
)
def test_a_file_of_no_use_changes_nothing(scene: bpy.types.Scene, tmp_path: Path, text: str | None, says: str) -> None:
    path = tmp_path / "set.csv"
    if text is not None:
        path.write_text(text)
    select("Chair 10")
    with pytest.raises(RuntimeError, match=says):
        bpy.ops.csm.import_jobs(filepath=str(path))
    assert (given(scene), selected()) == ({}, ["Chair 10"])


def test_codes_of_a_text_go_to_the_selected_in_the_order_of_their_names(scene: bpy.types.Scene) -> None:
    select("Chair 10", "Chair 2", "Table", "Light")
    assert bpy.ops.csm.pair_codes(text=f"first {FIRST} then {SECOND}.") == {"FINISHED"}
    assert given(scene) == {"Chair 2": FIRST, "Chair 10": SECOND}
    assert selected() == ["Chair 10", "Chair 2"]


def test_a_text_without_codes_or_nothing_fit_selected_changes_nothing(scene: bpy.types.Scene) -> None:
    select("Chair 10", "Chair 2")
    with pytest.raises(RuntimeError, match="no session code in the text"):
        bpy.ops.csm.pair_codes(text="hello")
    select("Light")
    with pytest.raises(RuntimeError, match="No selected object can be refined"):
        bpy.ops.csm.pair_codes(text=FIRST)
    assert given(scene) == {}


def test_sessions_are_assigned_in_object_mode_only(scene: bpy.types.Scene, tmp_path: Path) -> None:
    bpy.context.view_layer.objects.active = scene.objects["Table"]
    bpy.ops.object.mode_set(mode="EDIT")
    with pytest.raises(RuntimeError, match="poll"):
        bpy.ops.csm.import_jobs(filepath=jobs_file(tmp_path, (FIRST, "Table")))


def test_files_can_be_dropped_onto_a_3d_view_only() -> None:
    class Place:
        scene = bpy.context.scene

        def __init__(self, kind: str) -> None:
            self.area = type("Area", (), {"type": kind})

    from csm_blender.ui.batch_operators import CSM_FH_jobs

    assert [CSM_FH_jobs.poll_drop(Place(kind)) for kind in ("VIEW_3D", "TEXT_EDITOR")] == [True, False]


def test_a_library_is_known_by_its_name_and_its_folder_by_this_machine(scene: bpy.types.Scene, tmp_path: Path) -> None:
    libraries: Any = bpy.context.preferences.filepaths.asset_libraries
    libraries.new(name="Props", directory=str(tmp_path))
    state = state_of(scene)
    state.as_asset, state.asset_library = "LIBRARY", "Props"
    wish = assets.wish_of(scene)
    assert (wish.library, Path(wish.folder)) == ("Props", tmp_path)
    state.asset_library = "Gone"
    assert assets.wish_of(scene).folder == ""
    state.as_asset = "OFF"
    assert assets.wish_of(scene) == assets.AssetChoice()
