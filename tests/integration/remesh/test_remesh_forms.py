# SPDX-License-Identifier: GPL-3.0-or-later
"""What the local engine keeps of a form and what it mends: edges, thin parts, bodies, open surfaces, damage."""

from __future__ import annotations

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from remeshed import assert_clean, damaged, done, loose_triangles
from surfaces import Form, as_mesh, ball, box, moved, sharp_edges, sheet, tube, without

from csm_blender.core.remesh import RemeshMode, Way
from csm_blender.remesh.geometry.surface import Surface, joined

ALWAYS = RemeshMode.ALWAYS


pytestmark = pytest.mark.usefixtures("empty_blender")


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


def test_an_open_surface_keeps_the_side_it_faces() -> None:
    """A room without one wall, seen from inside."""
    room = without(box(), 0, 1)
    _made, found, _report = done(Surface(room.points, room.triangles[:, ::-1]))
    middles, ways = found.surface.points[found.surface.triangles].mean(axis=1), found.surface.face_vectors()
    assert (np.einsum("ij,ij->i", middles, ways) < 0.0).all()


# Damage


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
    _made, found, report = done(loose_triangles(14), triangles=1_000)
    assert_clean(found)
    assert 990 <= len(found.surface.triangles) <= 1_000
    assert report.way is Way.REBUILT
    assert found.bodies == 1
    assert found.volume == pytest.approx(4.0 / 3.0 * np.pi, rel=0.1)
    assert report.deviation is not None
    assert report.deviation.mean < 0.012


def test_strips_side_by_side_are_not_rebuilt_as_a_body() -> None:
    """Hair: around a head, each strip near to the next one."""
    strips = []
    for turn in np.linspace(0.0, 2.0 * np.pi, 200, endpoint=False):
        flat = sheet((1, 7), (0.02, 2.0))
        x, y, _z = flat.points.T
        strips.append(
            Surface(
                np.stack([np.cos(turn) + x, np.sin(turn) + 0.1 * y**2, y + 0.1 * np.sin(7.0 * turn)], axis=1),
                flat.triangles,
            )
        )
    form = joined(strips)
    _made, found, report = done(form, triangles=2_500, mode=ALWAYS)
    assert report.way is Way.MENDED
    assert found.area == pytest.approx(Form(form).area, rel=0.15)
    assert len(found.surface.triangles) <= 2_500
