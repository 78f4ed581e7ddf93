# SPDX-License-Identifier: GPL-3.0-or-later
"""From a measured box to what is sent and where the result goes, in plain numbers."""

from __future__ import annotations

import math

import pytest

from csm_blender.core.errors import BadValue, NoSize
from csm_blender.core.geometry.box import (
    box_of,
    corner_error,
    corners,
    expected_delivery,
    pivot_from_api,
    pivot_to_api,
    plan,
    plan_for_numbers,
    size_from_api,
    size_to_api,
)
from csm_blender.core.geometry.linalg import (
    IDENTITY,
    columns,
    cross,
    dot,
    float32,
    from_columns,
    orthonormal_axes,
    solved,
)
from csm_blender.core.models import Choices, Matrix4, Original, Pivot, Target, Vec3

LOW, HIGH = (-1.0, -0.5, 0.0), (1.0, 1.5, 4.0)


def target(matrix: Matrix4 = IDENTITY, low: Vec3 = LOW, high: Vec3 = HIGH) -> Target:
    return Target("Thing", matrix, low, high)


def scaled_by(x: float, y: float, z: float, place: Vec3 = (0.0, 0.0, 0.0)) -> Matrix4:
    return from_columns((x, 0.0, 0.0), (0.0, y, 0.0), (0.0, 0.0, z), place)


def test_axes_are_exchanged_as_the_api_wants_them() -> None:
    assert size_to_api((1.0, 2.0, 3.0), 0.01) == pytest.approx((0.01, 0.03, 0.02))
    assert size_from_api((0.01, 0.03, 0.02), 0.01) == pytest.approx((1.0, 2.0, 3.0))
    assert pivot_to_api((0.1, 0.2, 0.3)) == (0.1, 0.3, -0.2)
    assert pivot_from_api((0.1, 0.3, -0.2)) == (0.1, 0.2, 0.3)


def test_no_minus_zero_is_sent() -> None:
    refinement, _ = plan(target(low=(-1.0, -1.0, -1.0), high=(1.0, 1.0, 1.0)))
    assert [math.copysign(1.0, value) for value in refinement.pivot_point] == [1.0, 1.0, 1.0]


def test_size_and_pivot_of_a_plain_box() -> None:
    refinement, placement = plan(target(scaled_by(2.0, 1.0, 0.5)))
    assert refinement.scaled_bbox == (4.0, 2.0, 2.0)
    assert refinement.pivot_point == (0.0, -0.5, 0.25)
    assert (placement.box_min, placement.box_max) == ((-2.0, -0.5, 0.0), (2.0, 1.5, 2.0))
    assert placement.axis_scale == (1.0, 1.0, 1.0)
    assert not placement.mirror_x


def test_a_pivot_outside_is_clamped_where_it_is_sent_and_kept_where_it_stands() -> None:
    refinement, placement = plan(target(low=(3.0, 0.0, 0.0), high=(5.0, 1.0, 1.0)))
    assert refinement.pivot_point == (-0.5, -0.5, 0.5)
    assert (placement.box_min, placement.box_max) == ((3.0, 0.0, 0.0), (5.0, 1.0, 1.0))


@pytest.mark.parametrize(
    ("pivot", "sent", "origin"),
    [(Pivot.CENTER, (0.0, 0.0, 0.0), (0.0, 0.5, 2.0)), (Pivot.BASE, (0.0, -0.5, 0.0), (0.0, 0.5, 0.0))],
)
def test_chosen_pivots_move_the_origin(pivot: Pivot, sent: Vec3, origin: Vec3) -> None:
    refinement, placement = plan(target(), Choices(pivot=pivot))
    assert refinement.pivot_point == sent
    assert tuple(row[3] for row in placement.matrix_world[:3]) == origin
    assert corners(placement.matrix_world, placement.box_min, placement.box_max) == corners(IDENTITY, LOW, HIGH)


def test_replacing_keeps_the_origin_and_the_matrix() -> None:
    matrix = scaled_by(2.0, -1.0, 0.5, (1.0, 2.0, 3.0))
    _, placement = plan(target(matrix), Choices(pivot=Pivot.CENTER, original=Original.REPLACE))
    assert placement.matrix_world == matrix
    assert (placement.box_min, placement.box_max) == (LOW, HIGH)
    assert placement.mirror_x


