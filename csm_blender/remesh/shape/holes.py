# SPDX-License-Identifier: GPL-3.0-or-later
"""The holes of a surface, and closing them with triangles between the points of their rims."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..geometry.arrays import Indices, Mask, Points, first_of_each
from ..geometry.surface import Surface
from ..geometry.topology import NONE, components, twins_of


@dataclass(frozen=True)
class Holes:
    """The open edges of a surface, one row each, and the holes that they go around.

    ``start`` and ``end`` are points: the triangle beside the edge runs from one to the other. ``triangle`` is that one,
    ``hole`` the number of the hole. ``area`` has a row a hole: that of the flat polygon its rim comes nearest to, or of
    what fills it where that may be much more, as in the rim of a rolled sheet.
    """

    start: Indices
    end: Indices
    triangle: Indices
    hole: Indices
    area: NDArray[np.float64]

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.area)

    @property
    def beside(self) -> Indices:
        """A triangle beside each hole."""
        return np.asarray(self.triangle[first_of_each(self.hole, self.count)])

    def rims(self, chosen: Mask) -> list[list[int]]:
        """The points around each of the *chosen* holes, in the order of a filling that is wound like the surface."""
        rows = np.flatnonzero(chosen[self.hole])
        following = dict(zip(self.start[rows].tolist(), self.end[rows].tolist(), strict=True))
        found = []
        for start in self.start[rows].tolist():
            if start in following:
                loop = [start]
                while (point := following.pop(loop[-1])) in following:
                    loop.append(point)
                found.append(loop[::-1])
        return found


def holes_of(surface: Surface) -> Holes:
    """The holes of a *surface* that was cut to a manifold: each point is on one rim at most."""
    if not len(surface.triangles):
        nothing = np.zeros(0, dtype=np.int64)
        return Holes(nothing, nothing, nothing, nothing, np.zeros(0))
    sides = np.flatnonzero(twins_of(surface.edges) == NONE)
    start = surface.triangles.ravel()[sides]
    end = surface.triangles[:, (1, 2, 0)].ravel()[sides]
    number = np.full(len(surface.points), NONE)
    number[start] = np.arange(len(sides))
    hole = components(len(sides), np.arange(len(sides)), number[end])
    first = first_of_each(hole, int(hole.max(initial=-1)) + 1)
    origin = surface.points[start[first]][hole]
    vectors = np.cross(surface.points[start] - origin, surface.points[end] - origin)
    sums = np.stack([np.bincount(hole, weights=vectors[:, axis], minlength=len(first)) for axis in range(3)], axis=1)
    holes = Holes(start, end, sides // 3, hole, np.asarray(np.linalg.norm(sums, axis=1) / 2.0))
    return replace(holes, area=_filled_areas(surface, holes))


def _filled_areas(surface: Surface, holes: Holes) -> NDArray[np.float64]:
    """The areas of *holes*, of what fills them where their rims wind so that the area of a polygon says nothing."""
    count = np.maximum(np.bincount(holes.hole, minlength=holes.count), 1)
    middle = np.stack(
        [np.bincount(holes.hole, surface.points[holes.start, axis], holes.count) / count for axis in range(3)], axis=1
    )[holes.hole]
    fans = np.cross(surface.points[holes.start] - middle, surface.points[holes.end] - middle)
    fan = np.bincount(holes.hole, np.linalg.norm(fans, axis=1), holes.count) / 2.0
    winding = fan > np.maximum(_WINDING * holes.area, _LARGE * surface.areas().sum())
    areas = holes.area.copy()
    if winding.any():
        for rim in holes.rims(winding):
            fill = ears(surface.points, rim, set())
            if fill is not None and len(fill):
                number = holes.hole[np.flatnonzero(holes.start == rim[0])[0]]
                areas[number] = max(areas[number], float(Surface(surface.points, fill).areas().sum()))
    return areas


def holes_closed(surface: Surface, holes: Holes, chosen: Mask) -> Surface:
    """*surface* with the *chosen* ones (h,) of its *holes* filled."""
    rims = holes.rims(chosen)
    if not rims:
        return surface
    edges = surface.edges
    on_rim = np.zeros(len(surface.points), dtype=bool)
    on_rim[holes.start] = True
    taken = set(map(tuple, edges.ends[on_rim[edges.ends].all(axis=1)].tolist()))
    points, triangles, count = [surface.points], [surface.triangles], len(surface.points)
    for rim in rims:
        added, fill = _filled(surface.points, rim, taken, count)
        points.append(added)
        triangles.append(fill)
        count += len(added)
    return Surface(np.concatenate(points), np.concatenate(triangles))


def _filled(points: Points, rim: list[int], taken: set[tuple[int, int]], number: int) -> tuple[Points, Indices]:
    """New points and the triangles (k, 3) that close *rim*. New edges are added to *taken*."""
    fill = ears(points, rim, taken)
    if fill is not None:
        return np.zeros((0, 3)), fill
    middle = points[rim].mean(axis=0, keepdims=True)
    ring = np.array(rim, dtype=np.int64)
    return middle, np.stack([ring, np.roll(ring, -1), np.full(len(ring), number)], axis=1)


def ears(points: Points, rim: list[int], taken: set[tuple[int, int]], *, convex_first: bool = True) -> Indices | None:
    """Cut ears off *rim*, those with the shortest cut first, and if *convex_first* convex ones before others.

    The triangles (k, 3) that fill it. Edges between its points that are there are in *taken*; new ones are added to it.

    ``None`` where every cut would lie on an edge that is there already.
    """
    size = len(rim)
    if size <= _TRIANGLE:  # or two edges at the same place
        return np.array([rim], dtype=np.int64) if size == _TRIANGLE else np.zeros((0, 3), dtype=np.int64)
    place = [tuple(each) for each in points[rim].tolist()]
    up = _polygon_vector(points[rim]).tolist()
    before, after = [size - 1, *range(size - 1)], [*range(1, size), 0]
    added: list[tuple[int, int]] = []
    triangles: list[tuple[int, int, int]] = []

    def cut(corner: int) -> tuple[float, int, int, int]:
        left, right = before[corner], after[corner]
        (ax, ay, az), (bx, by, bz), (cx, cy, cz) = place[left], place[corner], place[right]
        ux, uy, uz, vx, vy, vz = bx - ax, by - ay, bz - az, cx - bx, cy - by, cz - bz
        convex = (
            not convex_first
            or (uy * vz - uz * vy) * up[0] + (uz * vx - ux * vz) * up[1] + (ux * vy - uy * vx) * up[2] > 0.0
        )
        length = (cx - ax) ** 2 + (cy - ay) ** 2 + (cz - az) ** 2
        return (length if convex else length + _LAST), corner, left, right

    heap = [cut(corner) for corner in range(size)]
    heapq.heapify(heap)
    gone = [False] * size
    left_over = size
    while left_over > _TRIANGLE and heap:
        _length, corner, left, right = heapq.heappop(heap)
        edge = (min(rim[left], rim[right]), max(rim[left], rim[right]))
        if gone[corner] or before[corner] != left or after[corner] != right or edge in taken or edge[0] == edge[1]:
            continue
        taken.add(edge)
        added.append(edge)
        triangles.append((rim[left], rim[corner], rim[right]))
        gone[corner] = True
        after[left], before[right] = right, left
        left_over -= 1
        heapq.heappush(heap, cut(left))
        heapq.heappush(heap, cut(right))
    if left_over > _TRIANGLE:
        taken.difference_update(added)
        return None
    last = [rim[corner] for corner in range(size) if not gone[corner]]
    return np.array([*triangles, tuple(last)], dtype=np.int64)


_TRIANGLE = 3
_WINDING, _LARGE = 2.0, 0.02
_LAST = 1e30
"""Added to the length of a cut that should come after all others."""


def _polygon_vector(ring: Points) -> Points:
    """The normal of a polygon (k, 3) times twice its area, by Newell's formula."""
    return np.asarray(np.cross(ring - ring[0], np.roll(ring, -1, axis=0) - ring[0]).sum(axis=0))
