# SPDX-License-Identifier: GPL-3.0-or-later
"""The local engine as a whole, without textures: what goes in, what comes out, what the report says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from surfaces import (
    Form,
    as_mesh,
    ball,
    box,
    moved,
    polygon_mesh,
    sharp_edges,
    sheet,
    surface,
    tube,
    turned_over,
    unjoined,
    without,
)

from csm_blender.core.errors import BadMesh, BadValue
from csm_blender.core.remesh import RemeshMode, RemeshOptions, RemeshReport, Way
from csm_blender.remesh.geometry.surface import Surface, joined
from csm_blender.remesh.remesh import remesh

ALWAYS = RemeshMode.ALWAYS
HOUSE = (
    [(x, y, z) for x in (0, 4) for y in (0, 6) for z in (0, 3)] + [(2, 0, 5), (2, 6, 5)],
    [(0, 2, 6, 4), (0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 8, 1), (2, 3, 9, 7, 6), (1, 8, 9, 3), (5, 7, 9, 8)],
)
"""A house of polygons with up to five corners: 14 triangles and two more for its floor."""


@pytest.fixture(autouse=True)
def empty_blender() -> Iterator[None]:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    yield
    bpy.ops.wm.read_factory_settings(use_empty=True)


def done(form: Surface | bpy.types.Mesh, **options: object) -> tuple[bpy.types.Mesh, Form, RemeshReport]:
    """The new mesh, what is to be counted on it, and the report; progress must grow to the end."""
    mesh = as_mesh(form) if isinstance(form, Surface) else form
    shares: list[float] = []
    made, report = remesh(
        mesh, RemeshOptions(**({"texture_size": 0} | options)), lambda share, _text: shares.append(share)
    )
    assert shares == sorted(shares)
    assert 0.0 <= shares[0] <= shares[-1] <= 1.0
    found = Form(made)
    assert report.output.triangles == len(found.surface.triangles)
    assert report.output.watertight == found.is_closed
    assert np.isfinite(found.surface.points).all()
    assert len(made.materials) <= 1
    return made, found, report


def assert_clean(found: Form) -> None:
    """Closed, wound alike and outward, no triangle without an area."""
    assert found.is_closed
    assert found.volume > 0.0
    assert found.thinnest > 1e-6


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


# Edges and thin parts


@pytest.mark.parametrize("cells", [1, 12])
def test_a_box_stays_a_box(cells: int) -> None:
    """12 triangles as they are, or 1,728 brought down to 100: the same corners, twelve sharp edges, no others."""
    made, found, report = done(box((1.0, 2.0, 3.0), cells), triangles=100, mode=ALWAYS)
    assert_clean(found)
    assert len(found.surface.triangles) <= 100
    assert found.volume == pytest.approx(6.0, rel=1e-5)
    assert found.area == pytest.approx(22.0, rel=1e-5)
    assert np.allclose(found.low, [-0.5, -1.0, -1.5], atol=1e-6)
    assert report.deviation is not None
    assert report.deviation.max < 1e-5
    points = found.surface.points
    lengths = {edge: np.linalg.norm(points[edge[0]] - points[edge[1]]) for edge in sharp_edges(made)}
    assert sum(lengths.values()) == pytest.approx(4.0 * (1.0 + 2.0 + 3.0), rel=1e-4)
    on_faces = np.abs(points) > np.array([0.5, 1.0, 1.5]) - 1e-5
    for a, b in lengths:
        assert (on_faces[a] & on_faces[b]).sum() >= 2, "each sharp edge lies on two sides of the box"
    assert all(polygon.use_smooth for polygon in made.polygons)


def test_a_smooth_surface_gets_no_sharp_edges() -> None:
    mesh = as_mesh(ball(1.0, 16))
    mesh.polygons.foreach_set("use_smooth", np.ones(len(mesh.polygons), dtype=bool))
    made, found, _report = done(mesh, triangles=400)
    assert_clean(found)
    assert not sharp_edges(made)


def chair() -> Surface:
    """A seat on four legs of 1/30 of its width, all of one body each."""
    seat = moved(box((1.0, 1.0, 0.05), 10), (0.0, 0.0, 0.5))
    legs = [box((0.033, 0.033, 0.5), 6, (x, y, 0.225)) for x in (-0.45, 0.45) for y in (-0.45, 0.45)]
    return joined([seat, *legs])


def test_thin_legs_survive() -> None:
    _made, found, report = done(chair(), triangles=500)
    assert_clean(found)
    assert found.bodies == 5
    assert report.bodies_dropped == 0
    for x in (-0.45, 0.45):
        for y in (-0.45, 0.45):
            foot = found.surface.points - np.array([x, y, -0.025])
            assert (np.linalg.norm(foot, axis=1) < 0.03).sum() >= 4
    assert report.deviation is not None
    assert report.deviation.p99 < 0.001


def test_a_loose_cushion_is_kept_and_specks_and_inner_shells_go() -> None:
    cushion = moved(box((0.8, 0.8, 0.1), 6), (0.0, 0.0, 0.65))
    specks = [ball(0.005, 2, (0.7, 0.1 * k, 0.3)) for k in range(3)]
    shell = moved(box((0.9, 0.9, 0.02), 4), (0.0, 0.0, 0.5))
    _made, found, report = done(joined([chair(), cushion, *specks, shell]), triangles=1000)
    assert_clean(found)
    assert report.input.bodies == 10
    assert found.bodies == 6
    assert report.bodies_dropped == 4
    assert len(report.notes) == 2
    assert found.high[2] == pytest.approx(0.7, abs=1e-4)
    assert report.deviation is not None
    assert report.deviation.p99 < 0.001, "what was left out on purpose does not count"


@pytest.mark.parametrize("is_clear", [True, False])
def test_what_is_inside_a_glass_stays(is_clear: bool) -> None:
    mesh = as_mesh(joined([ball(1.0, 10), ball(0.5, 8)]))
    material = bpy.data.materials.new("Glass")
    if material.node_tree is None:
        material.use_nodes = True
    shader = next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    shader.inputs["Alpha"].default_value = 0.3 if is_clear else 1.0
    mesh.materials.append(material)
    _made, found, report = done(mesh, triangles=600)
    assert found.bodies == (2 if is_clear else 1)
    assert report.bodies_dropped == (0 if is_clear else 1)


def test_disjoint_parts_stay_apart() -> None:
    parts = [ball(0.4, 10, (x, y, z)) for x in (0.0, 1.0) for y in (0.0, 1.0) for z in (0.0, 1.0)]
    _made, found, report = done(joined(parts), triangles=2_000)
    assert_clean(found)
    assert found.bodies == report.input.bodies == 8
    assert found.volume == pytest.approx(8.0 * 4.0 / 3.0 * np.pi * 0.064, rel=0.04)


# Surfaces that are meant to be open


@pytest.mark.parametrize(
    ("form", "open_edges"),
    [
        pytest.param(sheet(), 32, id="cloth"),
        pytest.param(tube(4, 1, 1.0), 8, id="a box without two opposite sides"),
        pytest.param(tube(24, 6, 3.0), 48, id="pipe"),
        pytest.param(sheet((20, 1), (20.0, 0.2)), 42, id="ribbon"),
        pytest.param(sheet((1, 1)), 4, id="one square"),
        pytest.param(without(box(), 0, 1), 4, id="a box without a lid"),
    ],
)
def test_an_open_surface_stays_open_and_the_report_says_so(form: Surface, open_edges: int) -> None:
    _made, found, report = done(form)
    assert found.open_edges == open_edges
    assert len(found.surface.triangles) == len(form.triangles)
    assert found.is_wound_alike
    assert found.area == pytest.approx(Form(form).area, rel=1e-5)
    assert report.way is Way.MENDED
    assert not report.output.watertight
    assert any("stay open" in str(note) for note in report.notes)


# Damage


def damaged(form: Surface, kind: str) -> Surface:
    random = np.random.default_rng(5)
    some = random.choice(len(form.triangles), len(form.triangles) // 8, replace=False)
    if kind == "a hole":
        return without(form, 0, 1, 2, 3)
    if kind == "flipped":
        return turned_over(form, *some)
    if kind == "inside out":
        return Surface(form.points, form.triangles[:, ::-1])
    if kind == "doubled":
        return Surface(form.points, np.concatenate([form.triangles, form.triangles[some], form.triangles[some, ::-1]]))
    if kind == "unjoined":
        return unjoined(form)
    fins = np.array([[*form.triangles[t, :2], len(form.points) + k] for k, t in enumerate(some[:10])])
    out = form.points[form.triangles[some[:10], 0]] * 1.2
    return Surface(np.concatenate([form.points, out]), np.concatenate([form.triangles, fins]))


@pytest.mark.parametrize("kind", ["a hole", "flipped", "inside out", "doubled", "unjoined", "fins"])
@pytest.mark.parametrize("form", [ball(1.0, 8), box((1.0, 2.0, 3.0), 8)], ids=["ball", "box"])
def test_damage_is_mended_in_place(form: Surface, kind: str) -> None:
    """768 triangles within a budget of 1,000: nothing is reduced, so nothing but the damage may differ."""
    _made, found, report = done(damaged(form, kind), triangles=1_000, mode=ALWAYS)
    assert_clean(found)
    assert found.bodies == 1
    assert report.way is Way.MENDED
    assert report.holes_closed == (1 if kind == "a hole" else 0)
    assert len(found.surface.triangles) == len(form.triangles)
    assert found.volume == pytest.approx(Form(form).volume, rel=0.01 if kind == "a hole" else 1e-5)


def test_the_report_tells_what_came() -> None:
    _made, _found, report = done(damaged(ball(1.0, 8), "fins"), triangles=500)
    assert report.input.triangles == 778
    assert report.input.bodies == 1
    assert report.input.open_edges == 20
    assert report.input.non_manifold_edges == 10


def test_a_soup_of_loose_triangles_is_rebuilt_and_closed() -> None:
    """Each triangle has moved by a fifth of an edge, one in ten is gone."""
    random = np.random.default_rng(3)
    loose = unjoined(ball(1.0, 14))
    shift = np.repeat(random.normal(0.0, 0.02, (len(loose.triangles), 3)), 3, axis=0)
    kept = random.random(len(loose.triangles)) > 0.1
    _made, found, report = done(Surface(loose.points + shift, loose.triangles).kept(kept), triangles=2_000)
    assert_clean(found)
    assert report.way is Way.REBUILT
    assert found.bodies == 1
    assert found.volume == pytest.approx(4.0 / 3.0 * np.pi, rel=0.06)
    assert report.deviation is not None
    assert report.deviation.mean < 0.01


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
    random = np.random.default_rng(3)
    loose = unjoined(ball(1.0, 10))
    shift = np.repeat(random.normal(0.0, 0.02, (len(loose.triangles), 3)), 3, axis=0)
    form = joined([Surface(loose.points + shift, loose.triangles), without(ball(0.8, 10, (3.0, 0.0, 0.0)), 5, 6)])
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
