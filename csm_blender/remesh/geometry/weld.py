# SPDX-License-Identifier: GPL-3.0-or-later
"""Join points at the same place, and leave out triangles that are none or are there twice."""

from __future__ import annotations

import numpy as np
from mathutils import Vector, kdtree

from .surface import Indices, Mask, Points, Surface, compact
from .topology import NONE, Edges, bodies_of, components, edges_of

SAME_PLACE = 2e-6
"""Points closer than this share of the diagonal are one; single precision resolves about a thirtieth of it."""
CRACK, GAP = 0.3, 1.2
"""Points on open edges are one where they are closer than this share of the edges there: on the same rim, on two."""
INWARD, BELOW = 0.5, 0.7
"""Cosines between the way to another point and the way into the surface: above them there is the surface, or a wall."""
_NEIGHBORS, _TWO = 5, 2
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
    much nearer. A gap has the surface on both sides of it: from one rim of a band to the other there is none.
    What that does not join stays as it is. Generators and exporters leave such cracks between patches.
    """
    edges = edges_of(surface.triangles)
    rim = edges.ends[edges.faces == 1]
    if not len(rim) or len(rim) > _MOST_OPEN_EDGES:
        return surface
    rims = _Rims(surface, edges)
    nearest, own = np.full(len(rims.points), NONE), []
    for number, place in enumerate(rims.places):
        for _co, other, distance in rims.tree.find_n(place, _NEIGHBORS):
            least = min(rims.shortest[number], rims.shortest[other])
            across = rims.of_rim[other] != rims.of_rim[number]
            if other == number or distance >= (GAP if across else CRACK) * least:
                continue
            if rims.is_surface(number, other):
                break
            if distance >= CRACK * least and rims.is_wall(number, other):
                continue
            if across:
                nearest[number] = other
            else:
                own.append((number, other))
            break
    mutual = np.flatnonzero((nearest >= 0) & (nearest[nearest] == np.arange(len(nearest))))
    pairs = np.array([*own, *zip(mutual.tolist(), nearest[mutual].tolist(), strict=True)], dtype=np.int64)
    if not len(pairs):
        return surface
    a, b = rims.points[pairs].T
    return _merged(surface, components(len(surface.points), a, b))


class _Rims:
    """The points on the open edges of a surface, by number, and what the surface is like at each of them."""

    def __init__(self, surface: Surface, edges: Edges) -> None:
        # Where a fin stands on the surface, its rim ends at points that are on no rim of the surface.
        at_fin = np.zeros(len(surface.points), dtype=bool)
        at_fin[edges.ends[edges.faces > _TWO]] = True
        is_rim = (edges.faces == 1) & ~at_fin[edges.ends].any(axis=1)
        open_sides = np.flatnonzero(is_rim[edges.of_side])
        rim = edges.ends[edges.of_side[open_sides]]
        self.points, ends = np.unique(rim, return_inverse=True)
        ends = ends.reshape(-1, 2)
        count = len(self.points)
        self.of_rim = components(count, ends[:, 0], ends[:, 1]).tolist()
        low, high = surface.points[rim[:, 0]], surface.points[rim[:, 1]]
        lengths = np.linalg.norm(high - low, axis=1)
        along = (high - low) / np.maximum(lengths, 1e-30)[:, None]
        inward = surface.points[surface.triangles[open_sides // 3, (open_sides + 2) % 3]] - low
        inward = _unit(inward - np.einsum("ij,ij->i", inward, along)[:, None] * along)
        sums = np.zeros((count, 3))
        shortest = np.full(count, np.inf)
        for end in ends.T:
            np.minimum.at(shortest, end, lengths)
            np.add.at(sums, end, inward)
        self.shortest = shortest.tolist()
        self.places = [Vector(place) for place in surface.points[self.points].tolist()]
        self._inward = [Vector(way) for way in _unit(sums).tolist()]
        body = np.zeros(len(surface.points), dtype=np.int64)
        body[surface.triangles.ravel()] = np.repeat(bodies_of(surface.triangles, edges), 3)
        self._body = body[self.points].tolist()
        number = np.full(len(surface.points), NONE)
        number[self.points] = np.arange(count)
        inner = number[edges.ends]
        self._edges = set(map(tuple, inner[(inner != NONE).all(axis=1)].tolist()))
        self.tree = kdtree.KDTree(count)
        for each, place in enumerate(self.places):
            self.tree.insert(place, each)
        self.tree.balance()

    def is_surface(self, a: int, b: int) -> bool:
        """Whether the way between the points *a* and *b* leads over the surface that they both belong to."""
        connected = self._body[a] == self._body[b]
        return connected and (self._inward_share(a, b) > INWARD or (min(a, b), max(a, b)) in self._edges)

    def is_wall(self, a: int, b: int) -> bool:
        """Whether the way between the points *a* and *b* leads below or above the surface at one of them."""
        return self._inward_share(a, b) > BELOW

    def _inward_share(self, a: int, b: int) -> float:
        way = self.places[b] - self.places[a]
        return float(max(way.dot(self._inward[a]), -way.dot(self._inward[b])) / max(way.length, 1e-30))


def _unit(vectors: Points) -> Points:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-30))


def _merged(surface: Surface, group: Indices) -> Surface:
    """One point for each *group* (n,) of points, where the first one of it is."""
    _, first, inverse = np.unique(group, return_index=True, return_inverse=True)
    triangles = inverse.reshape(-1)[surface.triangles]
    a, b, c = triangles.T
    triangles = triangles[(a != b) & (b != c) & (c != a)]
    return compact(surface.points[first], _without_doubles(triangles))


def _without_doubles(triangles: Indices) -> Indices:
    """One of all *triangles* (m, 3) with the same corners, and none where two bodies meet in a common wall."""
    rows = np.sort(triangles, axis=1)
    kept = _first_of_each(rows)
    if len(kept) == len(triangles):
        return triangles
    _, kind = np.unique(rows, axis=0, return_inverse=True)
    kind = kind.reshape(-1)
    # An even permutation of the sorted corners is wound one way, an odd one the other way.
    turn = np.where((triangles == rows).all(axis=1) | (np.roll(triangles, 1, axis=1) == rows).all(axis=1), 1, 0)
    turn |= (np.roll(triangles, 2, axis=1) == rows).all(axis=1)
    both_ways = (np.bincount(kind) == _TWO) & (np.bincount(kind, weights=turn) == 1)
    is_wall = _walls(triangles[kept], both_ways[kind[kept]])
    return triangles[kept[~is_wall]]


def _walls(triangles: Indices, doubled: Mask) -> Mask:
    """Which of the *doubled* ones (m,) of *triangles* (m, 3) are a wall: they end where two others meet."""
    edges = edges_of(triangles)
    of_side = edges.of_side.reshape(-1, 3)
    inside = np.bincount(of_side[doubled].ravel(), minlength=len(edges.ends))
    outside = edges.faces - inside
    fits = np.where(inside == 1, outside == _TWO, outside == 0) | (inside == 0)
    of_doubled = np.flatnonzero(doubled)
    patch = components(len(edges.ends), *(of_side[of_doubled][:, pair].ravel() for pair in ((0, 1), (1, 2))))[
        of_side[of_doubled, 0]
    ]
    bad = np.bincount(patch, weights=~fits[of_side[of_doubled]].all(axis=1), minlength=len(edges.ends))
    wall = np.zeros(len(triangles), dtype=bool)
    wall[of_doubled] = bad[patch] == 0
    return wall


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
