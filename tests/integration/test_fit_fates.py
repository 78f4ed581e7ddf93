# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of the block-out: hidden, kept or replaced; undone, toggled, refined again. Nothing is ever lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import fit_measure as fm
import numpy as np
import pytest
from fit_bench import Order, Outcome, converted, new_scene, open_file, planned, put, quiet, save
from fit_glbs import Glb, letter, obedient
from fit_kind import OBLIQUE, add, mesh
from mathutils import Matrix

bpy = pytest.importorskip("bpy")

from csm_blender.core.errors import PlacementFailed, UsageError
from csm_blender.core.models import Fit, Materials, Original, Pivot
from csm_blender.core.version import VERSION
from csm_blender.scene.placement import place as placing
from csm_blender.scene.versions.history import block_out_of, can_toggle, show_version, toggle_original, versions

FATES = list(Original)


def furnished() -> bpy.types.Object:
    """A block-out with everything an artist may have tied to it."""
    new_scene()
    parent = add("Room", None, Matrix.Translation((1.0, 0.0, 0.0)))
    obj = add("Chair", mesh(), OBLIQUE)
    obj.parent = parent
    wood, paint = bpy.data.materials.new("Wood"), bpy.data.materials.new("Paint")
    obj.data.materials.append(wood)
    obj.material_slots[0].link = "OBJECT"
    obj.material_slots[0].material = paint
    obj.modifiers.new("Array", "ARRAY").count = 2
    obj.modifiers.new("Off", "BEVEL").show_viewport = False
    obj.constraints.new("LIMIT_SCALE")
    obj["artist"] = "me"
    obj.keyframe_insert("location", frame=1)
    driver = obj.driver_add("color", 0).driver
    driver.expression = "0.5"
    cushion = add("Cushion", mesh(), Matrix())
    cushion.parent = obj
    collection = bpy.data.collections.new("Furniture")
    bpy.context.scene.collection.children.link(collection)
    collection.objects.link(obj)
    place = add("Instance", None, Matrix.Translation((9.0, 0.0, 0.0)))
    place.instance_type, place.instance_collection = "COLLECTION", collection
    add("Twin", obj.data, Matrix.Translation((0.0, 7.0, 0.0))).modifiers.new("Array", "ARRAY").count = 2
    bpy.context.view_layer.update()
    return obj


def dump() -> dict[str, Any]:
    """The file as far as an artist can tell: datablocks, links, transforms, visibility, properties."""
    bpy.context.view_layer.update()
    state: dict[str, Any] = {}
    for kind in ("objects", "meshes", "materials", "images", "collections", "scenes", "libraries", "actions"):
        # Blender counts users anew after undo, so only whether there are any is compared.
        state[kind] = {block.name: (block.use_fake_user, block.users > 0) for block in getattr(bpy.data, kind)}
    for obj in bpy.data.objects:
        state[f"object {obj.name}"] = {
            "data": obj.data.name if obj.data else None,
            # Blender leaves the world matrix of what nobody sees as it was, also in an undo.
            "matrix": [tuple(row) for row in obj.matrix_world] if obj.visible_get() else None,
            "basis": [tuple(row) for row in obj.matrix_basis],
            "hidden": (obj.hide_viewport, obj.hide_render, obj.hide_get()),
            "parent": obj.parent.name if obj.parent else None,
            "parent_type": obj.parent_type,
            "collections": sorted(collection.name for collection in obj.users_collection),
            "modifiers": [(m.name, m.show_viewport, m.show_render) for m in obj.modifiers],
            "constraints": [c.name for c in obj.constraints],
            "slots": [(s.link, s.material.name if s.material else None) for s in obj.material_slots],
            "properties": properties(obj),
            "animated": obj.animation_data is not None and obj.animation_data.action is not None,
            "drivers": len(obj.animation_data.drivers) if obj.animation_data else 0,
            "instance": (obj.instance_type, obj.instance_collection.name if obj.instance_collection else None),
        }
    for block in bpy.data.meshes:
        coordinates = np.empty(len(block.vertices) * 3, dtype=np.float32)
        block.vertices.foreach_get("co", coordinates)
        state[f"mesh {block.name}"] = (coordinates.tolist(), [m.name if m else None for m in block.materials])
    return json.loads(json.dumps(state))


def properties(obj: Any) -> dict[str, str]:
    """What custom properties hold: not where a group lies, nor the empty one that reading a registered group makes."""
    held = {name: value.to_dict() if hasattr(value, "to_dict") else value for name, value in obj.items()}
    return {name: str(value) for name, value in held.items() if value != {}}


