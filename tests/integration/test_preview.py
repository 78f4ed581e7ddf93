# SPDX-License-Identifier: GPL-3.0-or-later
"""Previews: what a session looks like in the block-out's place, with nothing sent that could cost."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import fit_measure as fm
import numpy as np
import pytest
from blender_scenes import add_box, enabled
from fit_glbs import obedient
from previews import STYLE_2024, STYLE_2025, chair, datablocks, place, posts, preview_of

from csm_blender.core.files import preview_cache
from csm_blender.scene.blender.evaluation import depsgraph_of
from csm_blender.scene.jobs import preview_loader
from csm_blender.scene.measure.measure import measure
from csm_blender.scene.placement import preview_objects
from csm_blender.scene.properties import state_of


@pytest.fixture
def scene(tmp_path: Path, service: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[bpy.types.Scene]:
    with enabled(monkeypatch, tmp_path / "jobs", service, use_empty=True) as scene:
        yield scene


@pytest.mark.parametrize("name", ["rotated", "scaled", "mirrored", "parented", "far away"])
def test_it_fills_the_box_follows_and_is_no_part_of_it(scene: bpy.types.Scene, service: Any, name: str) -> None:
    obj = place(name)
    before = measure(obj, depsgraph_of(scene))
    assert bpy.ops.csm.preview(session_code=STYLE_2024, target="Chair") == {"FINISHED"}
    shown = preview_of(obj)
    limit = 1e-5 if name != "far away" else 1e-3 / 1.2  # a float32 has steps of half a millimeter 8 km from the origin
    assert fm.distance(fm.result_corners(shown), fm.result_corners(obj)) < limit
    assert measure(obj, depsgraph_of(scene)) == before
    obj.location.x += 3.0
    obj.rotation_euler.z += 1.0
    bpy.context.view_layer.update()
    assert fm.distance(fm.result_corners(shown), fm.result_corners(obj)) < limit
    assert posts(service) == 0
    assert service.counts()["refines"] == {}


def test_it_is_marked_and_in_nobodys_way(scene: bpy.types.Scene) -> None:
    obj = chair()
    bpy.ops.csm.preview(session_code=STYLE_2024, target="Chair")
    shown = preview_of(obj)
    assert shown.name == "Chair preview"
    assert [collection.name for collection in shown.users_collection] == ["CSM Previews"]
    assert shown.hide_render
    assert shown.hide_select
    assert not shown.hide_viewport
    assert shown.data.materials[0].diffuse_color[3] < 1.0, "it is seen through"
    assert obj.parent is None
    assert list(obj.children) == []
    assert not [name for name in obj.keys() if name.startswith("csm_")], "as it was"  # noqa: SIM118 - bpy's
    with pytest.raises(RuntimeError, match="is a preview, which cannot be refined"):
        bpy.ops.csm.refine(session_code=STYLE_2024, target="Chair preview")
    with pytest.raises(RuntimeError, match="is a preview, which cannot be refined"):
        bpy.ops.csm.preview(session_code=STYLE_2024, target="Chair+Chair preview")
    assert len(state_of(scene).jobs) == 0


def test_it_keeps_its_proportions_where_that_is_chosen_and_stands_on_the_pivot(scene: bpy.types.Scene) -> None:
    obj = chair(location=(1.0, 2.0, 3.0))
    state_of(scene).fit, state_of(scene).pivot = "INSIDE", "BASE"
    bpy.ops.csm.preview(session_code=STYLE_2024, target="Chair")
    low, high = fm.box_of(fm.result_corners(preview_of(obj)))
    box_low, box_high = fm.box_of(fm.result_corners(obj))
    assert (low >= box_low - 1e-5).all()
    assert (high <= box_high + 1e-5).all()
    assert np.isclose(high - low, box_high - box_low, atol=1e-5).any(), "as large as fits"
    assert low[2] == pytest.approx(box_low[2], abs=1e-5)
    assert fm.world(preview_of(obj))[:3, 3] == pytest.approx([1.0, 2.0, 3.0], abs=1e-5)


def test_several_objects_have_one_preview_in_their_common_box(scene: bpy.types.Scene) -> None:
    first = chair()
    chair("Other", location=(2.0, 0.0, 0.0))
    bpy.ops.csm.preview(session_code=STYLE_2024, target="Chair+Other")
    low, high = fm.box_of(fm.result_corners(preview_of(first)))
    assert high - low == pytest.approx([2.5, 0.6, 0.9], abs=1e-5)


def test_removing_leaves_nothing(scene: bpy.types.Scene) -> None:
    obj, other = chair(), chair("Other", location=(2.0, 0.0, 0.0))
    before = datablocks()
    for name in ("Chair", "Other", "Chair"):  # the third one replaces the first
        bpy.ops.csm.preview(session_code=STYLE_2024, target=name)
    assert {preview.name for preview in preview_objects.all_previews()} == {"Chair preview", "Other preview"}
    assert bpy.ops.csm.remove_preview(target="Chair") == {"FINISHED"}
    assert preview_objects.preview_of(obj) is None
    assert preview_of(other).name == "Other preview"
    assert bpy.ops.csm.remove_preview(target="Other") == {"FINISHED"}
    assert datablocks() == before
    with pytest.raises(RuntimeError, match="no preview to remove"):
        bpy.ops.csm.remove_preview(target="Other")


def test_what_the_artist_put_with_it_stays(scene: bpy.types.Scene) -> None:
    obj = chair()
    bpy.ops.csm.preview(session_code=STYLE_2024, target="Chair")
    mine = bpy.data.objects.new("Mine", preview_of(obj).data)
    bpy.data.collections["CSM Previews"].objects.link(mine)
    bpy.ops.csm.remove_preview(target="Chair")
    assert mine.data is not None
    assert bpy.data.collections["CSM Previews"].objects.get("Mine") == mine


def test_the_refined_mesh_replaces_it(scene: bpy.types.Scene, service: Any) -> None:
    obj, other = chair(), chair("Other", location=(2.0, 0.0, 0.0))
    for name in ("Chair", "Other"):
        bpy.ops.csm.preview(session_code=STYLE_2024, target=name)
    assert posts(service) == 0
    bpy.ops.csm.refine(session_code=STYLE_2024, target="Chair")
    result = bpy.data.objects[state_of(scene).jobs[0].result]
    assert fm.distance(fm.result_corners(result), fm.result_corners(obj)) < 1e-5
    assert preview_objects.all_previews() == [preview_of(other)]
    bpy.ops.csm.refine(session_code=STYLE_2024, target="Other")
    assert not [name for name in datablocks() if "preview" in name.lower()]


def test_a_refined_mesh_that_is_faster_needs_no_preview(scene: bpy.types.Scene) -> None:
    chair()
    order = preview_loader.begin(STYLE_2024, [bpy.data.objects["Chair"]], bpy.context, _choices(scene))
    bpy.ops.csm.refine(session_code=STYLE_2024, target="Chair")
    assert preview_loader.wait_for(order) == ""
    assert preview_objects.all_previews() == []


def test_giving_up_leaves_the_preview_that_is_shown(scene: bpy.types.Scene, tmp_path: Path) -> None:
    obj = chair()
    bpy.ops.csm.preview(session_code=STYLE_2024, target="Chair")
    preview_loader.begin(STYLE_2025, [obj], bpy.context, _choices(scene))
    assert bpy.ops.csm.remove_preview(target="Chair") == {"FINISHED"}
    assert preview_loader.order_of(obj) is None
    assert preview_of(obj)["csm_preview"] == STYLE_2024
    assert not list((tmp_path / "jobs" / "previews").glob("showing-*"))


def test_it_outlives_saving_loading_and_renaming(scene: bpy.types.Scene, tmp_path: Path) -> None:
    chair()
    before = datablocks()
    bpy.ops.csm.preview(session_code=STYLE_2024, target="Chair")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "with preview.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "with preview.blend"))
    obj = bpy.data.objects["Chair"]
    obj.name = "Throne"
    obj.location.x = 2.0
    bpy.context.view_layer.update()
    assert fm.distance(fm.result_corners(preview_of(obj)), fm.result_corners(obj)) < 1e-5
    assert bpy.ops.csm.remove_preview(target="Throne") == {"FINISHED"}
    obj.name = "Chair"
    assert datablocks() == before


def test_it_goes_with_a_deleted_block_out(scene: bpy.types.Scene) -> None:
    before = datablocks()
    obj, other = chair(), chair("Other", location=(2.0, 0.0, 0.0))
    for name in ("Chair", "Other"):
        bpy.ops.csm.preview(session_code=STYLE_2024, target=name)
    bpy.data.objects.remove(obj)
    scene.collection.objects.unlink(other)  # in the file, and in no scene
    assert len(preview_objects.orphans()) == 2
    chair("New")
    bpy.ops.csm.preview(session_code=STYLE_2024, target="New")
    assert [preview.name for preview in preview_objects.all_previews()] == ["New preview"]
    bpy.ops.csm.remove_preview(target="New")
    for name in ("New", "Other"):
        bpy.data.objects.remove(bpy.data.objects[name])
    bpy.data.orphans_purge()
    assert datablocks() == before


def test_each_scene_has_a_collection_of_its_own(scene: bpy.types.Scene) -> None:
    chair()
    bpy.ops.csm.preview(session_code=STYLE_2024, target="Chair")
    other = bpy.data.scenes.new("Other")
    bpy.context.window.scene = other if bpy.context.window else None
    with bpy.context.temp_override(scene=other, view_layer=other.view_layers[0]):
        add_box("Table", (1.0, 1.0, 1.0))
        bpy.ops.csm.preview(session_code=STYLE_2024, target="Table")
    assert [obj.name for obj in other.objects] == ["Table", "Table preview"]
    assert "Table preview" not in scene.objects
    assert preview_objects.orphans() == []


def test_a_session_refined_already_shows_the_refined_mesh(scene: bpy.types.Scene, service: Any) -> None:
    obj = chair()
    bpy.ops.csm.refine(session_code=STYLE_2024, target="Chair")
    before = service.counts()
    bpy.ops.csm.preview(session_code=STYLE_2024, target="Chair")
    assert preview_objects.remark_of(preview_of(obj)) is preview_objects.Remark.REFINED
    refined = bpy.data.objects[state_of(scene).jobs[0].result]
    assert len(preview_of(obj).data.vertices) == len(refined.data.vertices)
    assert service.counts()["post"] == before["post"], "looking costs nothing"


@pytest.mark.parametrize("code", [STYLE_2024, STYLE_2025])
def test_showing_it_again_downloads_nothing(scene: bpy.types.Scene, service: Any, code: str) -> None:
    for number in range(3):
        chair(f"Chair{number}", location=(number * 2.0, 0.0, 0.0))
        bpy.ops.csm.preview(session_code=code, target=f"Chair{number}")
    counts = service.counts()
    assert (counts["download"], counts["get"], counts["post"]) == ({code: 1}, {code: 3}, {})
    bpy.ops.csm.clean_folder()
    assert preview_cache.copies(Path(os.environ["CSM_HOME"])) == []
    assert len(preview_objects.all_previews()) == 3
    bpy.ops.csm.preview(session_code=code, target="Chair0")
    assert service.counts()["download"] == {code: 2}


def test_a_service_out_of_reach_shows_what_was_kept_and_says_so(scene: bpy.types.Scene, service: Any) -> None:
    obj, _other = chair(), chair("Other")
    bpy.ops.csm.preview(session_code=STYLE_2024, target="Other")
    service.add_fault({"status": 503}, times=None, path="image-to-3d")
    bpy.ops.csm.preview(session_code=STYLE_2024, target="Chair")
    assert preview_objects.remark_of(preview_of(obj)) is preview_objects.Remark.EARLIER
    with pytest.raises(RuntimeError, match=r"cannot answer right now \(503\).*Try again"):
        bpy.ops.csm.preview(session_code=STYLE_2025, target="Chair")


def test_a_stumbling_service_is_asked_again(scene: bpy.types.Scene, service: Any) -> None:
    obj = chair()
    service.add_fault({"status": 503}, method="GET", path="image-to-3d-sessions")
    service.add_fault({"expire_urls": True}, path="/preview/mesh.glb")
    bpy.ops.csm.preview(session_code=STYLE_2024, target="Chair")
    assert preview_of(obj)
    assert posts(service) == 0


@pytest.mark.parametrize("fmt", ["obj", "zip"])
def test_previews_in_other_formats(scene: bpy.types.Scene, service: Any, fmt: str) -> None:
    obj = chair()
    data = service.session(STYLE_2024)
    raw = {name: data[name] if name.endswith(fmt) else "" for name in data if name.startswith("preview_mesh_url")}
    code = service.add_session(None, obedient((1.0, 1.0, 1.0), None), style="2024", raw_data=raw)
    bpy.ops.csm.preview(session_code=code, target="Chair")
    assert fm.distance(fm.result_corners(preview_of(obj)), fm.result_corners(obj)) < 1e-5


def broken_preview(service: Any, **fault: Any) -> str:
    code = service.add_session(None, obedient((1.0, 1.0, 1.0), None), style="2024")
    service.add_fault(fault, path=f"{code}/preview/mesh.glb", times=None)
    return code


CASES = {
    "unknown session": (lambda _: "SESSION_1_1", r"no such session \(404\).*Check the code"),
    "no preview yet": (
        lambda service: service.add_session(
            None, obedient((1.0, 1.0, 1.0), None), style="2024", status="training_preview"
        ),
        r"no preview yet \(training_preview\).*Wait",
    ),
    "failed": (
        lambda service: service.add_session(
            None, obedient((1.0, 1.0, 1.0), None), style="2025", status="preview_failed"
        ),
        r"has failed \(failed\) and has no preview",
    ),
    "damaged file": (
        lambda service: broken_preview(service, status=200, body="glTF????"),
        r"GLB.*Refining needs no preview",
    ),
    "no mesh": (
        lambda service: broken_preview(service, status=200, body="hello"),
        r"none of the formats.*Refining needs no preview",
    ),
    "nonsense": (lambda _: "nonsense", "is not a session code"),
}


@pytest.mark.parametrize("case", list(CASES))
def test_what_goes_wrong_is_said_and_leaves_nothing(
    scene: bpy.types.Scene, service: Any, tmp_path: Path, case: str
) -> None:
    make, words = CASES[case]
    obj = chair()
    before = datablocks()
    with pytest.raises(RuntimeError, match=words):
        bpy.ops.csm.preview(session_code=make(service), target="Chair")
    assert datablocks() == before
    assert preview_loader.order_of(obj) is None
    assert not list((tmp_path / "jobs").glob("previews/*")), "no file of it is left"
    assert posts(service) == 0


def test_a_refused_key_and_a_network_that_is_off_are_said(
    scene: bpy.types.Scene, service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    chair()
    monkeypatch.setitem(os.environ, "CSM_API_KEY", "x" * 32)
    with pytest.raises(RuntimeError, match=r"refuses the key \(401\).*Check the key"):
        bpy.ops.csm.preview(session_code=STYLE_2024, target="Chair")
    monkeypatch.setitem(os.environ, "CSM_BASE_URL", "https://api.example.org")
    assert not bpy.app.online_access
    with pytest.raises(RuntimeError, match="not allowed to use the network"):
        bpy.ops.csm.preview(session_code=STYLE_2024, target="Chair")
    with pytest.raises(Exception, match="not allowed to use the network"):
        preview_loader.begin(STYLE_2024, [bpy.data.objects["Chair"]], bpy.context, _choices(scene))


def _choices(scene: bpy.types.Scene) -> Any:
    from csm_blender.ui.planned_request import choices_of

    return choices_of(scene)
