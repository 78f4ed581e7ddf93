# SPDX-License-Identifier: GPL-3.0-or-later
"""Join points at the same place, and leave out triangles that are none or are there twice."""

from __future__ import annotations

import numpy as np
from mathutils import Vector, kdtree

from .surface import Indices, Points, Surface, compact
from .topology import components, edges_of

SAME_PLACE = 2e-6
"""Points closer than this share of the diagonal are one; single precision resolves about a thirtieth of it."""
CRACK, GAP = 0.3, 1.2
"""Points on open edges are one where they are closer than this share of the edges there: on the same rim, on two."""
_CELLS = 1 << 20
_MOST_OPEN_EDGES = 300_000


def welded(surface: Surface) -> Surface:
    """*surface* with points at the same place joined, and without triangles that have become lines or doubles."""
    return _merged(surface, groups_at_same_place(surface))


def groups_at_same_place(surface: Surface) -> Indices:
    """A number for each point of *surface*, (n,), equal for points at the same place."""
    return _same_place(surface.points, max(surface.diagonal * SAME_PLACE, 1e-30))


def cracks_closed(surface: Surface) -> Surface:
    """*surface* with points on open edges joined where a gap is below the length of the edges there.

    A point is joined to the nearest one of another rim that is nearest to it, too, or to one of its own rim that is
    much nearer. What that does not join stays as it is. Generators and exporters leave such cracks between patches.
    """
    edges = edges_of(surface.triangles)
    rim = edges.ends[edges.faces == 1]
    if not len(rim) or len(rim) > _MOST_OPEN_EDGES:
        return surface
    points, ends = np.unique(rim, return_inverse=True)
    ends = ends.reshape(-1, 2)
    of_rim = components(len(points), ends[:, 0], ends[:, 1])
    lengths = np.linalg.norm(surface.points[rim[:, 0]] - surface.points[rim[:, 1]], axis=1)
    shortest = np.full(len(points), np.inf)
    for end in ends.T:
        np.minimum.at(shortest, end, lengths)
    places = [Vector(place) for place in surface.points[points].tolist()]
    tree = kdtree.KDTree(len(points))
    for number, place in enumerate(places):
        tree.insert(place, number)
    tree.balance()
    beside = {(min(pair), max(pair)) for pair in ends.tolist()}
    nearest, own = np.full(len(points), -1), []
    for number, place in enumerate(places):
        for _co, other, distance in tree.find_n(place, 5):
            least = min(shortest[number], shortest[other])
            if of_rim[other] != of_rim[number] and distance < GAP * least:
                nearest[number] = other
                break
            near = other != number and distance < CRACK * least
            if near and (min(number, other), max(number, other)) not in beside:
                own.append((number, other))
                break
    mutual = np.flatnonzero((nearest >= 0) & (nearest[nearest] == np.arange(len(points))))
    pairs = np.array([*own, *zip(mutual.tolist(), nearest[mutual].tolist(), strict=True)], dtype=np.int64)
    if not len(pairs):
        return surface
    a, b = points[pairs].T
    return _merged(surface, components(len(surface.points), a, b))


def _merged(surface: Surface, group: Indices) -> Surface:
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