@pytest.mark.parametrize("signs", [(-1.0, 1.0, 1.0), (1.0, -1.0, 1.0), (1.0, 1.0, -1.0), (-1.0, -1.0, -1.0)])
def test_a_mirrored_frame_keeps_its_corners_and_is_right_handed(signs: Vec3) -> None:
    matrix = scaled_by(*signs)
    _, placement = plan(target(matrix))
    x, y, z = columns(placement.matrix_world)
    assert dot(cross(x, y), z) == pytest.approx(1.0)
    found = corners(placement.matrix_world, placement.box_min, placement.box_max)
    assert corner_error(found, corners(matrix, LOW, HIGH)) <= 1e-12


def test_shear_keeps_the_targets_own_matrix() -> None:
    matrix = from_columns((1.0, 0.0, 0.0), (0.5, 1.0, 0.0), (0.0, 0.0, 2.0), (1.0, 2.0, 3.0))
    assert box_of(target(matrix)).sheared
    _, placement = plan(target(matrix), Choices(pivot=Pivot.BASE))
    found = corners(placement.matrix_world, placement.box_min, placement.box_max)
    assert corner_error(found, corners(matrix, LOW, HIGH)) <= 1e-12
    assert columns(placement.matrix_world) == columns(matrix)


def test_a_moved_origin_can_be_held_in_32_bits_and_the_box_stays() -> None:
    matrix = scaled_by(1.5, 0.7, 2.0, (1e5, -7e4, 3.3e4))
    _, placement = plan(target(matrix), Choices(pivot=Pivot.CENTER))
    place = [row[3] for row in placement.matrix_world[:3]]
    assert place == [float32(value) for value in place]
    found = corners(placement.matrix_world, placement.box_min, placement.box_max)
    assert corner_error(found, corners(matrix, LOW, HIGH)) <= 1e-10


def test_a_flat_axis_means_that_no_size_is_sent() -> None:
    refinement, placement = plan(target(high=(1.0, 1.5, 0.0)))
    assert refinement.scaled_bbox is None
    assert refinement.pivot_point is not None
    assert placement.flat == (False, False, True)
    assert expected_delivery(refinement) is None


@pytest.mark.parametrize("high", [LOW, (math.inf, 1.0, 1.0), (math.nan, 1.0, 1.0)])
def test_no_size_is_a_clear_error(high: Vec3) -> None:
    with pytest.raises(NoSize, match="'Thing'"):
        plan(target(high=high))


def test_scale_zero_on_one_axis_is_flat_and_on_all_axes_is_nothing() -> None:
    _, placement = plan(target(scaled_by(1.0, 0.0, 1.0)))
    assert placement.flat == (False, True, False)
    x, y, z = columns(placement.matrix_world)
    assert dot(cross(x, y), z) == pytest.approx(1.0)
    with pytest.raises(NoSize):
        plan(target(scaled_by(0.0, 0.0, 0.0)))


def test_a_box_by_numbers() -> None:
    refinement, placement = plan_for_numbers((1.0, 2.0, 3.0), (0.0, -0.5, 0.0), scale_length=0.5)
    assert refinement.scaled_bbox == (1.0, 2.0, 3.0)
    assert (placement.box_min, placement.box_max) == ((-1.0, -3.0, 0.0), (1.0, 3.0, 4.0))
    assert expected_delivery(refinement) == ((-0.5, 0.0, -1.5), (0.5, 2.0, 1.5))


@pytest.mark.parametrize(
    ("size", "pivot"),
    [
        ((0.0, 1.0, 1.0), None),
        ((-1.0, 1.0, 1.0), None),
        ((math.nan, 1.0, 1.0), None),
        ((1.0, 1.0, 1.0), (0.6, 0.0, 0.0)),
    ],
)
def test_numbers_that_mean_nothing_are_refused(size: Vec3, pivot: Vec3 | None) -> None:
    with pytest.raises(BadValue):
        plan_for_numbers(size, pivot)


def test_solving_is_the_inverse_of_multiplying() -> None:
    axes = ((1.0, 0.2, 0.0), (0.5, 2.0, 0.1), (0.0, -0.3, 3.0))
    x = (1.0, -2.0, 0.5)
    b = tuple(sum(axes[i][row] * x[i] for i in range(3)) for row in range(3))
    assert solved(axes, b) == pytest.approx(x)
    assert solved((axes[0], axes[1], (0.0, 0.0, 0.0)), b) is None


def test_missing_axes_are_made_up_perpendicular() -> None:
    zero = (0.0, 0.0, 0.0)
    for axes in (((2.0, 0.0, 0.0), zero, zero), (zero, zero, (0.0, 1.0, 1.0)), (zero, (0.0, 3.0, 0.0), zero)):
        x, y, z = orthonormal_axes(axes)
        assert dot(x, y) == pytest.approx(0.0)
        assert dot(cross(x, y), z) == pytest.approx(1.0)
