# SPDX-License-Identifier: GPL-3.0-or-later
"""The linear algebra of the box, against its own laws."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csm_blender.core.geometry import linalg

X, Y, Z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
NUMBERS = st.floats(-100.0, 100.0)
VECTORS = st.tuples(NUMBERS, NUMBERS, NUMBERS)


def test_the_axes_are_right_handed() -> None:
    assert linalg.cross(X, Y) == Z
    assert linalg.cross(Y, Z) == X
    assert linalg.dot(X, Y) == 0.0
    assert linalg.length((2.0, 3.0, 6.0)) == 7.0
    assert linalg.scaled((1.0, -2.0, 0.5), 2.0) == (2.0, -4.0, 1.0)


@given(VECTORS, VECTORS)
def test_a_vector_product_is_perpendicular_to_both(a: tuple[float, ...], b: tuple[float, ...]) -> None:
    normal = linalg.cross(a, b)
    size = 1e-9 * (1.0 + linalg.length(a) ** 2 * linalg.length(b) + linalg.length(b) ** 2 * linalg.length(a))
    assert abs(linalg.dot(normal, a)) <= size
    assert abs(linalg.dot(normal, b)) <= size


def test_columns_are_the_images_of_the_axes_and_the_origin_is_the_last() -> None:
    matrix = linalg.from_columns((1.0, 2.0, 3.0), (4.0, 5.0, 6.0), (7.0, 8.0, 9.0), (10.0, 11.0, 12.0))
    assert linalg.columns(matrix) == ((1.0, 2.0, 3.0), (4.0, 5.0, 6.0), (7.0, 8.0, 9.0))
    assert linalg.transformed(matrix, (0.0, 0.0, 0.0)) == (10.0, 11.0, 12.0)
    assert linalg.transformed(matrix, Y) == (14.0, 16.0, 18.0)
    assert linalg.transformed(linalg.IDENTITY, (1.0, 2.0, 3.0)) == (1.0, 2.0, 3.0)


@pytest.mark.parametrize(
    "axes",
    [
        ((2.0, 0.0, 0.0), (0.0, 0.5, 0.0), (0.0, 0.0, 3.0)),
        ((0.0, 2.0, 0.0), (-1.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
        ((0.0, 0.0, 0.0), (0.0, 3.0, 4.0), (0.0, 0.0, 0.0)),
        ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 5.0)),
    ],
)
def test_axes_without_a_length_get_a_direction(axes: tuple[tuple[float, float, float], ...]) -> None:
    found = linalg.orthonormal_axes(axes)
    for number, axis in enumerate(found):
        assert linalg.length(axis) == pytest.approx(1.0)
        assert linalg.dot(axis, found[number - 1]) == pytest.approx(0.0, abs=1e-12)
        if any(axes[number]):
            assert linalg.dot(axis, axes[number]) == pytest.approx(linalg.length(axes[number]))


@given(VECTORS)
def test_a_solution_solves(wanted: tuple[float, float, float]) -> None:
    axes = ((2.0, 0.0, 1.0), (0.0, 3.0, 0.0), (-1.0, 0.0, 1.0))
    x = linalg.solved(axes, wanted)
    assert x is not None
    found = [sum(axes[i][row] * x[i] for i in range(3)) for row in range(3)]
    assert found == pytest.approx(list(wanted), abs=1e-9)


def test_flat_axes_have_no_solution() -> None:
    assert linalg.solved((X, Y, (1.0, 1.0, 0.0)), Z) is None


@given(st.floats(-1e30, 1e30))
def test_single_precision_is_what_blender_keeps(value: float) -> None:
    kept = linalg.float32(value)
    assert linalg.float32(kept) == kept
    assert struct.pack("f", kept) == struct.pack("f", value)
    assert math.isclose(kept, value, rel_tol=1e-6, abs_tol=1e-37)
