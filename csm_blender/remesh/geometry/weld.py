# SPDX-License-Identifier: GPL-3.0-or-later
"""Join points at the same place, and leave out triangles that are none or are there twice."""

from __future__ import annotations

import numpy as np

from .surface import Indices, Points, Surface, compact
from .topology import components

SAME_PLACE = 2e-6
"""Points closer than this share of the diagonal are one; single precision resolves about a thirtieth of it."""
_CELLS = 1 << 20


def welded(surface: Surface) -> Surface:
    """*surface* with points at the same place joined, and without triangles that have become lines or doubles."""
    return merged(surface, groups_at_same_place(surface))


def groups_at_same_place(surface: Surface) -> Indices:
    """A number for each point of *surface*, (n,), equal for points at the same place."""
    return _same_place(surface.points, max(surface.diagonal * SAME_PLACE, 1e-30))


def merged(surface: Surface, group: Indices) -> Surface:
    """One point for each *group* (n,) of points, where the first one of it is."""
    _, first, inverse = np.unique(group, return_index=True, return_inverse=True)
    triangles = inverse.reshape(-1)[surface.triangles]
    a, b, c = triangles.T
    triangles = triangles[(a != b) & (b != c) & (c != a)]
    return compact(surface.points[first], triangles[_first_of_each(np.sort(triangles, axis=1))])


def _same_place(points: Points, tolerance: float) -> Indices:
    """A number for each point, equal for points within about *tolerance* of each other.

    Two grids of cells, the second one moved by half a cell: points on both sides of a border of the first grid share a
    cell of the second.
    """
    if not len(points):
        return np.zeros(0, dtype=np.int64)
    low = points.min(axis=0)
    tolerance = max(tolerance, float(np.ptp(points, axis=0).max()) / (_CELLS - 4))
    scaled = (points - low) / tolerance
    _, first, cell = np.unique(_cells(scaled + 1.0), return_index=True, return_inverse=True)
    other = _cells(scaled[first] + 1.5)  # of one point of each cell: most points are exactly at the same place
    order = np.argsort(other, kind="stable")
    same = np.flatnonzero(other[order[1:]] == other[order[:-1]])
    return np.asarray(components(len(first), order[same], order[same + 1])[cell.reshape(-1)])


def _cells(scaled: Points) -> Indices:
    x, y, z = np.floor(scaled).astype(np.int64).T
    return np.asarray((x * _CELLS + y) * _CELLS + z)


def _first_of_each(rows: Indices) -> Indices:
    """Indices of the first row of each kind among *rows* (m, 3), in order."""
    order = np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0]))
    new = np.ones(len(rows), dtype=bool)
    new[1:] = (rows[order[1:]] != rows[order[:-1]]).any(axis=1)
    return np.sort(order[new])
