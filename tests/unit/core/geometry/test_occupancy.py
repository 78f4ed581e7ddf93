# SPDX-License-Identifier: GPL-3.0-or-later
"""Coarse occupancy: which voxels a surface passes through, and what it encloses."""

from __future__ import annotations

import numpy as np
import pytest
from shapes_of_triangles import ball, box_of, cuboid

from csm_blender.core.errors import BadValue
from csm_blender.core.geometry.occupancy import GRID, grid_from_text, grid_to_text, solid_grid, surface_grid


def grid_of(triangles: np.ndarray) -> np.ndarray:
    return surface_grid(triangles, *box_of(triangles))


def test_a_cuboid_is_a_hollow_shell_one_voxel_thick_and_solid_when_filled() -> None:
    shell = grid_of(cuboid((-1.0, 0.0, 2.0), (3.0, 0.5, 9.0)))
    assert int(shell.sum()) == GRID**3 - (GRID - 2) ** 3
    assert solid_grid(shell).all()


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("voxel", [0, 7, GRID - 1])
def test_a_sheet_is_in_the_voxels_that_it_lies_in(axis: int, voxel: int) -> None:
    """One in the middle of a layer of voxels, as an index is read: x, y, z from low to high."""
    low, high = np.array([-1.0, 0.0, 2.0]), np.array([3.0, 0.5, 9.0])
    height = low[axis] + (voxel + 0.5) / GRID * (high - low)[axis]
    corners = np.array([low, low, low, low])
    corners[1:3, axis - 2], corners[2:, axis - 1] = high[axis - 2], high[axis - 1]
    corners[:, axis] = height
    expected = np.zeros((GRID,) * 3, dtype=bool)
    np.moveaxis(expected, axis, 0)[voxel] = True
    assert np.array_equal(surface_grid(corners[[[0, 1, 2], [0, 2, 3]]], low, high), expected)


def test_a_ball_fills_its_share_of_the_box() -> None:
    share = solid_grid(grid_of(ball((0.0, 0.0, 0.0), (1.0, 2.0, 0.5), 40))).mean()
    half_a_voxel_more = (1.0 + 1.0 / GRID) ** 3
    assert share == pytest.approx(np.pi / 6.0 * half_a_voxel_more, rel=0.05)


def test_what_is_open_is_not_solid() -> None:
    sides = cuboid((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    open_box = sides[[not (triangle[:, 2] == 1.0).all() for triangle in sides]]
    assert not solid_grid(surface_grid(open_box, np.zeros(3), np.ones(3)))[GRID // 2, GRID // 2, GRID // 2]


def test_the_grid_does_not_depend_on_place_and_proportions() -> None:
    triangles = ball((0.3, 0.2, 0.1), (0.4, 0.4, 0.4), 12)
    moved = triangles * np.array([2.0, 0.1, 30.0]) + np.array([1e4, -5.0, 0.0])
    assert (grid_of(triangles) != grid_of(moved)).mean() < 0.01  # a point between two voxels


def test_flat_shapes_nothing_and_numbers_that_are_none_are_no_trouble() -> None:
    flat = cuboid((0.0, 0.0, 1.0), (1.0, 1.0, 1.0))
    assert grid_of(flat).any(axis=(0, 1)).sum() == 1
    assert not surface_grid(np.empty((0, 3, 3)), np.zeros(3), np.ones(3)).any()
    broken = np.full((2, 3, 3), np.nan)
    assert not surface_grid(broken, np.zeros(3), np.ones(3)).any()


def test_what_is_outside_the_box_is_left_out() -> None:
    assert not surface_grid(cuboid((2.0, 2.0, 2.0), (3.0, 3.0, 3.0)), np.zeros(3), np.ones(3)).any()


def test_a_grid_goes_through_a_short_text() -> None:
    grid = grid_of(ball((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), 20))
    text = grid_to_text(grid)
    assert len(text) < 3000
    assert np.array_equal(grid_from_text(text), grid)


@pytest.mark.parametrize("text", ["", "?", "AAAA", grid_to_text(np.ones((GRID,) * 3, dtype=bool))[:-8]])
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(BadValue):
        grid_from_text(text)
