# SPDX-License-Identifier: GPL-3.0-or-later
"""The way a mesh faces is found from the block-out's shape, and a tie is called a tie."""

from __future__ import annotations

import numpy as np
import pytest
from shapes_of_triangles import Array, ball, box_of, cuboid

from csm_blender.core.geometry.facing import QUARTERS, FoundTurn, best_turn, stretch, turn_matrix, turned_grid
from csm_blender.core.geometry.occupancy import GRID, surface_grid

CASES = 200
MOST_STRETCH = 1.5


def mesh_of(seed: int, *, coarse: bool) -> Array:
    """A random thing of two to five boxes and balls; *coarse*, its balls are diamonds and its boxes off by a little."""
    draw, blur = np.random.default_rng(seed), np.random.default_rng(seed + 1_000_000)
    parts = []
    for _ in range(draw.integers(2, 6)):
        center, size, is_box = draw.uniform(0.0, 1.0, 3), draw.uniform(0.08, 0.5, 3), draw.uniform() < 0.6
        off = blur.uniform(-0.03, 0.03, 3) if coarse else np.zeros(3)
        if is_box:
            parts.append(cuboid(center - size / 2.0 + off, center + size / 2.0 - off))
        else:
            parts.append(ball(center + off, size / 2.0, 2 if coarse else 24))
    return np.concatenate(parts)


def found(mesh: Array, block_out: Array) -> FoundTurn:
    size, wanted = (high - low for low, high in (box_of(mesh), box_of(block_out)))
    stretches = [max(stretch(tuple(wanted / (np.abs(turn_matrix(turn)) @ size)))) for turn in QUARTERS]
    return best_turn(surface_grid(mesh, *box_of(mesh)), surface_grid(block_out, *box_of(block_out)), stretches)


def test_a_turn_brings_the_front_to_the_right() -> None:
    front, right = np.array([0.0, -1.0, 0.0]), np.array([1.0, 0.0, 0.0])
    assert np.array_equal(turn_matrix(90) @ front, right)
    assert np.array_equal(turn_matrix(270) @ right, front)
    assert np.array_equal(turn_matrix(0), np.eye(3))
    with pytest.raises(ValueError, match="not in tuple"):
        turn_matrix(45)


@pytest.mark.parametrize("turn", QUARTERS)
def test_a_grid_turns_as_its_mesh_does(turn: int) -> None:
    mesh = mesh_of(1, coarse=False)
    turned = mesh @ turn_matrix(turn).T
    wanted = surface_grid(turned, *box_of(turned))
    made = turned_grid(surface_grid(mesh, *box_of(mesh)), turn)
    assert (made != wanted).sum() < 0.02 * wanted.sum()  # a point between two voxels may fall into the other one


def test_random_meshes_face_as_their_coarse_stretched_turned_copies() -> None:
    right, ties = 0, 0
    for seed in range(CASES):
        draw = np.random.default_rng(seed + 2_000_000)
        turn, scale = int(draw.choice(QUARTERS)), draw.uniform(1.0, MOST_STRETCH, 3)
        block_out = (mesh_of(seed, coarse=True) @ turn_matrix(turn).T) * scale
        answer = found(mesh_of(seed, coarse=False), block_out)
        right += not answer.is_tie and answer.degrees == turn
        ties += answer.is_tie
    assert right >= 0.95 * CASES
    assert right + ties == CASES, "what is not right is said to be a tie"


def test_in_a_plain_box_the_turn_that_stretches_less_is_taken_and_its_opposite_is_as_good() -> None:
    mesh = mesh_of(3, coarse=False) * np.array([1.0, 3.0, 1.0])
    assert found(mesh, cuboid((0.0, 0.0, 0.0), (3.0, 1.0, 1.0))).as_good == (90, 270)
    assert found(mesh, cuboid((0.0, 0.0, 0.0), (1.0, 3.0, 1.0))).as_good == (0, 180)


def test_without_a_shape_the_stretch_alone_decides() -> None:
    answer = best_turn(np.ones((GRID,) * 3, dtype=bool), None, (2.0, 1.0, 2.0, 1.0))
    assert (answer.degrees, answer.as_good, answer.is_tie) == (90, (90, 270), True)


def test_a_mesh_that_looks_the_same_from_all_sides_is_a_tie() -> None:
    answer = found(ball((0.0, 0.0, 0.0), (1.0, 1.0, 2.0), 24), cuboid((0.0, 0.0, 0.0), (1.0, 1.0, 2.0)))
    assert (answer.degrees, answer.as_good) == (0, QUARTERS)


def test_a_chair_faces_as_two_cubes_for_seat_and_back_say() -> None:
    legs = [cuboid((x, y, 0.0), (x + 0.06, y + 0.06, 0.45)) for x in (0.0, 0.44) for y in (0.0, 0.44)]
    seat, back = cuboid((0.0, 0.0, 0.45), (0.5, 0.5, 0.5)), cuboid((0.0, 0.44, 0.5), (0.5, 0.5, 1.0))
    chair = np.concatenate([*legs, seat, back])
    for turn in QUARTERS:
        cubes = np.concatenate([cuboid((0.0, 0.0, 0.0), (0.5, 0.5, 0.5)), cuboid((0.0, 0.4, 0.5), (0.5, 0.5, 1.0))])
        answer = found(chair, cubes @ turn_matrix(turn).T)
        assert (answer.degrees, answer.is_tie) == (turn, False)


def test_stretch_is_relative_to_the_axis_that_is_scaled_least() -> None:
    assert stretch((2.0, 3.0, 2.0)) == (1.0, 1.5, 1.0)
    assert stretch((0.0, 4.0, 2.0)) == (1.0, 2.0, 1.0)
    assert stretch((0.0, 0.0, 0.0)) == (1.0, 1.0, 1.0)
