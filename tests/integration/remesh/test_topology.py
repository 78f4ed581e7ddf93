# SPDX-License-Identifier: GPL-3.0-or-later
"""How triangles hang together: their edges, who is beside whom, which parts there are."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("bpy")

from surfaces import Form, ball, box, sheet, tube, turned_over, without

from csm_blender.remesh.geometry.surface import joined
from csm_blender.remesh.geometry.topology import NONE, bodies_of, components, edges_of, twins_of, wound_against


def test_the_edges_of_a_tetrahedron() -> None:
    edges = edges_of(np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [2, 0, 3]]))
    assert edges.ends.tolist() == [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]
    assert edges.faces.tolist() == [2] * 6
    assert edges.open_count == edges.non_manifold_count == 0
    assert edges.of_side[:3].tolist() == [1, 3, 0], "from 0 to 2, from 2 to 1, from 1 to 0"
    assert edges.forward[:3].tolist() == [True, False, False]


@pytest.mark.parametrize("form", [ball(1.0, 5), sheet(), tube(7, 3, 1.0), without(box(), 3)])
def test_open_and_other_edges_are_counted(form) -> None:
    edges = edges_of(form.triangles)
    assert edges.open_count == Form(form).open_edges
    assert edges.non_manifold_count == 0
    assert len(edges.ends) == len(Form(form).uses)


def test_an_edge_of_three_triangles_is_counted_and_has_no_twins() -> None:
    triangles = np.array([[0, 1, 2], [1, 0, 3], [0, 1, 4]])
    edges = edges_of(triangles)
    assert edges.non_manifold_count == 1
    assert edges.open_count == 6
    assert (twins_of(edges) == NONE).all()


def test_twins_are_each_others_and_on_the_same_edge() -> None:
    edges = edges_of(without(ball(1.0, 6), 0).triangles)
    twins = twins_of(edges)
    sides = np.flatnonzero(twins != NONE)
    assert len(twins) - len(sides) == 3
    assert (twins[twins[sides]] == sides).all()
    assert (edges.of_side[twins[sides]] == edges.of_side[sides]).all()
    assert (twins[sides] != sides).all()


def test_components_are_numbered_in_the_order_of_their_first_thing() -> None:
    assert components(6, np.array([4, 1]), np.array([0, 5])).tolist() == [0, 1, 2, 3, 0, 1]
    assert components(3, np.zeros(0, dtype=int), np.zeros(0, dtype=int)).tolist() == [0, 1, 2]


def test_a_long_chain_is_one_component() -> None:
    order = np.random.default_rng(1).permutation(20_000)
    assert components(20_000, order[:-1], order[1:]).max() == 0


def test_bodies_are_connected_by_points() -> None:
    form = joined([box(), ball(1.0, 3), sheet()])
    labels = bodies_of(form.triangles, edges_of(form.triangles))
    assert [int((labels == body).sum()) for body in range(3)] == [12, 108, 128]
    fan = np.array([[0, 1, 2], [0, 3, 4]])
    assert bodies_of(fan, edges_of(fan)).tolist() == [0, 0], "one point is enough"


def turned(triangles: np.ndarray) -> list[int]:
    edges = edges_of(triangles)
    return np.flatnonzero(wound_against(edges, twins_of(edges))).tolist()


def test_triangles_wound_against_the_others_are_found() -> None:
    chosen = [0, 1, 2, 40, 41, 300, 767]
    assert turned(turned_over(ball(1.0, 8), *chosen).triangles) == chosen
    assert turned(ball(1.0, 8).triangles) == []
    assert turned(turned_over(joined([ball(1.0, 8), box()]), *chosen, 770).triangles) == [*chosen, 770]


def test_one_wrong_join_turns_nothing_over() -> None:
    """A pipe that was joined to itself the wrong way around in one edge, as where a crack was closed by mistake."""
    form = tube(24, 12, 3.0)
    high = np.flatnonzero(np.isclose(form.points[:, 2], 3.0))
    low = np.flatnonzero(np.isclose(form.points[:, 2], 0.0))
    joins = np.arange(len(form.points))
    joins[high[[0, 1]]] = low[[1, 0]]
    assert turned(joins[form.triangles]) == []
