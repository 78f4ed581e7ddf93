# SPDX-License-Identifier: GPL-3.0-or-later
"""Known meshes with thin parts: walls, chairs, fences, and sheets that are meant to be open."""

from __future__ import annotations

from typing import Any

import numpy as np

from rough.known.cells import Cells, one_cell
from rough.known.kinds_mechanical import TURN, polar
from rough.known.kinds_organic import round_cube, tube
from rough.known.looks import Look, Looks, stripes, tiles, waves
from rough.surface import Surface, join


def room(triangles: int) -> Surface:
    """A house without a roof: walls 1.2 cm thick, a door and a window, 1 m long."""
    filled = np.zeros((5, 3, 4), dtype=bool)
    filled[:, :, 0] = True  # floor
    filled[0] = filled[-1] = True
    filled[:, 0] = filled[:, -1] = True
    filled[2, 0, 1:3] = False  # door
    filled[2, -1, 2] = False  # window
    w = 0.012
    return Cells(((0, w, 0.4, 0.6, 1 - w, 1), (0, w, 0.8 - w, 0.8), (0, w, 0.25, 0.4, 0.5)), filled).surface(triangles)


def chair(triangles: int) -> Surface:
    """A chair with legs 1.6 cm thick, a slatted back, and a cushion that lies loose on it."""
    t = 0.016
    x = (0.0, t, 0.14, 0.16, 0.24, 0.26, 0.4 - t, 0.4)
    y = (0.0, t, 0.4 - t, 0.4)
    z = (0.0, 0.4, 0.42, 0.8, 0.84)
    filled = np.zeros((7, 3, 4), dtype=bool)
    filled[:, :, 1] = True  # seat
    for i in (0, -1):
        for j in (0, -1):
            filled[i, j, 0] = True
    filled[::2, -1, 2] = True
    filled[:, -1, 3] = True
    frame = Cells((x, y, z), filled).surface(triangles * 7 // 10)

    def pillow(grid: np.ndarray) -> np.ndarray:
        directions = round_cube(grid)
        power = np.sign(directions) * np.abs(directions) ** np.array([0.45, 0.45, 0.8])
        return power * np.array([0.185, 0.17, 0.03])

    cushion = one_cell((-1, -1, -1), (1, 1, 1), pillow, material=1).surface(triangles * 3 // 10)
    return join([frame, cushion.moved(1.0, (0.2, 0.19, 0.454))])


def fence(triangles: int) -> Surface:
    """A plate 2 cm thick on two posts; its texture cuts stripes out of the plate by alpha."""
    filled = np.zeros((5, 1, 2), dtype=bool)
    filled[:, :, 1] = True
    filled[1, :, 0] = filled[3, :, 0] = True
    return Cells(((0, 0.15, 0.2, 0.8, 0.85, 1.0), (0, 0.02), (0, 0.25, 0.8)), filled).surface(triangles)


def cloth(triangles: int) -> Surface:
    """One open sheet in folds."""
    side = max(2, round((triangles / 2.0) ** 0.5))
    u, v = (part.ravel() for part in np.meshgrid(*[np.linspace(0.0, 1.0, side + 1)] * 2, indexing="ij"))
    points = np.stack([u - 0.5, v - 0.5, 0.08 * np.sin(9.0 * u + 2.0 * v) + 0.1 * np.cos(4.0 * v)], axis=1)
    return Surface.of(points, _sheet_faces(side, side))


def _sheet_faces(rows: int, columns: int) -> np.ndarray:
    i, j = (part.ravel() for part in np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij"))
    a = i * (columns + 1) + j
    b, c, d = a + columns + 1, a + columns + 2, a + 1
    return np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])


def plant(triangles: int) -> Surface:
    """A closed pot and a closed ring around it, and eight open leaves."""
    pot = Cells(((0.12, 0.15), np.linspace(0.0, TURN, 9), (0.0, 0.25)), np.ones((1, 8, 1), dtype=bool), polar, ring=1)
    t = np.linspace(0.0, TURN, max(24, round((triangles / 5.0 / 2.0 * 6.0) ** 0.5)), endpoint=False)
    around = max(6, triangles // 5 // (2 * len(t)))
    rim = tube(np.stack([0.19 * np.cos(t), 0.19 * np.sin(t), 0.2 + 0.0 * t], axis=1), 0.025, around)
    made = pot.surface(triangles * 3 // 10)
    parts = [Surface.of(made.points, made.triangles), rim]
    rows = max(4, round((triangles / 2.0 / 8.0 / 2.0 / 3.0) ** 0.5))
    for number in range(8):
        turn, lift = number * TURN / 8.0, 0.25 + 0.2 * (number % 3)
        u, v = (part.ravel() for part in np.meshgrid(np.linspace(0, 1, 3 * rows + 1), np.linspace(-1, 1, rows + 1),
                                                     indexing="ij"))  # fmt: skip
        width = 0.02 + 0.09 * np.sin(np.pi * u**0.8) ** 1.2
        out = 0.06 + 0.5 * u
        height = 0.3 + lift * u - 0.35 * u**2 + 0.3 * width * v**2
        x, y = out, width * v
        points = np.stack([x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn), height], axis=1)
        parts.append(Surface.of(points, _sheet_faces(3 * rows, rows)))
    return join(parts)


THIN: tuple[dict[str, Any], ...] = (
    {"name": "room", "family": "thin walls, textured", "make": room, "looks": Looks((Look(tiles(13), "texture"),)),
     "thickness": 0.012, "sharp": True},
    {"name": "chair", "family": "thin legs, two materials", "make": chair, "thickness": 0.016, "bodies": 2,
     "looks": Looks((Look(tiles(14), "texture"), Look(waves(15), "vertex"))), "sharp": True},
    {"name": "fence", "family": "alpha", "make": fence, "thickness": 0.02, "sharp": True,
     "looks": Looks((Look(tiles(16), "texture", alpha=stripes()),))},
    {"name": "cloth", "family": "open cloth", "make": cloth, "looks": Looks((Look(waves(17)),)), "thickness": 0.0,
     "open_bodies": 1},
    {"name": "plant", "family": "open leaves, closed pot", "make": plant, "looks": Looks((Look(waves(18)),)),
     "thickness": 0.0, "bodies": 10, "open_bodies": 8},
)  # fmt: skip
