# SPDX-License-Identifier: GPL-3.0-or-later
"""Sources as they come: what cannot work is refused with a sentence and a hint before anything starts; the rest works.

Nothing of the artist's is changed either way.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest
from fit_glbs import letter, plain

import csm_blender
from csm_blender.core.errors import CsmError
from csm_blender.core.files.source_text import parse_source
from csm_blender.core.models import Choices
from csm_blender.core.sources import Engine, Source, SourceKind
from csm_blender.scene.commands import decisions, new_job
from csm_blender.scene.properties import state_of

AS_IT_IS = Choices(engine=Engine.NONE)
GLB = plain(*letter())


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[bpy.types.Scene]:
    """Five block-outs, and raw meshes of all kinds; one is linked from another file."""
    monkeypatch.setitem(os.environ, "CSM_HOME", str(tmp_path / "jobs"))
    monkeypatch.delenv("CSM_API_KEY", raising=False)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    add("Linked", bpy.ops.mesh.primitive_cone_add)
    bpy.data.libraries.write(str(tmp_path / "library.blend"), {bpy.data.objects["Linked"]})
    bpy.ops.wm.read_factory_settings(use_empty=True)
    csm_blender.register()
    for number in range(5):
        add(f"Block {number}", bpy.ops.mesh.primitive_cube_add)
    for name in ("Modified", "Keyed", "Deleted", "Edited"):
        add(name, bpy.ops.mesh.primitive_cone_add)
    bpy.data.objects["Modified"].modifiers.new("Array", "ARRAY")
    bpy.data.objects["Keyed"].shape_key_add(name="Basis")
    bpy.data.objects["Keyed"].shape_key_add(name="Tall").value = 1.0
    points = bpy.data.meshes.new("Points")
    points.from_pydata([(0.0, 0.0, 0.0), (1.0, 0.0, 0.0)], [(0, 1)], [])
    bpy.context.collection.objects.link(bpy.data.objects.new("Faceless", points))
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=True) as (_there, here):
        here.objects = ["Linked"]
    bpy.context.collection.objects.link(bpy.data.objects["Linked"])
    yield bpy.context.scene
    csm_blender.unregister()


def add(name: str, make: Callable[[], Any]) -> None:
    make()
    bpy.context.object.name = name


def state() -> dict[str, Any]:
    """All that an artist would see changed."""
    return {
        obj.name: (
            [tuple(vertex.co) for vertex in obj.data.vertices],
            tuple(map(tuple, obj.matrix_world)),
            [modifier.type for modifier in obj.modifiers],
            len(obj.data.shape_keys.key_blocks) if obj.data.shape_keys else 0,
            obj.hide_viewport,
        )
        for obj in bpy.data.objects
        if not obj.name.startswith("Block")
    }


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("missing.glb", "There is no file"),
        ("folder.glb", "is a folder"),
        ("empty.glb", "is empty"),
        (f"{'n' * 300}.glb", "cannot be read"),
        (r"\\server\share\chair.glb", "There is no file"),
        ("//server/share/chair.glb", "There is no file"),
        ("chair.blend", "is no mesh file"),
        ("object:Faceless", "has no faces"),
        ("object:Edited", "is being edited"),
        ("object:Block 0", "is the block-out itself"),
        ("object:Nobody", "There is no object"),
        ("object:", "names no object"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_starts(
    scene: bpy.types.Scene, tmp_path: Path, source: str, said: str
) -> None:
    (tmp_path / "folder.glb").mkdir()
    (tmp_path / "empty.glb").touch()
    if source == "object:Edited":
        bpy.context.view_layer.objects.active = scene.objects["Edited"]
        bpy.ops.object.mode_set(mode="EDIT")
    before = state()
    with pytest.raises(CsmError, match=said) as refused:
        new_job.start_job(parse_source(source, tmp_path), [scene.objects["Block 0"]], bpy.context, AS_IT_IS)
    assert refused.value.hint
    assert len(state_of(scene).jobs) == 0
    assert state() == before
    assert not list((tmp_path / "jobs").glob("*/delivered.mesh*"))


def test_whatever_it_is_called_and_made_of_it_is_taken_as_it_looks(scene: bpy.types.Scene, tmp_path: Path) -> None:
    odd = tmp_path / 'it\'s "a" 🪑 = 50%.glb'
    odd.write_bytes(GLB)
    bpy.context.view_layer.update()
    before = state()
    sources = [parse_source(f'"{odd}"')]
    sources += [Source(SourceKind.OBJECT, name) for name in ("Linked", "Modified", "Keyed", "Deleted")]
    jobs = [
        new_job.start_job(source, [scene.objects[f"Block {number}"]], bpy.context, AS_IT_IS)
        for number, source in enumerate(sources)
    ]
    assert state() == before
    bpy.data.objects.remove(scene.objects["Deleted"])
    bpy.data.objects.remove(scene.objects["Block 4"])  # its block-out, too
    new_job.run_to_end([job.job_id for job in jobs], bpy.context)
    for job in jobs:
        record = next(record for record in state_of(scene).jobs if record.job_id == job.job_id)
        assert (record.status, record.error) == ("PLACED", ""), record.source
        assert record.fit_error <= 1e-5
    assert "it was deleted" in decisions.job_of(jobs[-1].job_id).message
    after = state()
    assert {name: after[name] for name in before if name != "Deleted"} == {
        name: value for name, value in before.items() if name != "Deleted"
    }


def test_a_file_that_is_taken_away_before_it_was_copied_fails_its_job_with_a_hint(
    scene: bpy.types.Scene, tmp_path: Path
) -> None:
    path = tmp_path / "chair.glb"
    path.write_bytes(GLB)
    job = new_job.start_job(Source(SourceKind.FILE, str(path)), [scene.objects["Block 0"]], bpy.context, AS_IT_IS)
    path.unlink()
    new_job.run_to_end([job.job_id], bpy.context)
    record = state_of(scene).jobs[0]
    assert record.status == "FAILED"
    assert "is not there any more" in record.error
    assert "Put it back" in record.hint
    path.write_bytes(GLB)
    decisions.retry(decisions.job_of(job.job_id))
    new_job.run_to_end([job.job_id], bpy.context)
    assert state_of(scene).jobs[0].status == "PLACED"