def ready(order: Order, tmp_path: Path, name: str = "job") -> Outcome:
    """The order, planned on the file at hand and converted; the file is open again."""
    save(tmp_path / f"{name}.blend")
    spec = planned(order, bpy.context.scene)
    job = converted(spec, order.deliver(spec.refinement.scaled_bbox, spec.refinement.pivot_point), tmp_path / name)
    open_file(tmp_path / f"{name}.blend")
    return Outcome(order, job)


def refine(order: Order, tmp_path: Path, name: str = "job") -> Outcome:
    outcome = ready(order, tmp_path, name)
    put(outcome)
    assert outcome.error is None, str(outcome.error)
    return outcome


def textured(size: object, pivot: object) -> bytes:
    """The letter with a material and UVs."""
    low = (-0.5 - np.array(pivot)) * np.array(size)
    points, faces = letter(low, low + np.array(size))
    glb = Glb()
    index = glb.mesh(points, faces, TEXCOORD_0=glb.accessor(points[:, :2], "VEC2"))
    glb.document["materials"] = [{"name": "Refined"}]
    glb.document["meshes"][index]["primitives"][0]["material"] = 0
    glb.node(mesh=index)
    return glb.bytes()


@pytest.mark.parametrize("copies", [False, True], ids=["one", "copies"])
@pytest.mark.parametrize("fate", FATES, ids=str)
def test_undo_gives_back_the_exact_scene_and_redo_the_other(fate: Original, copies: bool, tmp_path: Path) -> None:
    furnished()
    outcome = ready(Order("Chair", fate, copies=copies, deliver=textured), tmp_path)
    bpy.ops.ed.undo_push(message="before")
    before = dump()
    put(outcome)
    assert outcome.error is None, str(outcome.error)
    assert len(outcome.placed.report.copies) == copies
    after = dump()
    bpy.ops.ed.undo_push(message="Refine Chair")
    assert after != before
    bpy.ops.ed.undo()
    assert dump() == before
    bpy.ops.ed.redo()
    assert dump() == after


