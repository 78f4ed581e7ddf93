# SPDX-License-Identifier: GPL-3.0-or-later
"""Last repairs: no triangle without an area, no two edges at the same place."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("bpy")

from surfaces import Form, ball, box, surface

from csm_blender.remesh.geometry.surface import Surface, joined
from csm_blender.remesh.shape.clean_up import cleaned_up, flat_triangles


def with_flat_triangles(form: Surface, count: int) -> Surface:
    """*form* with a point on the middle of *count* edges, in one of the two triangles of each only."""
    points, triangles = [form.points], [form.triangles.copy()]
    for k in range(count):
        a, b, c = form.triangles[k * 7]
        new = len(form.points) + k
        points.append((form.points[[a]] + form.points[[b]]) / 2.0)
        triangles[0][k * 7] = (new, b, c)
        triangles.append(np.array([[a, new, c], [a, b, new]]))
    return Surface(np.concatenate(points), np.concatenate(triangles))


def test_a_clean_surface_is_only_rounded_to_single_precision() -> None:
    form = ball(1.0, 6)
    found = cleaned_up(form)
    assert np.array_equal(found.triangles, form.triangles)
    assert np.array_equal(found.points, form.points.astype(np.float32))


def test_flat_triangles_are_found_whatever_their_size() -> None:
    for size in (1e-3, 1.0, 1e3):
        form = surface(
            np.array([[0, 0, 0], [1, 0, 0], [2, 0, 0], [0, 1, 0], [1, 1e-3, 0], [1, 1e-6, 0]]) * size,
            [[0, 1, 2], [0, 1, 3], [0, 2, 4], [0, 2, 5], [3, 3, 1]],
        )
        assert flat_triangles(form).tolist() == [0, 3, 4]


@pytest.mark.parametrize("form", [ball(1.0, 6), box((1.0, 2.0, 3.0), 6)], ids=["ball", "box"])
def test_flat_triangles_are_turned_and_the_surface_stays_closed(form: Surface) -> None:
    flat = with_flat_triangles(form, 20)
    assert len(flat_triangles(flat)) == 20
    found = cleaned_up(flat)
    assert not len(flat_triangles(found))
    assert len(found.triangles) == len(flat.triangles)
    assert Form(found).is_closed
    assert Form(found).volume == pytest.approx(Form(form).volume, rel=1e-5), "turned, not moved"


@pytest.mark.parametrize("thickness", [1e-3, 1e-4, 1e-5])
def test_a_thin_plate_keeps_its_corners(thickness: float) -> None:
    form = box((1.0, thickness, 1.0))
    found = cleaned_up(form)
    assert np.abs(found.points - form.points).max() < 1e-6


def test_a_flat_triangle_by_itself_is_raised_and_hardly_moved() -> None:
    form = surface([[0, 0, 0], [1, 0, 0], [0.4, 0, 0], [0, 0, 1], [1, 0, 1]], [[0, 1, 2], [0, 2, 3], [2, 1, 4]])
    found = cleaned_up(form)
    assert not len(flat_triangles(found))
    assert np.abs(found.points - form.points).max() < 1e-4


def test_edges_of_two_bodies_at_the_same_place_are_parted() -> None:
    form = joined([box(), box((1.0, 1.0, 1.0), 1, (1.0, 1.0, 0.0))])
    assert Form(form).edges_of_more == 1
    found = cleaned_up(form)
    assert Form(found).is_closed
    assert Form(found).bodies == 2
    assert np.abs(found.points - form.points).max() < 1e-4


def test_sheets_that_lie_on_each_other_are_parted() -> None:
    """Moved inward both by the same length, they would lie on each other again."""
    found = cleaned_up(joined([ball(1.0, 4), ball(1.0, 4)]))
    assert Form(found).is_closed
    assert Form(found).bodies == 2
    assert np.abs(np.linalg.norm(found.points, axis=1) - 1.0).max() < 3e-4


def test_triangles_too_small_to_have_an_area_are_made_larger() -> None:
    """Of a good shape, but smaller than the measurer of the rough meshes can tell from nothing."""
    form = ball(1.0, 6)
    a, b, c = form.triangles[0]
    corners = form.points[[a, b, c]]
    across, up = (corners[1:] - corners[0]) / np.linalg.norm(corners[1] - corners[0])
    small = corners.mean(axis=0) + 3e-5 * np.stack([0.0 * up, across, across / 2.0 + 0.02 * up])
    x, y, z = len(form.points) + np.arange(3)
    ring = np.array([[x, y, z], [a, b, y], [a, y, x], [b, c, z], [b, z, y], [c, a, x], [c, x, z]])
    form = Surface(np.concatenate([form.points, small]), np.concatenate([form.triangles[1:], ring]))
    found = cleaned_up(form)
    assert Form(found).is_closed
    assert found.areas().min() > 1e-12 * found.diagonal**2
    assert np.abs(found.points - form.points).max() < 1e-3
