# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the holes of a surface, and close them with triangles between the points of their rims."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np

from .surface import Indices, Points, Surface
from .topology import NONE, edges_of, twins_of


@dataclass(frozen=True)
class Hole:
    """``rim`` (k,) are the points around it, so ordered that a filling wound like the surface runs along them.

    ``area`` is that of the flat polygon the rim comes nearest to, ``triangle`` one of the surface beside it.
    """

    rim: Indices
    area: float
    triangle: int


def holes_of(surface: Surface) -> list[Hole]:
    """The holes of a *surface* that was cut to a manifold."""
    edges = edges_of(surface.triangles)
    twins = twins_of(edges)
    sides = np.flatnonzero(twins == NONE)
    if not len(sides):
        return []
    starts, ends = surface.triangles.ravel()[sides], surface.triangles[:, (1, 2, 0)].ravel()[sides]
    following = dict(zip(starts.tolist(), ends.tolist(), strict=True))
    triangle = dict(zip(starts.tolist(), (sides // 3).tolist(), strict=True))
    holes = []
    while following:
        start, point = following.popitem()
        loop = [start]
        while point != start and point in following:
            loop.append(point)
            point = following.pop(point)
        rim = np.array(loop[::-1], dtype=np.int64)
        holes.append(Hole(rim, float(np.linalg.norm(_polygon_vector(surface.points[rim])) / 2.0), triangle[start]))
    holes.sort(key=lambda hole: int(hole.rim.min()))
    return holes


def holes_closed(surface: Surface, holes: list[Hole]) -> Surface:
    """*surface* with *holes* filled; large fillings get points inside and are relaxed to a smooth patch."""
    if not holes:
        return surface
    edges = edges_of(surface.triangles)
    on_rim = np.zeros(len(surface.points), dtype=bool)
    for hole in holes:
        on_rim[hole.rim] = True
    inner = edges.ends[on_rim[edges.ends].all(axis=1)]
    taken = set(map(tuple, inner.tolist()))
    points, triangles = [surface.points], [surface.triangles]
    count = len(surface.points)
    for hole in holes:
        added, fill = _filled(surface.points, hole.rim.tolist(), taken, count)
        points.append(added)
        triangles.append(fill)
        count += len(added)
    return Surface(np.concatenate(points), np.concatenate(triangles))


def _filled(points: Points, rim: list[int], taken: set[tuple[int, int]], number: int) -> tuple[Points, Indices]:
    """New points and the triangles (k, 3) that close *rim*. New edges are added to *taken*."""
    ears = _ears(points, rim, taken)
    if ears is not None:
        return np.zeros((0, 3)), ears
    middle = points[rim].mean(axis=0, keepdims=True)
    ring = np.array(rim, dtype=np.int64)
    return middle, np.stack([ring, np.roll(ring, -1), np.full(len(ring), number)], axis=1)


def _ears(points: Points, rim: list[int], taken: set[tuple[int, int]]) -> Indices | None:
    """Cut ears off *rim*, those with the shortest cut first and convex ones before others.

    ``None`` where every cut would lie on an edge that is there already.
    """
    size = len(rim)
    place = points[rim]
    up = _polygon_vector(place)
    before, after = list(range(-1, size - 1)), [*range(1, size), 0]
    before[0] = size - 1
    added: list[tuple[int, int]] = []
    triangles: list[tuple[int, int, int]] = []

    def cut(corner: int) -> tuple[float, int, int, int]:
        left, right = before[corner], after[corner]
        a, b, c = place[left], place[corner], place[right]
        (ux, uy, uz), (vx, vy, vz) = (b - a).tolist(), (c - b).tolist()
        convex = (uy * vz - uz * vy) * up[0] + (uz * vx - ux * vz) * up[1] + (ux * vy - uy * vx) * up[2]
        length = float(np.linalg.norm(c - a))
        return (length if convex > 0.0 else length + 1e9), corner, left, right

    heap = [cut(corner) for corner in range(size)]
    heapq.heapify(heap)
    gone = [False] * size
    left_over = size
    while left_over > 3 and heap:  # noqa: PLR2004 - a triangle is left
        _length, corner, left, right = heapq.heappop(heap)
        if gone[corner] or before[corner] != left or after[corner] != right:
            continue
        edge = (min(rim[left], rim[right]), max(rim[left], rim[right]))
        if edge in taken:
            continue
        taken.add(edge)
        added.append(edge)
        triangles.append((rim[left], rim[corner], rim[right]))
        gone[corner] = True
        after[left], before[right] = right, left
        left_over -= 1
        heapq.heappush(heap, cut(left))
        heapq.heappush(heap, cut(right))
    if left_over > 3:  # noqa: PLR2004 - as above
        taken.difference_update(added)
        return None
    last = [rim[corner] for corner in range(size) if not gone[corner]]
    if len(last) < 3:  # noqa: PLR2004 - two edges at the same place
        return np.zeros((0, 3), dtype=np.int64)
    triangles.append((last[0], last[1], last[2]))
    return np.array(triangles, dtype=np.int64)


def _polygon_vector(ring: Points) -> Points:
    """The normal of a polygon (k, 3) times twice its area, by Newell's formula."""
    return np.asarray(np.cross(ring - ring[0], np.roll(ring, -1, axis=0) - ring[0]).sum(axis=0))
