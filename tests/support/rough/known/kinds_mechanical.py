# SPDX-License-Identifier: GPL-3.0-or-later
"""Known meshes with sharp edges: boxes, brackets, flanges, gears, assemblies."""

from __future__ import annotations

from typing import Any

import numpy as np

from rough.known.cells import Cells, one_cell
from rough.known.kinds_organic import bumpy, round_cube, tube
from rough.known.looks import Look, Looks, even, gradient, pair, tiles, waves
from rough.surface import Surface, join

TURN = 2.0 * np.pi


def polar(grid: np.ndarray) -> np.ndarray:
    """(radius, angle, height) to space."""
    return np.stack([grid[:, 0] * np.cos(grid[:, 1]), grid[:, 0] * np.sin(grid[:, 1]), grid[:, 2]], axis=1)


def box(triangles: int) -> Surface:
    """A plain box."""
    return one_cell((-0.5, -0.4, -0.3), (0.5, 0.4, 0.3)).surface(triangles)


def bracket(triangles: int) -> Surface:
    """A square plate with a round hole in it and four square posts on it."""

    def bend(grid: np.ndarray) -> np.ndarray:
        share, angle, height = grid.T
        unit = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        square = unit / np.abs(unit).max(axis=1, keepdims=True)
        inner, outer = 0.4 * unit, square
        flat = inner + share[:, None] * (outer - inner)
        return np.concatenate([0.8 * flat, height[:, None]], axis=1)

    filled = np.zeros((3, 16, 3), dtype=bool)
    filled[:, :, 0] = True
    filled[1, ::4, 1:] = True  # four posts
    filled[1, ::4, 2] = True
    angles = np.linspace(0.0, TURN, 17) + TURN / 8.0 - TURN / 16.0 * 2.0
    return Cells(((0.0, 0.4, 0.75, 1.0), angles, (0.0, 0.12, 0.3, 0.5)), filled, bend, ring=1).surface(triangles)


def flange(triangles: int) -> Surface:
    """A pipe with a rim that has eight bolt holes, and a collar."""
    filled = np.zeros((5, 32, 4), dtype=bool)
    filled[0] = True  # the pipe
    filled[1:, :, 0] = True  # the rim
    filled[3, ::4, 0] = False  # the bolt holes
    filled[1, :, 1] = True
    filled[1, :, 3] = True
    lines = ((0.3, 0.38, 0.5, 0.6, 0.72, 0.85), np.linspace(0.0, TURN, 33), (0.0, 0.12, 0.3, 0.62, 0.75))
    return Cells(lines, filled, polar, ring=1).surface(triangles)


def gear(triangles: int) -> Surface:
    """A twisted gear with 18 teeth."""
    filled = np.zeros((3, 36, 1), dtype=bool)
    filled[:2] = True
    filled[2, ::2] = True

    def bend(grid: np.ndarray) -> np.ndarray:
        twisted = grid.copy()
        twisted[:, 1] += 0.35 * grid[:, 2]
        return polar(twisted)

    lines = ((0.2, 0.4, 0.7, 0.85), np.linspace(0.0, TURN, 37), (-0.2, 0.2))
    return Cells(lines, filled, bend, ring=1).surface(triangles)


def many(triangles: int) -> Surface:
    """24 bodies that stand apart: balls, boxes and rings."""
    rng = np.random.default_rng(5)
    parts = []
    for number in range(24):
        place = np.array([number % 4, number // 4 % 3, number // 12]) * 0.5 + rng.uniform(-0.04, 0.04, 3)
        share, size = triangles // 24, rng.uniform(0.12, 0.2)
        if number % 3 == 0:
            seed = number

            def bend(grid: np.ndarray, seed: int = seed) -> np.ndarray:
                directions = round_cube(grid)
                return directions * bumpy(directions, seed, 0.15)[:, None]

            part = one_cell((-1, -1, -1), (1, 1, 1), bend).surface(share).moved(size)
        elif number % 3 == 1:
            part = one_cell((-1, -0.8, -0.7), (1, 0.8, 0.7)).surface(share).moved(size)
        else:
            around = max(6, round((share / 2.0 / 3.0) ** 0.5))
            t = np.linspace(0.0, TURN, max(12, share // (2 * around)), endpoint=False)
            part = tube(np.stack([np.cos(t), np.sin(t), 0.0 * t], axis=1), 0.3, around).moved(size * 0.75)
        parts.append(part.moved(1.0, place))
    return join([Surface.of(part.points, part.triangles) for part in parts])


def cabinet(triangles: int) -> Surface:
    """A cabinet of three materials: body, two doors a gap away, a round lamp on it."""
    body = Cells(
        ((0.0, 0.04, 0.46, 0.54, 0.96, 1.0), (0.0, 0.5, 0.55), (0.0, 0.05, 0.7, 0.75)), _shelves(), material=0
    ).surface(triangles * 5 // 10)
    left = one_cell((0.01, -0.06, 0.01), (0.495, -0.02, 0.74), material=1).surface(triangles // 6)
    right = one_cell((0.505, -0.06, 0.01), (0.99, -0.02, 0.74), material=1).surface(triangles // 6)
    ball = one_cell((-1, -1, -1), (1, 1, 1), round_cube, material=2).surface(triangles // 6)
    return join([body, left, right, ball.moved(0.15, (0.5, 0.25, 0.92))])


def _shelves() -> np.ndarray:
    filled = np.ones((5, 2, 3), dtype=bool)
    filled[1, 0, 1] = filled[3, 0, 1] = False  # two compartments, open to the front
    return filled


_METAL = pair(gradient(0.0, 1.0, 2, 4.0), gradient(0.2, 0.8, 0, 5.0))

MECHANICAL: tuple[dict[str, Any], ...] = (
    {"name": "box", "family": "plain box, vertex colors", "make": box, "looks": Looks((Look(waves(6)),)),
     "thickness": 0.6, "sharp": True},
    {"name": "bracket", "family": "mechanical, round hole", "make": bracket,
     "looks": Looks((Look(tiles(7), "texture"),)), "thickness": 0.12, "sharp": True},
    {"name": "flange", "family": "metallic, bolt holes", "make": flange,
     "looks": Looks((Look(tiles(8), "texture", metallic_roughness=_METAL),)), "thickness": 0.08, "sharp": True},
    {"name": "gear", "family": "mechanical, vertex colors", "make": gear, "looks": Looks((Look(waves(9)),)),
     "thickness": 0.05, "sharp": True},
    {"name": "many", "family": "many parts, vertex colors", "make": many, "looks": Looks((Look(waves(10)),)),
     "thickness": 0.05, "bodies": 24},
    {"name": "cabinet", "family": "several materials and UV maps", "make": cabinet, "thickness": 0.03, "bodies": 4,
     "sharp": True,
     "looks": Looks((Look(tiles(11), "texture"),
                     Look(tiles(12), "texture", transform=(0.25, 0.5, 0.5, 0.5), second_uv=True),
                     Look(even(0.9, 0.75, 0.3), "factor"))) },
)  # fmt: skip
