# SPDX-License-Identifier: GPL-3.0-or-later
"""Join points at the same place, and leave out triangles that are none or are there twice."""

from __future__ import annotations

import numpy as np

from .arrays import Indices, Mask, Points, first_of_each, order_of, used_of
from .doubles import without_doubles
from .neighbors import neighbors_of
from .surface import Surface, compact
from .topology import NONE, components, edges_of, twins_of, wound_against

SAME_PLACE = 2e-6
"""Points closer than this share of the diagonal are one; single precision resolves about a thirtieth of it."""
CRACK, GAP = 0.3, 1.2
"""Points on open edges are one where they are closer than this share of the edges there: on the same rim, on two."""
GAP_AT_MOST = 0.04
"""A gap is narrower than this share of the diagonal, however long the edges are."""
CARD = 16
"""Triangles of a body up to which it may be a card or a strip."""
INWARD, BELOW = 0.5, 0.7
"""Cosines between the way to another point and the way into the surface: above them there is the surface, or a wall.
The first one is also that between the ways into two surfaces that lie over each other."""
SHELL, AGAINST = 200, -0.5
"""Where bodies of more triangles than this face each other, as this cosine between their normals tells, one is a shell
inside the other one."""
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
    if not len(a):
        return surface
    kept = _closing(surface, a, b)
    return merged(surface, components(len(surface.points), a[kept], b[kept]))


def _closing(surface: Surface, a: Indices, b: Indices) -> Mask:
    """Which of the joins of the points *a* and *b* close an edge, or are of larger bodies on both sides.

    Cards and strips, as leaves and hair are made of, have corners near to each other, and nothing goes on there.
    """
    size = np.bincount(surface.body)
    body = np.zeros(len(surface.points), dtype=np.int64)
    body[surface.triangles.ravel()] = np.repeat(surface.body, 3)
    large = (size[body[a]] > CARD) & (size[body[b]] > CARD)
    if large.all():
        return np.asarray(large)
    edges = edges_of(components(len(surface.points), a, b)[surface.triangles])
    closed = np.flatnonzero(edges.faces[edges.of_side] > 1)
    closed = closed[surface.edges.faces[surface.edges.of_side[closed]] == 1]
    at_closed = np.zeros(len(surface.points), dtype=bool)
    at_closed[surface.triangles.ravel()[closed]] = True
    at_closed[surface.triangles[closed // 3, (closed + 1) % 3]] = True
    return np.asarray(large | at_closed[a] | at_closed[b])


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
        self._most = GAP_AT_MOST * surface.diagonal
        body = np.zeros(len(surface.points), dtype=np.int64)
        body[surface.triangles.ravel()] = np.repeat(surface.body, 3)
        self._body = body[self._points]
        self._is_large = np.bincount(surface.body)[self._body] > SHELL
        normals = _unit(surface.face_vectors())
        normals[wound_against(edges, twins_of(edges))] *= -1.0
        normals = np.repeat(normals[open_sides // 3], 2, axis=0)
        self._normals = _unit(np.stack([np.bincount(ends.ravel(), each, count) for each in normals.T], axis=1))
        inner = number[edges.ends]
        inner = inner[(inner != NONE).all(axis=1)]
        self._edges = np.sort(inner[:, 0] * count + inner[:, 1])

    def pairs(self) -> tuple[Indices, Indices]:
        """The points to be joined: of the surface, the first and the second of each pair."""
        count = len(self._points)
        nearest = np.full(count, NONE)
        own: list[tuple[Indices, Indices]] = []
        others, distances = neighbors_of(self._places, self._places, _NEIGHBORS)
        searching = np.ones(count, dtype=bool)
        for other, distance in zip(others.T, distances.T, strict=True):
            a = np.flatnonzero(searching & (other != NONE) & (other != np.arange(count)))
            b = other[a]
            share = distance[a] / np.minimum(self._shortest[a], self._shortest[b])
            across = self._of_rim[a] != self._of_rim[b]
            near = (share < np.where(across, GAP, CRACK)) & (distance[a] < self._most)
            a, b, share, across = a[near], b[near], share[near], across[near]
            inward = self._inward_share(a, b)
            surface = (self._body[a] == self._body[b]) & ((inward > INWARD) | self._are_edges(a, b))
            over = np.einsum("ij,ij->i", self._inward[a], self._inward[b]) > INWARD
            against = np.einsum("ij,ij->i", self._normals[a], self._normals[b]) < AGAINST
            over |= against & self._is_large[a] & self._is_large[b] & (share >= CRACK)
            good = ~surface & ((share < CRACK) | (inward <= BELOW)) & ~(over & across)
            searching[a[surface | good]] = False
            nearest[a[good & across]] = b[good & across]
            own.append((a[good & ~across], b[good & ~across]))
        mutual = np.flatnonzero((nearest != NONE) & (nearest[nearest] == np.arange(count)))
        first = np.concatenate([*(a for a, _ in own), mutual])
        second = np.concatenate([*(b for _, b in own), nearest[mutual]])
        return self._points[first], self._points[second]

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
    return compact(surface.points[first_of_each(group, count)], without_doubles(triangles, count))


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
