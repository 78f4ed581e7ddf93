# SPDX-License-Identifier: GPL-3.0-or-later
"""A custom box: the result fills what was drawn, the block-out is never touched, and every way of refining obeys it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fit_measure as fm
import numpy as np
import pytest
from blender_scenes import add_box
from fit_bench import Order, new_scene, open_file, refine_all, save
from fit_glbs import disobedient
from fit_kind import OBLIQUE, add, mesh
from mathutils import Matrix, Vector

bpy = pytest.importorskip("bpy")

from csm_blender.core.errors import BadValue
from csm_blender.core.geometry.custom_box import SNAP_POINTS
from csm_blender.core.models import Original, Pivot
from csm_blender.scene import properties
from csm_blender.scene.measure.custom_box import custom_box, restore_of_overrides
from csm_blender.scene.measure.measure import find_objects, measure, measure_common

SESSION = "SESSION_1700000002_0000002"
LOW, HIGH = (-1.5, -0.25, 0.5), (2.0, 0.75, 3.25)  # exact in 32 bits


@pytest.fixture(autouse=True)
def known() -> Iterator[None]:
    properties.make_known()
    yield
    properties.remove_pointers()
    for cls in reversed(properties.CLASSES):
        bpy.utils.unregister_class(cls)


def draw(obj: Any, low: tuple[float, ...] = LOW, high: tuple[float, ...] = HIGH) -> None:
    obj.csm.custom_box_min, obj.csm.custom_box_max = low, high
    obj.csm.use_custom_box = True


def graph() -> Any:
    return bpy.context.evaluated_depsgraph_get()


TRANSFORMS = {
    "plain": Matrix(),
    "rotated": OBLIQUE,
    "mirrored": Matrix.LocRotScale((1.0, -2.0, 0.5), Matrix.Rotation(0.7, 3, "Z"), (-1.0, 1.0, 1.0)),
    "scaled": Matrix.LocRotScale((3.0, 0.0, -1.0), Matrix.Rotation(0.4, 3, "X"), (2.0, 0.5, -1.5)),
    "far away": Matrix.LocRotScale((400.0, -300.0, 10.0), Matrix.Rotation(1.1, 3, "Y"), (0.6, 0.6, 0.6)),
}


@pytest.mark.parametrize("name", TRANSFORMS)
@pytest.mark.parametrize("fate", [Original.HIDE, Original.REPLACE])
def test_the_result_fills_the_box_that_was_drawn(tmp_path: Path, name: str, fate: Original) -> None:
    new_scene()
    obj = add("Thing", mesh(), TRANSFORMS[name])
    draw(obj)
    bpy.context.view_layer.update()
    shape = fm.vertices(obj)
    world = fm.world(obj)
    save(tmp_path / "in.blend")
    pivot = SNAP_POINTS["TOP_BACK_RIGHT"]
    order = Order(
        "Thing",
        fate,
        pivot=Pivot.CUSTOM if fate is Original.HIDE else Pivot.ORIGIN,
        custom_pivot=pivot,
        deliver=lambda size, point: disobedient("ignores the box", size, point),
    )
    [outcome] = refine_all(tmp_path / "in.blend", [order], tmp_path / "out.blend", tmp_path / "jobs")
    assert outcome.error is None, str(outcome.error)
    open_file(tmp_path / "out.blend")
    result = bpy.data.objects[outcome.object_name]
    result.hide_viewport = False
    bpy.context.view_layer.update()
    wanted = fm.corners(world, np.array(LOW), np.array(HIGH))
    assert fm.distance(fm.result_corners(result), wanted) <= 1e-5
    if fate is Original.HIDE:
        side = LOW if np.linalg.det(world[:3, :3]) < 0.0 else HIGH  # x is flipped with a mirrored frame
        point = world[:3, :3] @ np.array([side[0], HIGH[1], HIGH[2]]) + world[:3, 3]
        assert fm.origin_distance(result, point, wanted) <= 1e-5
        assert np.array_equal(fm.vertices(bpy.data.objects["Thing"]), shape)  # the block-out stays as it is


def test_it_starts_as_the_measured_box_and_is_forgotten_when_it_is_switched_off() -> None:
    new_scene()
    obj = add_box("Chair", (1.0, 2.0, 4.0), pivot=(0.0, 0.0, -0.5), scale=(2.0, 1.0, -1.0))
    obj.modifiers.new("Two", "ARRAY")
    bpy.context.view_layer.update()
    shape = measure(obj, graph())
    assert shape.box_max == (1.5, 1.0, 4.0)  # modifiers count
    obj.csm.use_custom_box = True
    assert measure(obj, graph()) == shape
    assert tuple(obj.csm.custom_box_size) == pytest.approx((4.0, 2.0, 4.0), abs=1e-6)
    obj.csm.custom_box_size = (4.0, 1.0, 6.0)  # in the world; its base stays
    found = measure(obj, graph())
    assert found.box_min == pytest.approx((-0.5, -0.5, 0.0), abs=1e-6)
    assert found.box_max == pytest.approx((1.5, 0.5, 6.0), abs=1e-6)
    obj.csm.use_custom_box = False
    assert measure(obj, graph()) == shape
    obj.csm.use_custom_box = True
    assert measure(obj, graph()) == shape


@pytest.mark.parametrize(
    ("high", "said"),
    [
        ((math.nan, 1.0, 1.0), "not a number"),
        ((math.inf, 1.0, 1.0), "no depth"),
        ((1.0, -2.0, 1.0), "negative depth"),
        ((1.0, 1.0, -1.0), "no height"),
        ((-1.0, -1.0, -1.0), "no width"),
    ],
)
def test_a_box_without_a_size_is_said_to_be_one(high: tuple[float, ...], said: str) -> None:
    new_scene()
    obj = add_box("Chair", (1.0, 1.0, 1.0))
    draw(obj, (-1.0, -1.0, -1.0), high)
    with pytest.raises(BadValue, match=said) as raised:
        measure(obj, graph())
    assert "measured box" in raised.value.hint


def test_of_several_objects_the_custom_box_of_the_first_is_the_box() -> None:
    new_scene()
    for name, x in (("A", 0.0), ("B", 5.0)):
        add_box(name, (1.0, 1.0, 1.0), location=(x, 0.0, 0.0))
    bpy.context.view_layer.update()
    a, b = find_objects(bpy.context.scene, "A+B")
    draw(b, (-2.0, -2.0, -2.0), (2.0, 2.0, 2.0))  # stands for what B shows
    common = measure_common([a, b], graph())
    assert (common.box_min, common.box_max) == ((-0.5, -2.0, -2.0), (7.0, 2.0, 2.0))
    draw(a)
    common = measure_common([a, b], graph())
    assert (common.box_min, common.box_max) == (LOW, HIGH)


def test_something_without_a_shape_of_its_own_can_have_a_box() -> None:
    new_scene()
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    bpy.context.scene.collection.objects.link(camera)
    camera.csm.use_custom_box = True
    with pytest.raises(BadValue, match="no width"):
        measure(camera, graph())
    camera.csm.custom_box_size = (1.0, 2.0, 3.0)
    found = measure(camera, graph())
    assert (found.box_min, found.box_max) == ((-0.5, -1.0, 0.0), (0.5, 1.0, 3.0))


def test_linked_copies_get_the_result_of_a_custom_box_each_in_its_place(tmp_path: Path) -> None:
    new_scene()
    shared = mesh()
    chairs = [add(f"Chair{n}", shared, Matrix.Translation((5.0 * n, 0.0, 0.0))) for n in range(3)]
    draw(chairs[0])
    draw(chairs[2], (-1.0, -1.0, -1.0), (1.0, 1.0, 1.0))  # has another box
    save(tmp_path / "in.blend")
    order = Order("Chair0", Original.HIDE, copies=True)
    [outcome] = refine_all(tmp_path / "in.blend", [order], tmp_path / "out.blend", tmp_path / "jobs")
    assert outcome.placed is not None, str(outcome.error)
    assert outcome.placed.report.copies == ("Chair1_refined",)
    assert any("'Chair2'" in note for note in outcome.notes)
    copy = bpy.data.objects["Chair1_refined"]
    wanted = fm.corners(np.array(Matrix.Translation((5.0, 0.0, 0.0))), np.array(LOW), np.array(HIGH))
    assert fm.distance(fm.result_corners(copy), wanted) <= 1e-5


@pytest.mark.parametrize("hidden", [False, True])
def test_the_command_line_obeys_the_box_saved_in_the_file(csm: Any, tmp_path: Path, hidden: bool) -> None:
    new_scene()
    obj = add("Thing", mesh(), OBLIQUE)
    draw(obj)
    obj.hide_viewport = hidden
    world = np.array(OBLIQUE, dtype=np.float32).astype(np.float64)
    save(tmp_path / "in.blend")
    done = csm(
        "refine", "--blend", tmp_path / "in.blend", "--job", f"{SESSION}=Thing", "--output", tmp_path / "out.blend",
        "--json",
    )  # fmt: skip
    assert done.status == 0, done.stderr
    lengths = [Vector(column).length for column in OBLIQUE.to_3x3().col]
    width, depth, height = (
        (high - low) * unit for low, high, unit in zip(LOW, HIGH, lengths, strict=True)
    )  # fmt: skip
    assert done.jobs[0]["scaled_bbox"] == pytest.approx([width, height, depth], rel=1e-6)
    open_file(tmp_path / "out.blend")
    result = bpy.data.objects[done.jobs[0]["result"]["object"]]
    result.hide_viewport = False
    bpy.context.view_layer.update()
    wanted = fm.corners(world, np.array(LOW), np.array(HIGH))
    assert fm.distance(fm.result_corners(result), wanted) <= 1e-5
    assert bpy.data.objects["Thing"].csm.use_custom_box  # and it is still there in what was written


def test_a_bad_box_is_refused_before_anything_is_sent(csm: Any, tmp_path: Path) -> None:
    new_scene()
    draw(add("Thing", mesh(), Matrix()), LOW, LOW)
    save(tmp_path / "in.blend")
    done = csm("refine", "--blend", tmp_path / "in.blend", "--job", f"{SESSION}=Thing", "--json")
    assert done.status == 2
    assert done.report["error"]["code"] == "bad_value"
    assert "'Thing'" in done.stderr
    assert csm.service.counts()["post"] == {}


def test_an_override_of_a_linked_object_keeps_a_box_of_its_own(tmp_path: Path) -> None:
    new_scene()
    add("Thing", mesh(), OBLIQUE)
    save(tmp_path / "library.blend")
    new_scene()
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=True) as (_, wanted):
        wanted.objects = ["Thing"]
    bpy.context.scene.collection.objects.link(wanted.objects[0])
    draw(wanted.objects[0].override_create(remap_local_usages=True))
    save(tmp_path / "in.blend")
    open_file(tmp_path / "in.blend")
    found = measure(bpy.data.objects["Thing"], graph())
    assert (found.box_min, found.box_max) == (LOW, HIGH)
    restore_of_overrides()  # as the add-on does when a file was opened
    tag = bpy.data.objects["Thing"].csm
    assert tag.use_custom_box
    assert (tuple(tag.custom_box_min), tuple(tag.custom_box_max)) == (LOW, HIGH), "the panel shows it, too"
    assert tag.is_property_overridable_library("use_custom_box"), "it can be changed there"


@pytest.mark.parametrize("own", [None, ((0.0, 0.0, 0.0), (4.0, 4.0, 4.0))])
def test_an_override_of_an_object_with_a_custom_box_changes_or_switches_it_off(
    tmp_path: Path, own: tuple[tuple[float, ...], tuple[float, ...]] | None
) -> None:
    new_scene()
    draw(add("Thing", mesh(), OBLIQUE))
    save(tmp_path / "library.blend")
    new_scene()
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=True) as (_, wanted):
        wanted.objects = ["Thing"]
    bpy.context.scene.collection.objects.link(wanted.objects[0])
    override = wanted.objects[0].override_create(remap_local_usages=True)
    assert custom_box(override) == (LOW, HIGH), "until it is changed it is that of the library"
    if own is None:
        override.csm.use_custom_box = False
    else:
        override.csm.custom_box_min, override.csm.custom_box_max = own
    save(tmp_path / "in.blend")
    open_file(tmp_path / "in.blend")
    assert custom_box(bpy.data.objects["Thing"]) == own
