# SPDX-License-Identifier: GPL-3.0-or-later
"""Join points at the same place, and leave out triangles that are none or are there twice."""

from __future__ import annotations

import numpy as np
from mathutils import Vector, kdtree

from .arrays import Indices, Mask, Points, first_of_each, order_of, order_of_rows, used_of
from .surface import Surface, compact
from .topology import NONE, components, edges_of

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
    return merged(surface, groups_at_same_place(surface))


def groups_at_same_place(surface: Surface) -> Indices:
    """A number for each point of *surface*, (n,), equal for points at the same place; from 0 on, without gaps."""
    return _same_place(surface.points, max(surface.diagonal * SAME_PLACE, 1e-30))


def cracks_closed(surface: Surface) -> Surface:
    """*surface* with points on open edges joined where a gap is below the length of the edges there.

    A point is joined to the nearest one of another rim that is nearest to it, too, or to one of its own rim that is
    much nearer. A gap has the surface on both sides of it: from one rim of a band to the other there is none.
    What that does not join stays as it is. Generators and exporters leave such cracks between patches.
    """
    edges = surface.edges
    rim = edges.ends[edges.faces == 1]
    if not len(rim) or len(rim) > _MOST_OPEN_EDGES:
        return surface
    rims = _Rims(surface)
    a, b = rims.pairs()
    return merged(surface, components(len(surface.points), a, b)) if len(a) else surface


class _Rims:
    """The points on the open edges of a surface, by number, and what the surface is like at each of them."""

    def __init__(self, surface: Surface) -> None:
        edges = surface.edges
        # Where a fin stands on the surface, its rim ends at points that are on no rim of the surface.
        at_fin = np.zeros(len(surface.points), dtype=bool)
        at_fin[edges.ends[edges.faces > _TWO]] = True
        is_rim = (edges.faces == 1) & ~at_fin[edges.ends].any(axis=1)
        open_sides = np.flatnonzero(is_rim[edges.of_side])
        rim = edges.ends[edges.of_side[open_sides]]
        self._points = used_of(rim, len(surface.points))
        number = np.full(len(surface.points), NONE)
        number[self._points] = np.arange(len(self._points))
        ends = number[rim]
        count = len(self._points)
        self._of_rim = components(count, ends[:, 0], ends[:, 1])
        low, high = surface.points[rim[:, 0]], surface.points[rim[:, 1]]
        lengths = np.linalg.norm(high - low, axis=1)
        along = (high - low) / np.maximum(lengths, 1e-30)[:, None]
        inward = surface.points[surface.triangles[open_sides // 3, (open_sides + 2) % 3]] - low
        inward = _unit(inward - np.einsum("ij,ij->i", inward, along)[:, None] * along)
        self._shortest = np.full(count, np.inf)
        np.minimum.at(self._shortest, ends.ravel(), np.repeat(lengths, 2))
        sums = [np.bincount(ends.ravel(), np.repeat(inward[:, axis], 2), count) for axis in range(3)]
        self._inward = _unit(np.stack(sums, axis=1))
        self._places = surface.points[self._points]
        body = np.zeros(len(surface.points), dtype=np.int64)
        body[surface.triangles.ravel()] = np.repeat(surface.body, 3)
        self._body = body[self._points]
        inner = number[edges.ends]
        inner = inner[(inner != NONE).all(axis=1)]
        self._edges = np.sort(inner[:, 0] * count + inner[:, 1])

    def pairs(self) -> tuple[Indices, Indices]:
        """The points to be joined: of the surface, the first and the second of each pair."""
        count = len(self._points)
        nearest = np.full(count, NONE)
        own: list[tuple[Indices, Indices]] = []
        others, distances = self._neighbors()
        searching = np.ones(count, dtype=bool)
        for other, distance in zip(others.T, distances.T, strict=True):
            a = np.flatnonzero(searching & (other != NONE) & (other != np.arange(count)))
            b = other[a]
            share = distance[a] / np.minimum(self._shortest[a], self._shortest[b])
            across = self._of_rim[a] != self._of_rim[b]
            near = share < np.where(across, GAP, CRACK)
            a, b, share, across = a[near], b[near], share[near], across[near]
            inward = self._inward_share(a, b)
            surface = (self._body[a] == self._body[b]) & ((inward > INWARD) | self._are_edges(a, b))
            good = ~surface & ((share < CRACK) | (inward <= BELOW))
            searching[a[surface | good]] = False
            nearest[a[good & across]] = b[good & across]
            own.append((a[good & ~across], b[good & ~across]))
        mutual = np.flatnonzero((nearest != NONE) & (nearest[nearest] == np.arange(count)))
        first = np.concatenate([*(a for a, _ in own), mutual])
        second = np.concatenate([*(b for _, b in own), nearest[mutual]])
        return self._points[first], self._points[second]

    def _neighbors(self) -> tuple[Indices, Points]:
        """The nearest points to each one, and how far they are, (n, k) each; ``NONE`` where there are not so many."""
        places = [Vector(place) for place in self._places.tolist()]
        tree = kdtree.KDTree(len(places))
        for number, place in enumerate(places):
            tree.insert(place, number)
        tree.balance()
        shape = (len(places), _NEIGHBORS)
        found = [[(number, distance) for _, number, distance in tree.find_n(place, _NEIGHBORS)] for place in places]
        if len(places) < _NEIGHBORS:
            found = [each + [(NONE, np.inf)] * (_NEIGHBORS - len(each)) for each in found]
        values = np.array(found, dtype=np.float64).reshape(*shape, 2)
        return values[..., 0].astype(np.int64), values[..., 1]

    def _are_edges(self, a: Indices, b: Indices) -> Mask:
        keys = np.minimum(a, b) * len(self._points) + np.maximum(a, b)
        places = np.minimum(np.searchsorted(self._edges, keys), len(self._edges) - 1)
        return np.asarray(self._edges[places] == keys)

    def _inward_share(self, a: Indices, b: Indices) -> Points:
        """Cosines between the ways from *a* to *b* and the ways into the surface at either of them, the larger one."""
        way = self._places[b] - self._places[a]
        share = np.maximum(np.einsum("ij,ij->i", way, self._inward[a]), -np.einsum("ij,ij->i", way, self._inward[b]))
        return np.asarray(share / np.maximum(np.linalg.norm(way, axis=1), 1e-30))


def _unit(vectors: Points) -> Points:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-30))


