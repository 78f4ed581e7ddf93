# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of the block-out: hidden, kept or replaced; undone, toggled, refined again. Nothing is ever lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fit_measure as fm
import pytest
from fit_bench import Order, open_file, put, save
from fit_glbs import obedient
from furnished import FATES, dump, furnished, ready, refine, textured

bpy = pytest.importorskip("bpy")

from csm_blender.core.errors import PlacementFailed, UsageError
from csm_blender.core.models import Fit, Original, Pivot
from csm_blender.scene.placement import place as placing
from csm_blender.scene.versions.history import block_out_of, can_toggle, show_version, toggle_original, versions


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
