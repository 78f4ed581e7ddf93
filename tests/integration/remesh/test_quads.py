# SPDX-License-Identifier: GPL-3.0-or-later
"""Quads over a closed surface: as many as asked for, on the surface."""

from __future__ import annotations

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from surfaces import Form, ball, box, moved, sheet

from csm_blender.remesh.geometry.surface import Surface, joined
from csm_blender.remesh.shape.quads import LARGEST_INPUT, quads_over, triangles_for

pytestmark = pytest.mark.usefixtures("empty_blender")


@pytest.mark.parametrize("quads", [100, 1_500])
def test_all_are_quads_on_the_surface_within_a_tenth(quads: int) -> None:
    made = quads_over(ball(1.0, 20), quads, "Ball")
    assert made.name == "Ball"
    assert {len(polygon.vertices) for polygon in made.polygons} == {4}
    assert len(made.polygons) == pytest.approx(quads, rel=0.1)
    found = Form(made)
    assert found.is_closed
    distances = np.linalg.norm(found.surface.points, axis=1)
    assert np.abs(distances - 1.0).max() < 0.01
    assert [mesh.name for mesh in bpy.data.meshes] == ["Ball"], "nothing else is left"


def test_each_body_gets_some() -> None:
    made = quads_over(joined([ball(1.0, 10), box((1.0, 1.0, 1.0), 8, (3.0, 0.0, 0.0))]), 600, "Two")
    assert Form(made).bodies == 2
    assert Form(made).is_closed


def test_the_same_surface_gives_the_same_quads() -> None:
    first, second = (Form(quads_over(ball(1.0, 10), 300, "Ball")).surface for _ in range(2))
    assert np.array_equal(first.points, second.points)
    assert np.array_equal(first.triangles, second.triangles)


def test_the_surface_below_has_enough_triangles() -> None:
    assert triangles_for(1_000) == LARGEST_INPUT
    assert triangles_for(100_000) == 400_000


def crown(leaves: int) -> Surface:
    """Cards of two triangles, scattered: QuadriFlow says that it has finished, and has left them, or never ends."""
    random = np.random.default_rng(1)
    return joined([moved(sheet((1, 1), (0.2, 0.2)), random.uniform(-1.0, 1.0, 3)) for _ in range(leaves)])


@pytest.mark.parametrize(("leaves", "quads"), [(60, 500), (200, 200), (200, 2_000)])
def test_loose_cards_are_split_into_quads(leaves: int, quads: int) -> None:
    found = Form(made := quads_over(crown(leaves), quads, "Crown"))
    assert {len(polygon.vertices) for polygon in made.polygons} == {4}
    assert len(made.polygons) == pytest.approx(quads, rel=0.1)
    assert found.bodies == leaves
    assert found.area == pytest.approx(leaves * 0.04, rel=0.01)


def test_the_leaves_of_a_tree_are_quads_beside_those_of_its_trunk() -> None:
    trunk = box((0.4, 0.4, 3.0), 12)
    found = Form(made := quads_over(joined([trunk, crown(200)]), 1_000, "Tree"))
    assert {len(polygon.vertices) for polygon in made.polygons} == {4}
    assert len(made.polygons) == pytest.approx(1_000, rel=0.1)
    assert found.bodies == 201
    assert found.area == pytest.approx(Form(trunk).area + 200 * 0.04, rel=0.02)


def test_many_small_bodies_become_quads_and_stay_closed() -> None:
    random = np.random.default_rng(1)
    form = joined([ball(0.1, 3, random.uniform(-3.0, 3.0, 3)) for _ in range(120)])
    found = Form(made := quads_over(form, 5_000, "Drops"))
    assert {len(polygon.vertices) for polygon in made.polygons} == {4}
    assert len(made.polygons) == pytest.approx(5_000, rel=0.1)
    assert found.bodies == 120
    assert found.is_closed


def test_an_open_surface_keeps_its_rim() -> None:
    made = quads_over(sheet((24, 24)), 300, "Sheet")
    found = Form(made)
    assert np.allclose(found.low, [0.0, 0.0, 0.0], atol=1e-3)
    assert np.allclose(found.high, [1.0, 1.0, 0.0], atol=1e-3)
    assert found.area == pytest.approx(1.0, rel=0.01)
