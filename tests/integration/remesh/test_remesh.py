# SPDX-License-Identifier: GPL-3.0-or-later
"""The local engine as a whole, without textures: what goes in, what comes out, what the report says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from remeshed import assert_clean, damaged, done, loose_triangles
from surfaces import Form, as_mesh, ball, box, polygon_mesh, sharp_edges, surface, unjoined, without

from csm_blender.core.errors import BadMesh, BadValue
from csm_blender.core.remesh import RemeshMode, RemeshOptions, Way
from csm_blender.remesh.geometry.surface import Surface, joined
from csm_blender.remesh.remesh import remesh

ALWAYS = RemeshMode.ALWAYS
HOUSE = (
    [(x, y, z) for x in (0, 4) for y in (0, 6) for z in (0, 3)] + [(2, 0, 5), (2, 6, 5)],
    [(0, 2, 6, 4), (0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 8, 1), (2, 3, 9, 7, 6), (1, 8, 9, 3), (5, 7, 9, 8)],
)
"""A house of polygons with up to five corners."""


pytestmark = pytest.mark.usefixtures("empty_blender")


# What is clean stays


@pytest.mark.parametrize("make", [lambda: as_mesh(box()), lambda: polygon_mesh(*HOUSE)], ids=["box", "house"])
def test_a_clean_mesh_within_the_budget_is_given_back_itself(make) -> None:
    mesh = make()
    before = Form(mesh).surface
    made, found, report = done(mesh, triangles=20_000)
    assert made == mesh
    assert np.array_equal(found.surface.triangles, before.triangles)
    assert report.way is Way.KEPT
    assert report.deviation is None
    assert report.notes == ()


@pytest.mark.parametrize("make", [lambda: as_mesh(box()), lambda: polygon_mesh(*HOUSE)], ids=["box", "house"])
def test_a_clean_mesh_is_not_blown_up_even_if_it_is_to_be_remeshed(make) -> None:
    mesh = make()
    before = Form(mesh)
    made, found, report = done(mesh, triangles=20_000, mode=ALWAYS)
    assert made != mesh
    assert len(found.surface.triangles) == len(before.surface.triangles)
    assert_clean(found)
    assert found.volume == pytest.approx(before.volume, rel=1e-6)
    assert report.way is Way.MENDED
    assert report.deviation is not None
    assert report.deviation.max < 1e-6


def test_the_mesh_that_comes_is_not_changed() -> None:
    mesh = as_mesh(unjoined(without(ball(0.001, 10), 3, 4)))
    before = Form(mesh).surface
    done(mesh, triangles=300)
    after = Form(mesh).surface
    assert np.array_equal(before.points, after.points)
    assert np.array_equal(before.triangles, after.triangles)


def test_nothing_else_is_left_in_the_file() -> None:
    mesh = as_mesh(joined([ball(1.0, 10), box((0.1, 0.1, 0.1))]))
    made, _found, _report = done(mesh, triangles=300)
    assert set(bpy.data.meshes) == {mesh, made}
    assert not len(bpy.data.objects)
    assert not len(bpy.data.node_groups)


# The budget


@pytest.mark.parametrize("budget", [100, 777, 2_000])
def test_the_budget_is_met_within_a_hundredth_from_below(budget: int) -> None:
    _made, found, report = done(ball(1.0, 20), triangles=budget)
    assert max(0.99 * budget, budget - 2) <= len(found.surface.triangles) <= budget
    assert report.output.quads == 0
    assert_clean(found)


@pytest.mark.parametrize("form", [ball(1.0, 16), box((1.0, 2.0, 3.0))], ids=["ball", "box"])
def test_quads_are_all_quads_within_a_tenth(form: Surface) -> None:
    made, found, report = done(form, quads=600)
    assert {len(polygon.vertices) for polygon in made.polygons} == {4}
    assert len(made.polygons) == pytest.approx(600, rel=0.1)
    assert report.output.quads == len(made.polygons)
    assert report.output.triangles == 2 * report.output.quads
    assert found.is_closed
    assert found.volume == pytest.approx(Form(form).volume, rel=0.03)
    assert report.deviation is not None
    assert report.deviation.p99 < 0.005


def test_a_box_of_quads_has_the_edges_of_the_box() -> None:
    made, found, _report = done(box((1.0, 2.0, 3.0)), quads=600)
    points = found.surface.points
    total = sum(np.linalg.norm(points[a] - points[b]) for a, b in sharp_edges(made))
    assert total == pytest.approx(24.0, rel=0.05)


def test_quads_over_what_was_damaged_and_of_several_parts() -> None:
    parts = joined([damaged(ball(1.0, 12), "flipped"), ball(0.7, 12, (3.0, 0.0, 0.0))])
    made, found, _report = done(parts, quads=800)
    assert {len(polygon.vertices) for polygon in made.polygons} == {4}
    assert len(made.polygons) == pytest.approx(800, rel=0.1)
    assert found.is_closed
    assert found.bodies == 2


@pytest.mark.parametrize("options", [{"triangles": 49}, {"quads": 49}, {"triangles": 5_000_001}, {"texture_size": 100}])
def test_options_that_mean_nothing_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(BadValue):
        done(box(), **options)


# Sizes and places


@pytest.mark.parametrize("scale", [1e-5, 0.01, 1e5], ids=["10 micrometers", "centimeters", "100 km"])
def test_any_size_is_refined_alike(scale: float) -> None:
    form = without(ball(1.0, 14), 7, 8)
    _made, found, report = done(Surface(form.points * scale, form.triangles), triangles=700)
    assert_clean(found)
    assert report.holes_closed == 1
    assert 693 <= len(found.surface.triangles) <= 700
    assert found.volume / scale**3 == pytest.approx(4.0 / 3.0 * np.pi, rel=0.02)
    assert report.deviation is not None
    assert report.deviation.mean < 0.002


def test_a_mesh_far_from_the_origin() -> None:
    form = Surface(ball(1.0, 14).points + np.array([10_000.0, 0.0, 0.0]), ball(1.0, 14).triangles)
    _made, found, _report = done(form, triangles=700)
    assert found.is_closed
    assert np.allclose((found.low + found.high) / 2.0, [10_000.0, 0.0, 0.0], atol=0.01)


def test_a_mirrored_mesh_comes_back_facing_outward() -> None:
    """A negative scale, as exporters leave it, turns every triangle inward."""
    form = joined([ball(1.0, 12), box((1.0, 1.0, 1.0), 6, (3.0, 0.0, 0.0))])
    _made, found, _report = done(Surface(form.points * np.array([-1.0, 1.0, 1.0]), form.triangles), triangles=1_000)
    assert_clean(found)
    assert found.low[0] == pytest.approx(-3.5, abs=1e-3)


def test_polygons_with_many_corners() -> None:
    around = np.linspace(0.0, 2.0 * np.pi, 33)[:-1]
    ring = [(np.cos(turn), np.sin(turn)) for turn in around]
    points = [(x, y, z) for z in (0.0, 1.0) for x, y in ring]
    sides = [(k, (k + 1) % 32, 32 + (k + 1) % 32, 32 + k) for k in range(32)]
    mesh = polygon_mesh(points, [*sides, tuple(range(31, -1, -1)), tuple(range(32, 64))])
    _made, found, report = done(mesh, triangles=20_000, mode=ALWAYS)
    assert_clean(found)
    assert report.input.triangles == 64 + 2 * 30
    assert found.volume == pytest.approx(16.0 * np.sin(np.pi / 16.0), rel=1e-5)


# The same again


def test_the_same_mesh_gives_the_same_file_to_the_byte(tmp_path: Path) -> None:
    """Two ways at once: a torn part that is rebuilt, and one that is mended; unwrapped and baked, written as GLB."""
    form = joined([loose_triangles(10), without(ball(0.8, 10, (3.0, 0.0, 0.0)), 5, 6)])
    files = []
    for _ in range(2):
        bpy.ops.wm.read_factory_settings(use_empty=True)
        mesh = as_mesh(form)
        colors = mesh.color_attributes.new("Color", "BYTE_COLOR", "POINT")
        values = np.concatenate([np.abs(form.points) / 5.0, np.ones((len(form.points), 1))], axis=1)
        colors.data.foreach_set("color", values.astype(np.float32).ravel())
        made, _found, _report = done(mesh, triangles=1_000, texture_size=512)
        obj = bpy.data.objects.new("Made", made)
        bpy.context.scene.collection.objects.link(obj)
        path = tmp_path / "made.glb"
        bpy.ops.export_scene.gltf(filepath=str(path))
        files.append(path.read_bytes())
    assert files[0] == files[1]


# What cannot be refined


NOTHING = {
    "empty": surface([], []),
    "points only": surface(np.eye(3), []),
    "on a line": surface([[0, 0, 0], [1, 0, 0], [2, 0, 0], [3, 0, 0]], [[0, 1, 2], [1, 2, 3]]),
    "all at one place": surface(np.ones((3, 3)), [[0, 1, 2]]),
    "not a number": surface([[0, 0, 0], [1, 0, 0], [0, float("nan"), 0], [0, 0, 1]], [[0, 1, 2], [0, 1, 3]]),
    "infinite": surface([[0, 0, 0], [1, 0, 0], [0, float("inf"), 0], [0, 0, 1]], [[0, 1, 2], [0, 1, 3]]),
}


@pytest.mark.parametrize("name", NOTHING)
def test_what_has_no_surface_is_refused_with_a_hint(name: str) -> None:
    with pytest.raises(BadMesh) as caught:
        done(NOTHING[name])
    assert caught.value.hint


def test_a_stop_in_the_middle_is_passed_on() -> None:
    class Stop(Exception):
        pass

    def report_progress(share: float, _text: str) -> None:
        if share > 0.3:
            raise Stop

    with pytest.raises(Stop):
        remesh(as_mesh(ball(1.0, 10)), RemeshOptions(triangles=500, texture_size=0), report_progress)
