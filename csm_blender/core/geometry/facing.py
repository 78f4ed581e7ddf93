# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way a mesh faces in a box: quarter turns about the box's up axis, and the one that fits a block-out best.

Turns are counterclockwise seen from above, in Blender's axes (x right, y back, z up): by 90 degrees, what is at the
right comes to the back, and what is at the front comes to the right.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from .occupancy import Grid, solid_grid

QUARTERS = (0, 90, 180, 270)
FULL_TURN = 360
OVERLAP_MARGIN = 0.02
"""Turns whose overlap is this much less than the best one's are not told apart by their overlap."""

STRETCH_MARGIN = 1.02
"""Turns that stretch this many times as much as the best one are not told apart by their stretch."""

Array = NDArray[np.float64]
_Blurred = NDArray[np.float32]
_Voxel = TypeVar("_Voxel", np.bool_, np.float32)


@dataclass(frozen=True)
class FoundTurn:
    """The best turn in degrees, and all that are as good as far as can be told: more than one is a tie.

    ``overlaps`` are from 0 to 1, for each of ``QUARTERS``; empty where nothing was compared.
    """

    degrees: int
    as_good: tuple[int, ...] = ()
    overlaps: tuple[float, ...] = ()

    @property
    def is_tie(self) -> bool:
        """Whether other turns are as good."""
        return len(self.as_good) > 1


def turn_matrix(degrees: int) -> Array:
    """The rotation (3, 3) about z, exact. Raises ``ValueError`` for what is no quarter turn."""
    cosine, sine = ((1, 0), (0, 1), (-1, 0), (0, -1))[QUARTERS.index(degrees)]
    return np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]], dtype=np.float64)


def turned_grid(grid: NDArray[_Voxel], degrees: int) -> NDArray[_Voxel]:
    """*grid* as its mesh would be after the turn, in the box it has then."""
    turned: NDArray[_Voxel] = np.rot90(grid, QUARTERS.index(degrees), axes=(0, 1))
    return turned


def stretch(scales: Iterable[float]) -> tuple[float, float, float]:
    """*scales* on the three axes divided by the least of them. Axes that cannot be scaled (0 or less) are 1."""
    values = [float(scale) for scale in scales]
    least = min((scale for scale in values if scale > 0.0), default=1.0)
    x, y, z = (scale / least if scale > 0.0 else 1.0 for scale in values)
    return (x, y, z)


def best_turn(mesh: Grid, block_out: Grid | None, stretches: Sequence[float]) -> FoundTurn:
    """The quarter turn in which *mesh* overlaps *block_out* most; where that does not tell, that which stretches less.

    Both are surfaces, in the axes and the box that the block-out has: see :func:`.occupancy.surface_grid`. Without a
    block-out the stretch alone decides. *stretches* has the largest stretch for each of ``QUARTERS``. The smallest turn
    of a tie is taken.
    """
    overlaps: tuple[float, ...] = ()
    if block_out is not None and block_out.any() and mesh.any():
        wanted = _features(block_out)
        made = _features(mesh)
        overlaps = tuple(_overlap([turned_grid(part, turn) for part in made], wanted) for turn in QUARTERS)
    best = max(overlaps, default=0.0)
    close = [index for index in range(len(QUARTERS)) if not overlaps or overlaps[index] >= best - OVERLAP_MARGIN]
    least = min(stretches[index] for index in close)
    as_good = [index for index in close if stretches[index] <= least * STRETCH_MARGIN]
    return FoundTurn(QUARTERS[as_good[0]], tuple(QUARTERS[index] for index in as_good), overlaps)


def _features(surface: Grid) -> list[_Blurred]:
    """What is compared of a shape: its solid and its surface, blurred so that small displacements count little."""
    return [_blurred(solid_grid(surface)), _blurred(surface)]


def _overlap(made: Sequence[_Blurred], wanted: Sequence[_Blurred]) -> float:
    """How much two shapes have in common of what both have together, from 0 to 1: the mean over their features."""
    shares = [
        float(np.minimum(a, b).sum()) / max(float(np.maximum(a, b).sum()), 1e-9)
        for a, b in zip(made, wanted, strict=True)
    ]
    return sum(shares) / len(shares)


def _blurred(grid: Grid) -> _Blurred:
    """The mean of each voxel and its neighbors, on one axis after the other."""
    values = grid.astype(np.float32)
    for axis in range(3):
        padded = np.pad(values, [(1, 1) if each == axis else (0, 0) for each in range(3)])
        low, middle, high = (np.take(padded, np.arange(i, i + values.shape[axis]), axis=axis) for i in range(3))
        values = (low + middle + high) / np.float32(3.0)
    return values
