# SPDX-License-Identifier: GPL-3.0-or-later
"""A surface is cut so that each edge has at most two triangles, all wound the same way."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("bpy")

from surfaces import Form, ball, box, sheet, surface, turned_over

from csm_blender.remesh.geometry.surface import Surface, joined
from csm_blender.remesh.geometry.topology import edges_of
from csm_blender.remesh.geometry.weld import welded
from csm_blender.remesh.shape.manifold import cut_to_manifold


def counted(form: Surface) -> tuple[int, int]:
    """Open edges and those of three or more triangles, of the points as they are."""
    edges = edges_of(form.triangles)
    return edges.open_count, edges.non_manifold_count


def test_a_manifold_stays_as_it_is() -> None:
    form = ball(1.0, 6)
    found = cut_to_manifold(form)
    assert len(found.points) == len(form.points)
    centers = [each.points[each.triangles].mean(axis=1).round(9) for each in (found, form)]
    assert set(map(tuple, centers[0].tolist())) == set(map(tuple, centers[1].tolist()))
    assert Form(found).volume == pytest.approx(Form(form).volume)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.45])
def test_triangles_wound_against_most_are_turned(share: float) -> None:
    form = ball(1.0, 8)
    some = np.random.default_rng(2).choice(len(form.triangles), int(share * len(form.triangles)), replace=False)
    found = cut_to_manifold(turned_over(form, *some))
    assert counted(found) == (0, 0)
    assert Form(found).is_closed
    assert Form(found).volume == pytest.approx(Form(form).volume)


def test_each_body_is_wound_by_its_own_majority() -> None:
    form = joined([ball(1.0, 6), Surface(ball(1.0, 6, (3.0, 0.0, 0.0)).points, ball(1.0, 6).triangles[:, ::-1])])
    found = cut_to_manifold(turned_over(form, 0, 5, 500))
    assert Form(found).is_wound_alike
    assert Form(found).volume == pytest.approx(0.0, abs=1e-9)


def test_fins_are_left_out() -> None:
    form = ball(1.0, 6)
    fins = np.array([[*form.triangles[t, :2], len(form.points) + k] for k, t in enumerate((0, 100, 200))])
    points = np.concatenate([form.points, 1.3 * form.points[form.triangles[[0, 100, 200], 0]]])
    found = cut_to_manifold(Surface(points, np.concatenate([form.triangles, fins])))
    assert len(found.triangles) == len(form.triangles)
    assert counted(found) == (0, 0)


def test_an_edge_of_four_triangles_is_parted_where_both_its_ends_are_of_one_surface() -> None:
    """Two boxes that meet in an edge, between two slabs that they are part of."""
    filled = {(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1, 2) if z != 1 or x == y}
    sides = []
    for cell in sorted(filled):
        cube = box(center=cell)
        away = cube.face_vectors().round().astype(int)
        free = [tuple(np.add(cell, way).tolist()) not in filled for way in away]
        sides.append(cube.kept(np.array(free)))
    form = welded(joined(sides))
    assert counted(form) == (0, 1)
    found = cut_to_manifold(form)
    assert counted(found) == (0, 0)
    assert Form(found).is_wound_alike
    assert Form(found).volume == pytest.approx(10.0)


def test_two_boxes_that_share_an_edge_become_two_closed_bodies() -> None:
    """The edge has four triangles; the solid is what is between each pair, not the air."""
    form = welded(joined([box(), box((1.0, 1.0, 1.0), 1, (1.0, 1.0, 0.0))]))
    assert counted(form) == (0, 1)
    found = cut_to_manifold(form)
    assert counted(found) == (0, 0)
    assert len(found.points) == 16
    assert Form(found).volume == pytest.approx(2.0)


def test_two_boxes_that_share_a_corner_get_a_point_each() -> None:
    form = welded(joined([box(), box((1.0, 1.0, 1.0), 1, (1.0, 1.0, 1.0))]))
    assert len(form.points) == 15
    assert len(cut_to_manifold(form).points) == 16


def test_a_twisted_band_is_cut() -> None:
    """It has one side only and cannot be wound alike without a cut."""
    steps = 24
    turn = np.arange(steps) * 2.0 * np.pi / steps
    sides = [
        np.stack([(2.0 + s * np.cos(turn / 2)) * np.cos(turn), (2.0 + s * np.cos(turn / 2)) * np.sin(turn),
                  s * np.sin(turn / 2)], axis=1)
        for s in (-0.5, 0.5)
    ]  # fmt: skip
    a = np.arange(steps)
    b = steps + a
    c, d = np.roll(a, -1), np.roll(b, -1)
    c[-1], d[-1] = b[0], a[0]
    found = cut_to_manifold(
        surface(np.concatenate(sides), np.concatenate([np.stack([a, c, d], 1), np.stack([a, d, b], 1)]))
    )
    edges = edges_of(found.triangles)
    ways = np.bincount(edges.of_side, weights=np.where(edges.forward, 1.0, -1.0))
    assert (ways[edges.faces == 2] == 0.0).all()
    assert edges.non_manifold_count == 0
    assert edges.open_count == 2 * steps + 2


def test_a_sheet_stays_open() -> None:
    assert counted(cut_to_manifold(sheet())) == (32, 0)
