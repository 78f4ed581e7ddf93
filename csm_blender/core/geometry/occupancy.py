# SPDX-License-Identifier: GPL-3.0-or-later
"""Coarse occupancy of a mesh in its box: which voxels its surface passes through, and which of them it encloses.

A grid has ``GRID`` voxels on each axis, whatever the proportions of the box, so that two meshes that fill their boxes
can be compared. Its axes are those of the points it was made from; all here use Blender's: x right, y back, z up.
"""

from __future__ import annotations

import base64
import binascii
import zlib

import numpy as np
from numpy.typing import NDArray

from ..errors import BadValue

GRID = 32
"""Voxels on each axis."""

Array = NDArray[np.float64]
Grid = NDArray[np.bool_]
"""(GRID, GRID, GRID), indexed x, y, z."""

MOST_SAMPLES = 4_000_000
"""Points looked at for one grid; beyond that only every few are."""
_SAMPLES_PER_VOXEL = 2
_MOST_STEPS = 4 * GRID
_BATCH = 500_000
_TOLERANCE = 1e-4
"""How far outside the box a point still counts: a face on its upper side is in the last voxel."""


def surface_grid(triangles: Array, low: Array, high: Array) -> Grid:
    """The voxels of the box *low* to *high* (3,) that the *triangles* (n, 3 corners, 3) pass through.

    An axis on which the box has no size counts as one layer of voxels. What lies outside the box is left out. Empty
    without triangles.
    """
    grid: Grid = np.zeros((GRID,) * 3, dtype=np.bool_)
    size = high - low
    unit = (triangles - low) / np.where(size > 0.0, size, 1.0)
    unit = np.where(size > 0.0, unit, 0.5)
    unit = unit[np.isfinite(unit).all(axis=(1, 2))]
    if not len(unit):
        return grid
    edges = np.abs(unit - np.roll(unit, 1, axis=1)).max(axis=(1, 2))
    steps = np.clip(np.ceil(edges * GRID * _SAMPLES_PER_VOXEL), 1, _MOST_STEPS).astype(np.int64)
    total = int(((steps + 1) * (steps + 2) // 2).sum())
    skip = -(-total // MOST_SAMPLES)
    for count in np.unique(steps):
        weights = _barycentric(int(count))
        of_size = unit[steps == count][::skip]
        batch = max(1, _BATCH // len(weights))
        for start in range(0, len(of_size), batch):
            _mark(grid, weights, of_size[start : start + batch])
    return grid


def solid_grid(surface: Grid) -> Grid:
    """The voxels that cannot be reached from outside without passing through *surface*, and those of it."""
    free = np.pad(~surface, 1, constant_values=True)
    outside = np.zeros_like(free)
    outside[[0, -1]] = outside[:, [0, -1]] = outside[:, :, [0, -1]] = True
    reached = 0
    while (count := int(outside.sum())) != reached:
        reached = count
        for axis in range(3):
            here, there = np.moveaxis(outside, axis, 0), np.moveaxis(free, axis, 0)
            for index in range(1, len(here)):  # a whole line at once, as the fill runs on through it
                here[index] |= here[index - 1] & there[index]
            for index in range(len(here) - 2, -1, -1):
                here[index] |= here[index + 1] & there[index]
    inside: Grid = ~outside[1:-1, 1:-1, 1:-1]
    return inside


def grid_to_text(grid: Grid) -> str:
    """*grid* as a short text of letters and digits, for JSON; :func:`grid_from_text` reads it."""
    return base64.b64encode(zlib.compress(np.packbits(grid).tobytes(), 9)).decode("ascii")


def grid_from_text(text: str) -> Grid:
    """The grid that :func:`grid_to_text` wrote. Raises :class:`BadValue` for any other text."""
    size = GRID**3 // 8
    try:
        unpack = zlib.decompressobj()
        data = unpack.decompress(base64.b64decode(text, validate=True), size + 1)
    except (binascii.Error, zlib.error, ValueError) as error:
        raise BadValue("The recorded shape of the block-out is damaged.") from error
    if len(data) != size:
        raise BadValue("The recorded shape of the block-out is damaged.")
    bits = np.unpackbits(np.frombuffer(data, dtype=np.uint8))
    return bits.astype(np.bool_).reshape((GRID,) * 3)


def _barycentric(steps: int) -> Array:
    """Weights (n, 3) of evenly spread points of a triangle, its corners and edges among them."""
    i, j = np.meshgrid(np.arange(steps + 1), np.arange(steps + 1), indexing="ij")
    keep = i + j <= steps
    a, b = i[keep] / steps, j[keep] / steps
    return np.stack([a, b, 1.0 - a - b], axis=1)


def _mark(grid: Grid, weights: Array, corners: Array) -> None:
    """Mark the voxels that hold the points with these *weights* (w, 3) of triangles with *corners* (n, 3 corners, 3).

    *corners* are normalized to the box. One axis after the other: on whole columns numpy is three times as fast.
    """
    inside = np.ones((len(corners), len(weights)), dtype=np.bool_)
    voxels = np.zeros(inside.shape, dtype=np.int64)
    for axis in range(3):
        first, second, third = (corners[:, corner, axis, None] * weights[:, corner] for corner in range(3))
        place = first + second + third
        inside &= (place > -_TOLERANCE) & (place < 1.0 + _TOLERANCE)
        voxels *= GRID
        voxels += np.clip(place * GRID, 0.0, GRID - 1.0).astype(np.int64)
    grid.reshape(-1)[voxels[inside]] = True
