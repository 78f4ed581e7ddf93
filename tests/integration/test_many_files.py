# SPDX-License-Identifier: GPL-3.0-or-later
"""Many files without a window: each into the object of its name, at once and without a dialog."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import bpy
import pytest
from fit_glbs import letter, plain

import csm_blender
from csm_blender import registration
from csm_blender.core.errors import UsageError
from csm_blender.core.messages import Message
from csm_blender.core.models import Choices
from csm_blender.core.sources import Engine
from csm_blender.scene.commands import batch
from csm_blender.scene.properties import state_of

AS_IT_IS = Choices(engine=Engine.NONE)


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[bpy.types.Scene]:
    """Chair 2, Chair 10 and Table, and the camera and the light of the start-up file."""
    monkeypatch.setitem(os.environ, "CSM_HOME", str(tmp_path / "jobs"))
    monkeypatch.delenv("CSM_API_KEY", raising=False)
    bpy.ops.wm.read_factory_settings()
    csm_blender.register()
    bpy.data.objects.remove(bpy.data.objects["Cube"])
    for name in ("Chair 10", "Chair 2", "Table"):
        bpy.ops.mesh.primitive_cube_add()
        bpy.context.object.name = name
    for obj in bpy.data.objects:
        obj.select_set(False)
    state_of(bpy.context.scene).source, state_of(bpy.context.scene).engine = "FILE", "NONE"
    yield bpy.context.scene
    csm_blender.unregister()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files of which two fit, one is empty, one fits nothing and one is no mesh."""
    folder = tmp_path / "meshes"
    folder.mkdir()
    for name in ("chair_02.glb", "CHAIR-10.glb", "Lamp.glb"):
        (folder / name).write_bytes(plain(*letter()))
    (folder / "table.glb").touch()
    (folder / "notes.txt").touch()
    return folder


def test_the_files_of_a_folder_go_to_the_objects_of_their_names(scene: bpy.types.Scene, folder: Path) -> None:
    assert bpy.ops.csm.refine_files(directory=str(folder)) == {"FINISHED"}
    found = {Path(record.source).name: (record.target, record.status) for record in state_of(scene).jobs}
    assert found == {"chair_02.glb": ("Chair 2", "PLACED"), "CHAIR-10.glb": ("Chair 10", "PLACED")}
    again = {
        pair.session: pair.object_name for pair in batch.pairs_of_files([str(folder / "chair_02.glb")], bpy.context)
    }
    assert list(again.values()) == ["Chair 2"], "and not the result, whose name begins alike"


def test_what_is_left_out_is_listed_with_its_reason(scene: bpy.types.Scene, folder: Path) -> None:
    files = [str(path) for path in sorted(folder.glob("*.glb"))]
    found = {Path(pair.session).name: pair for pair in batch.pairs_of_files(files, bpy.context)}
    assert {name: pair.object_name for name, pair in found.items() if not pair.problem} == {
        "chair_02.glb": "Chair 2",
        "CHAIR-10.glb": "Chair 10",
    }
    assert "is empty" in found["table.glb"].problem
    assert found["Lamp.glb"].problem == "No object has its name"
    for name in ("Chair 2", "Table"):
        scene.objects[name].select_set(True)
    chairs = [str(folder / name) for name in ("CHAIR-10.glb", "chair_02.glb")]
    found = {pair.session or pair.object_name: pair for pair in batch.pairs_of_files(chairs, bpy.context)}
    assert found[chairs[0]].problem, "its object is not selected"
    assert found[chairs[1]].object_name == "Chair 2"
    assert found["Table"].problem == "No file has its name"
    with pytest.raises(UsageError, match="No file fits an object"):
        batch.pairs_of_files([str(folder / "Lamp.glb")], bpy.context)
    assert len(state_of(scene).jobs) == 0


def test_only_named_files_are_taken_and_wrong_use_is_said(scene: bpy.types.Scene, folder: Path, tmp_path: Path) -> None:
    names = [{"name": "chair_02.glb"}, {"name": "notes.txt"}]
    assert bpy.ops.csm.refine_files(directory=str(folder), files=names) == {"FINISHED"}
    assert [record.target for record in state_of(scene).jobs] == ["Chair 2"]
    for wrong, said in (("", "No files are named"), (tmp_path / "gone", "cannot be read"), (tmp_path, "no mesh files")):
        with pytest.raises(RuntimeError, match=said):
            bpy.ops.csm.refine_files(directory=str(wrong))


def test_what_the_next_operator_reports_is_reported_by_the_one_that_called_it(
    scene: bpy.types.Scene, tmp_path: Path
) -> None:
    with pytest.raises(RuntimeError, match=r"^Error: The folder .* holds no mesh files") as told:
        bpy.ops.csm.choose_files(directory=str(tmp_path))
    assert "Traceback" not in str(told.value)
    bpy.context.view_layer.objects.active = scene.objects["Table"]
    bpy.ops.object.mode_set(mode="EDIT")
    with pytest.raises(RuntimeError, match=r"^Error: Switch to Object Mode to refine several files"):
        bpy.ops.csm.choose_files(directory=str(tmp_path))


def test_an_object_that_is_deleted_before_its_turn_begins_no_job(scene: bpy.types.Scene, folder: Path) -> None:
    pairs = batch.pairs_of_files([str(path) for path in sorted(folder.glob("*.glb"))], bpy.context)
    assert batch.begin_files(pairs, bpy.context, AS_IT_IS) == 2
    bpy.data.objects.remove(bpy.data.objects["Chair 2"])
    while batch.file_batch().waiting:
        batch._start_some()
    assert [record.target for record in state_of(scene).jobs] == ["Chair 10"]
    assert batch.file_batch().refused == []
    batch.begin_files(pairs[:1], bpy.context, AS_IT_IS)
    while batch.file_batch().waiting:
        batch._start_some()
    assert "already being refined" in batch.file_batch().refused[0]


def test_a_batch_ends_with_its_file(scene: bpy.types.Scene, folder: Path) -> None:
    pairs = batch.pairs_of_files([str(path) for path in sorted(folder.glob("*.glb"))], bpy.context)
    batch.begin_files(pairs, bpy.context, AS_IT_IS)
    batch.file_batch().refused.append(Message("Chair 2: it was too much"))
    bpy.ops.wm.read_homefile(app_template="", use_factory_startup=True)
    registration._after_load()  # the handler of a Blender with a window
    assert (list(batch.file_batch().waiting), batch.file_batch().refused) == ([], [])
