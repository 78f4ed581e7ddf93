# SPDX-License-Identifier: GPL-3.0-or-later
"""A box drawn by hand: what it may be, how its faces follow the mouse, and where its pivot snaps."""

from __future__ import annotations

import itertools
import math

import pytest

from csm_blender.core.errors import BadValue
from csm_blender.core.geometry.box import plan
from csm_blender.core.geometry.custom_box import (
    SNAP_POINTS,
    along_axis,
    check_custom_box,
    face_moved,
    on_plane,
    origin_pivot,
    pivot_of,
    point_of,
    resized,
    snap_step,
)
from csm_blender.core.geometry.linalg import IDENTITY, from_columns
from csm_blender.core.models import Choices, Pivot, Target, Vec3

LOW, HIGH = (-1.0, -0.5, 0.0), (1.0, 1.5, 4.0)
MIRRORED = from_columns((-1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (0.0, 0.0, 0.0))


def test_a_dragged_face_leaves_the_others_where_they_are() -> None:
    assert face_moved(LOW, HIGH, 2, is_high=True, to=5.0) == (LOW, (1.0, 1.5, 5.0))
    assert face_moved(LOW, HIGH, 0, is_high=False, to=-3.0) == ((-3.0, -0.5, 0.0), HIGH)


@pytest.mark.parametrize("is_high", [False, True])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_face_dragged_through_the_opposite_one_stops_short_of_it(axis: int, is_high: bool) -> None:
    low, high = face_moved(LOW, HIGH, axis, is_high=is_high, to=-10.0 if is_high else 10.0)
    assert 0.0 < high[axis] - low[axis] < 0.05
    check_custom_box("Thing", low, high)  # so thin, and yet a box that can be refined to


def test_width_and_depth_grow_about_the_middle_and_height_from_the_base() -> None:
    assert resized(LOW, HIGH, (4.0, 1.0, 1.0)) == ((-2.0, 0.0, 0.0), (2.0, 1.0, 1.0))
    assert resized(LOW, HIGH, (2.0, 2.0, 4.0)) == (LOW, HIGH)


@pytest.mark.parametrize(("longest", "step"), [(0.95, 0.01), (1.0, 0.1), (9.0, 0.1), (340.0, 10.0), (0.0, 0.1)])
def test_sizes_snap_to_steps_that_suit_them(longest: float, step: float) -> None:
    assert snap_step(longest) == pytest.approx(step, rel=1e-12)


@pytest.mark.parametrize(
    ("high", "said"),
    [
        ((math.nan, 1.5, 4.0), "not a number"),
        ((math.inf, 1.5, 4.0), "not a number"),
        ((1.0, -2.5, 4.0), "negative depth"),
        ((1.0, 1.5, 0.0), "no height"),
        ((1.0, 1.5, 1e-7), "no height"),
        (LOW, "no width"),
    ],
)
def test_what_is_no_box_is_refused(high: Vec3, said: str) -> None:
    with pytest.raises(BadValue, match=said):
        check_custom_box("Thing", LOW, high)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("name", SNAP_POINTS)
def test_a_point_dragged_to_is_the_point_that_is_sent(name: str, mirrored: bool) -> None:
    pivot = SNAP_POINTS[name]
    point = point_of(LOW, HIGH, pivot, mirrored=mirrored)
    assert pivot_of(LOW, HIGH, point, mirrored=mirrored) == pytest.approx(pivot, abs=1e-12)
    matrix = MIRRORED if mirrored else IDENTITY
    _, placement = plan(Target("Thing", matrix, LOW, HIGH), Choices(pivot=Pivot.CUSTOM, custom_pivot=pivot))
    stands = [row[3] for row in placement.matrix_world[:3]]
    side = -1.0 if mirrored else 1.0
    assert stands == pytest.approx([side * point[0], point[1], point[2]], abs=1e-6)  # the result's origin


def test_snap_points_are_the_centres_and_corners() -> None:
    corners = [point for point in SNAP_POINTS.values() if all(abs(value) == 0.5 for value in point)]
    assert sorted(corners) == sorted(itertools.product((-0.5, 0.5), repeat=3))
    faces = [point for point in SNAP_POINTS.values() if sorted(map(abs, point)) == [0.0, 0.0, 0.5]]
    assert len(set(faces)) == 6
    assert len(SNAP_POINTS) == 8 + 6 + 1


def test_a_point_outside_becomes_the_nearest_of_the_box_and_a_flat_side_has_none() -> None:
    assert pivot_of(LOW, HIGH, (9.0, 0.5, -3.0), mirrored=False) == (0.5, 0.0, -0.5)
    assert pivot_of(LOW, HIGH, (9.0, 0.5, -3.0), mirrored=True) == (-0.5, 0.0, -0.5)
    assert pivot_of(LOW, (1.0, 1.5, 0.0), (0.0, 0.5, 3.0), mirrored=False) == (0.0, 0.0, 0.0)


def test_the_origin_is_a_snap_point_only_inside_the_box() -> None:
    assert origin_pivot(LOW, HIGH, mirrored=False) == (0.0, -0.25, -0.5)
    assert origin_pivot((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), mirrored=True) == (0.5, -0.5, -0.5)
    assert origin_pivot((0.1, 0.0, 0.0), (1.0, 1.0, 1.0), mirrored=False) is None


def test_the_mouse_is_followed_along_an_axis_in_lengths_of_it() -> None:
    start, direction = (1.0, 2.0, 3.0), (0.0, 0.0, 2.0)
    assert along_axis(start, direction, (-9.0, 2.5, 7.0), (1.0, 0.0, 0.0)) == pytest.approx(2.0)
    assert along_axis(start, direction, (-9.0, 2.5, 7.0), (1.0, 0.0, 0.5)) == pytest.approx(4.5)
    assert along_axis(start, direction, (0.0, 0.0, 0.0), (0.0, 1e-3, 1.0)) is None


def test_the_mouse_is_followed_on_a_plane() -> None:
    found = on_plane((0.0, 0.0, 2.0), (0.0, 0.0, 1.0), (1.0, 1.0, 10.0), (0.5, 0.0, -1.0))
    assert found == pytest.approx((5.0, 1.0, 2.0))
    assert on_plane((0.0, 0.0, 2.0), (0.0, 0.0, 1.0), (1.0, 1.0, 10.0), (1.0, 0.0, 0.0)) is None