@pytest.mark.parametrize("fate", FATES, ids=str)
def test_a_failure_in_the_middle_leaves_the_scene_as_it_was(
    fate: Original, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    furnished()
    outcome = ready(Order("Chair", fate, copies=True, deliver=textured), tmp_path)
    before = dump()

    def broken(*_: Any) -> None:
        raise PlacementFailed("made to fail")

    monkeypatch.setattr(placing._Placing, "report", broken)
    put(outcome)
    assert isinstance(outcome.error, PlacementFailed)
    assert dump() == before


def test_a_missing_file_is_a_clear_error(tmp_path: Path) -> None:
    furnished()
    outcome = ready(Order("Chair"), tmp_path)
    (tmp_path / "job" / "refined.blend").unlink()
    before = dump()
    put(outcome)
    assert isinstance(outcome.error, PlacementFailed)
    assert dump() == before


def test_replace_keeps_all_that_the_object_is(tmp_path: Path) -> None:
    furnished()
    before = dump()["object Chair"]
    cushion = fm.world(bpy.data.objects["Cushion"])
    outcome = refine(Order("Chair", Original.REPLACE, deliver=textured), tmp_path)
    after = dump()["object Chair"]
    kept = ("matrix", "basis", "hidden", "parent", "parent_type", "collections", "constraints", "animated", "drivers")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert after["properties"].items() >= before["properties"].items()
    assert after["data"] == "Chair_refined"
    assert after["modifiers"] == [["Array", False, False], ["Off", False, False]]
    assert after["slots"] == [["DATA", "Refined"]]
    assert fm.world(bpy.data.objects["Cushion"]) == pytest.approx(cushion)
    assert bpy.data.objects["Twin"].data.name == "Blockout", "copies were not asked for"
    # Instances of its collection show the new mesh.
    shown = [
        instance.object.data.name
        for instance in bpy.context.evaluated_depsgraph_get().object_instances
        if instance.is_instance
    ]
    assert "Chair_refined" in shown
    assert outcome.placed.report.placed_error <= 1e-5


@pytest.mark.parametrize("fate", FATES, ids=str)
def test_the_artists_data_outlives_saving_and_loading(fate: Original, tmp_path: Path) -> None:
    furnished()
    own = dump()
    refine(Order("Chair", fate, copies=True, deliver=textured), tmp_path)
    save(tmp_path / "out.blend")
    open_file(tmp_path / "out.blend")
    later = dump()
    for kind in ("objects", "meshes", "materials", "collections", "actions"):
        assert own[kind].keys() <= later[kind].keys()
    assert later["mesh Blockout"] == own["mesh Blockout"]


@pytest.mark.parametrize("fate", FATES, ids=str)
def test_toggling_works_after_saving_loading_and_renaming(fate: Original, tmp_path: Path) -> None:
    furnished()
    before = dump()["object Chair"]
    name = refine(Order("Chair", fate, deliver=textured), tmp_path).object_name
    save(tmp_path / "out.blend")
    open_file(tmp_path / "out.blend")
    bpy.data.objects["Chair"].name = "Stool"
    chair, result = bpy.data.objects["Stool"], bpy.data.objects["Stool" if fate is Original.REPLACE else name]
    assert can_toggle(chair)
    assert can_toggle(result)
    assert not can_toggle(bpy.data.objects["Cushion"])
    assert block_out_of(result) == chair
    if fate is Original.KEEP:
        assert toggle_original(result) is False  # both were there: now the result only
    refined_state = dump()
    assert toggle_original(result) is True
    shown = dump()["object Stool"]
    del shown["properties"], before["properties"]
    assert shown == before, "the block-out is not what it was"
    assert toggle_original(chair) is False
    again = dump()
    for state in (again, refined_state):
        for key in [key for key in state if key.startswith("object ")]:
            state[key]["properties"].pop("csm_shown_at", None)
    assert again == refined_state


def test_toggling_what_has_no_result_says_so() -> None:
    obj = furnished()
    with pytest.raises(UsageError, match="no refined result"):
        toggle_original(obj)
    assert versions(obj) == []


@pytest.mark.parametrize("fate", FATES, ids=str)
def test_refining_again_keeps_the_earlier_result(fate: Original, tmp_path: Path) -> None:
    furnished()
    world = fm.world(bpy.data.objects["Chair"])
    box = fm.box_of(fm.vertices(bpy.data.objects["Chair"]))
    refine(
        Order("Chair", fate, fit=Fit.INSIDE, pivot=Pivot.BASE, deliver=lambda _s, _p: obedient((1, 1, 1), None)),
        tmp_path,
    )
    second = refine(Order("Chair", fate), tmp_path, "again")
    # The second one fills the block-out's box and not that of the first result.
    obj = bpy.data.objects[second.object_name]
    assert fm.distance(fm.result_corners(obj), fm.corners(world, *box)) <= 1e-5
    found = versions(bpy.data.objects["Chair"])
    assert [version.result is None for version in found] == [True, False, False]
    first, latest = found[1], found[2]
    assert latest.shown
    assert not first.shown
    show_version(bpy.data.objects["Chair"], first.result)
    assert [version.shown for version in versions(bpy.data.objects["Chair"])] == [False, True, False]
    assert toggle_original(bpy.data.objects["Chair"]) is True
    assert toggle_original(bpy.data.objects["Chair"]) is False
    shown = [version for version in versions(bpy.data.objects["Chair"]) if version.shown]
    assert [version.result for version in shown] == [first.result], "toggling goes back to the version seen last"


def test_hidden_then_replaced_shows_the_block_out_again(tmp_path: Path) -> None:
    furnished()
    first = refine(Order("Chair", Original.HIDE), tmp_path).object_name
    refine(Order("Chair", Original.REPLACE), tmp_path, "again")
    chair = bpy.data.objects["Chair"]
    assert not chair.hide_viewport
    assert bpy.data.objects[first].hide_viewport
    assert [version.shown for version in versions(chair)] == [False, False, True]


@pytest.mark.parametrize("how", ["off", "render", "eye"])
def test_replacing_keeps_a_hidden_object_hidden_and_toggles(how: str, tmp_path: Path) -> None:
    furnished()
    chair = bpy.data.objects["Chair"]
    chair.hide_viewport, chair.hide_render = how == "off", how == "render"
    chair.hide_set(how == "eye")
    hidden = dump()["object Chair"]["hidden"]
    refine(Order("Chair", Original.REPLACE), tmp_path)
    chair = bpy.data.objects["Chair"]
    for shows_original in (True, False):
        assert dump()["object Chair"]["hidden"] == hidden
        assert toggle_original(chair) is shows_original
        assert (chair.data.name == "Blockout") == shows_original
    assert dump()["object Chair"]["hidden"] == hidden


def test_hiding_leaves_children_and_others_alone(tmp_path: Path) -> None:
    furnished()
    refine(Order("Chair", Original.HIDE), tmp_path)
    for name in ("Cushion", "Room", "Twin"):
        obj = bpy.data.objects[name]
        assert not obj.hide_viewport
        assert not obj.hide_render
        assert obj.visible_get()
    assert not bpy.data.objects["Chair"].visible_get()


def test_a_duplicate_of_a_refined_object_is_one_of_its_own(tmp_path: Path) -> None:
    furnished()
    refine(Order("Chair", Original.HIDE), tmp_path)
    chair = bpy.data.objects["Chair"]
    twin = chair.copy()
    twin.hide_viewport = twin.hide_render = False
    bpy.context.scene.collection.objects.link(twin)
    twin.location.x += 5.0
    name = twin.name
    refine(Order(name, Original.HIDE), tmp_path, "again")
    chair, twin = bpy.data.objects["Chair"], bpy.data.objects[name]
    assert len(versions(chair)) == len(versions(twin)) == 2
    assert toggle_original(twin) is True
    assert chair.hide_viewport


def test_the_result_stands_under_the_same_parent_and_follows_it(tmp_path: Path) -> None:
    furnished()
    bpy.data.objects["Chair"].animation_data_clear()
    name = refine(Order("Chair", Original.KEEP), tmp_path).object_name
    result = bpy.data.objects[name]
    assert result.parent == bpy.data.objects["Room"]
    was = fm.world(result)
    bpy.data.objects["Room"].location.x += 3.0
    bpy.context.view_layer.update()
    assert fm.world(result)[0, 3] == pytest.approx(was[0, 3] + 3.0, abs=1e-5)


def test_moving_the_block_out_meanwhile_takes_the_result_along(tmp_path: Path) -> None:
    furnished()
    outcome = ready(Order("Chair", Original.KEEP), tmp_path)
    chair = bpy.data.objects["Chair"]
    chair.animation_data_clear()
    chair.location.x += 4.0
    chair.scale = (2.0, 1.0, 3.0)
    bpy.context.view_layer.update()
    wanted = fm.corners(fm.world(chair), *fm.box_of(fm.vertices(chair)))
    put(outcome)
    assert fm.distance(fm.result_corners(bpy.data.objects[outcome.object_name]), wanted) <= 1e-5


def test_own_materials(tmp_path: Path) -> None:
    furnished()
    order = Order("Chair", Original.KEEP, materials=Materials.OWN, deliver=textured)
    name = refine(order, tmp_path).object_name
    result = bpy.data.objects[name]
    assert [material.name for material in result.data.materials] == ["Paint"]
    assert "Refined" not in bpy.data.materials


@pytest.mark.parametrize("fate", FATES, ids=str)
def test_the_result_says_where_it_comes_from(fate: Original, tmp_path: Path) -> None:
    furnished()
    outcome = refine(Order("Chair", fate, copies=True, deliver=textured), tmp_path)
    spec = outcome.job.spec
    result = bpy.data.objects[outcome.object_name]
    for block in (result, result.data, *(bpy.data.objects[name] for name in outcome.placed.report.copies)):
        assert block["csm_session"] == "SESSION_1700000000_0000001"
        assert list(block["csm_scaled_bbox"]) == pytest.approx(spec.refinement.scaled_bbox)
        assert list(block["csm_pivot_point"]) == pytest.approx(spec.refinement.pivot_point)
        assert block["csm_glb_sha256"] == outcome.job.glb_sha256
        assert block["csm_addon_version"] == VERSION
        assert block["csm_refined_at"].startswith("20")
        text = " ".join(str(block[name]) for name in block.keys())  # noqa: SIM118 - no mapping
        assert str(tmp_path) not in text


def test_nothing_of_the_job_folder_is_left_in_the_file(tmp_path: Path) -> None:
    furnished()
    refine(Order("Chair", deliver=textured), tmp_path)
    assert not bpy.data.libraries
    for kind in ("objects", "meshes", "materials", "images", "node_groups"):
        for block in getattr(bpy.data, kind):
            assert block.library is None
            assert block.library_weak_reference is None
    save(tmp_path / "out.blend")
    assert str(tmp_path / "job").encode() not in (tmp_path / "out.blend").read_bytes()


def test_edit_mode_is_refused_for_replace_only(tmp_path: Path) -> None:
    furnished()
    outcome, kept = (ready(Order("Chair", fate), tmp_path, str(fate)) for fate in (Original.REPLACE, Original.KEEP))
    bpy.context.view_layer.objects.active = bpy.data.objects["Chair"]
    bpy.ops.object.mode_set(mode="EDIT")
    before = dump()
    put(outcome)
    assert isinstance(outcome.error, PlacementFailed)
    assert "Edit Mode" in outcome.error.hint
    assert dump() == before
    put(kept)
    assert kept.error is None
    assert bpy.context.mode == "EDIT_MESH"
    with quiet():
        bpy.ops.object.mode_set(mode="OBJECT")


def test_copies_with_other_modifiers_are_left_alone_and_named(tmp_path: Path) -> None:
    furnished()
    bpy.data.objects["Twin"].modifiers["Array"].count = 5
    outcome = refine(Order("Chair", Original.REPLACE, copies=True), tmp_path)
    assert outcome.placed.report.copies == ()
    assert any("'Twin'" in note for note in outcome.notes)
    assert bpy.data.objects["Twin"].data.name == "Blockout"
