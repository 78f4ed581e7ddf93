# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands around a result: parents, children, copies, materials, what it says of itself, the mode one works in."""

from __future__ import annotations

from pathlib import Path

import fit_measure as fm
import pytest
from fit_bench import Order, put, quiet, save
from furnished import FATES, dump, furnished, ready, refine, textured

bpy = pytest.importorskip("bpy")

from csm_blender.core.errors import PlacementFailed
from csm_blender.core.models import Materials, Original
from csm_blender.core.version import VERSION
from csm_blender.scene.versions.history import toggle_original, versions


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