def merged(surface: Surface, group: Indices) -> Surface:
    """One point for each *group* (n,) of points, numbered from 0 without gaps, where the first one of it is.

    Triangles that have become lines or doubles are left out.
    """
    count = int(group.max(initial=-1)) + 1
    triangles = group[surface.triangles]
    a, b, c = triangles.T
    triangles = triangles[(a != b) & (b != c) & (c != a)]
    return compact(surface.points[first_of_each(group, count)], _without_doubles(triangles, count))


def _without_doubles(triangles: Indices, count: int) -> Indices:
    """One of all *triangles* (m, 3) with the same corners, and none where two bodies meet in a common wall.

    There are *count* points.
    """
    rows = np.sort(triangles, axis=1)
    order = order_of_rows(rows, count)
    is_new = np.ones(len(rows), dtype=bool)
    is_new[1:] = (rows[order[1:]] != rows[order[:-1]]).any(axis=1)
    if is_new.all():
        return triangles
    first = np.flatnonzero(is_new)
    kept = np.sort(order[first])
    twice = first[np.diff(first, append=len(rows)) == _TWO]
    opposite = _turns(triangles[order[twice]], rows[order[twice]]) != _turns(
        triangles[order[twice + 1]], rows[order[twice + 1]]
    )
    if not opposite.any():
        return triangles[kept]
    doubled = np.zeros(len(triangles), dtype=bool)
    doubled[order[twice[opposite]]] = True
    return triangles[kept[~_walls(triangles[kept], doubled[kept], count)]]


def _turns(triangles: Indices, rows: Indices) -> Mask:
    """Whether *triangles* are wound as their sorted *rows*: an even permutation of the corners."""
    even = [(np.roll(triangles, shift, axis=1) == rows).all(axis=1) for shift in range(3)]
    return np.asarray(even[0] | even[1] | even[2])


def _walls(triangles: Indices, doubled: Mask, count: int) -> Mask:
    """Which of the *doubled* ones (m,) of *triangles* (m, 3) are a wall: they end where two others meet."""
    near = np.zeros(count, dtype=bool)
    near[triangles[doubled]] = True
    chosen = np.flatnonzero(near[triangles].sum(axis=1) >= _TWO)
    triangles, doubled_here = triangles[chosen], doubled[chosen]
    edges = edges_of(triangles)
    of_side = edges.of_side.reshape(-1, 3)
    inside = np.bincount(of_side[doubled_here].ravel(), minlength=len(edges.ends))
    outside = edges.faces - inside
    fits = np.where(inside == 1, outside == _TWO, outside == 0) | (inside == 0)
    of_doubled = np.flatnonzero(doubled_here)
    patch = components(len(edges.ends), *(of_side[of_doubled][:, pair].ravel() for pair in ((0, 1), (1, 2))))[
        of_side[of_doubled, 0]
    ]
    bad = np.bincount(patch, weights=~fits[of_side[of_doubled]].all(axis=1), minlength=len(edges.ends))
    wall = np.zeros(len(doubled), dtype=bool)
    wall[chosen[of_doubled]] = bad[patch] == 0
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
    # Most points are exactly at the same place: from here on one of each cell is enough.
    cell, first = _grouped(_cells(scaled + 1.0))
    other, _ = _grouped(_cells(scaled[first] + 1.5))
    order = order_of(other)
    same = np.flatnonzero(other[order[1:]] == other[order[:-1]])
    return np.asarray(components(len(first), order[same], order[same + 1])[cell])


def _grouped(keys: Indices) -> tuple[Indices, Indices]:
    """*keys* (n,) numbered in their order, and where each of them comes first."""
    order = np.argsort(keys, kind="stable")
    is_new = np.ones(len(keys), dtype=bool)
    is_new[1:] = keys[order[1:]] != keys[order[:-1]]
    number = np.empty(len(keys), dtype=np.int64)
    number[order] = np.cumsum(is_new) - 1
    return number, order[is_new]


def _cells(scaled: Points) -> Indices:
    x, y, z = np.floor(scaled).astype(np.int64).T
    return np.asarray((x * _CELLS + y) * _CELLS + z)
