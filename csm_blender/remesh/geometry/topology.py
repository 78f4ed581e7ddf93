# SPDX-License-Identifier: GPL-3.0-or-later
"""How the triangles of a surface hang together: edges, neighbors, connected parts.

A *side* is an edge as one triangle has it: number ``3 * triangle + k``, from corner k to corner k + 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .arrays import Indices, Mask, first_of_each, numbered, order_of

NONE = -1


@dataclass(frozen=True)
class Edges:
    """The edges between the points of triangles, however many triangles each of them has.

    ``ends`` (e, 2) are points, the smaller index first; ``of_side`` (3 m,) is the edge of each side and ``forward``
    (3 m,) whether the side runs from the smaller to the larger index. ``sides`` (3 m,) are all sides, edge by edge.
    """

    ends: Indices
    of_side: Indices
    forward: Mask
    sides: Indices

    @cached_property
    def faces(self) -> Indices:
        """How many triangles each edge has, (e,)."""
        return np.bincount(self.of_side, minlength=len(self.ends))

    @property
    def open_count(self) -> int:
        """How many edges have one triangle only."""
        return int((self.faces == 1).sum())

    @property
    def non_manifold_count(self) -> int:
        """How many edges have more than two triangles."""
        return int((self.faces > 2).sum())  # noqa: PLR2004 - by definition


def edges_of(triangles: Indices) -> Edges:
    """The edges of *triangles* (m, 3)."""
    start = triangles.ravel()
    end = triangles[:, (1, 2, 0)].ravel()
    count = int(triangles.max(initial=0)) + 1
    low, high = np.minimum(start, end), np.maximum(start, end)
    keys = low * count + high
    sides = order_of(keys)
    keys = keys[sides]
    is_first = np.ones(len(keys), dtype=bool)
    np.not_equal(keys[1:], keys[:-1], out=is_first[1:])
    of_side = np.empty(len(keys), dtype=np.int64)
    of_side[sides] = np.cumsum(is_first) - 1
    first = sides[is_first]
    return Edges(np.stack([low[first], high[first]], axis=1), of_side, start < end, sides)


def twins_of(edges: Edges) -> Indices:
    """The side opposite to each side, (3 m,), on edges with exactly two triangles; ``NONE`` on others."""
    first = np.cumsum(edges.faces) - edges.faces
    pairs = first[edges.faces == 2]  # noqa: PLR2004 - by definition
    a, b = edges.sides[pairs], edges.sides[pairs + 1]
    twins = np.full(len(edges.of_side), NONE, dtype=np.int64)
    twins[a], twins[b] = b, a
    return twins


def components(count: int, a: Indices, b: Indices) -> Indices:
    """For each of *count* things the number of its connected component, where ``a[i]`` and ``b[i]`` are connected.

    The numbers run from 0 in the order of the first thing of each.
    """
    label = np.arange(count, dtype=np.int64)
    while len(a):
        low, high = np.minimum(label[a], label[b]), np.maximum(label[a], label[b])
        differ = low != high
        a, b, low, high = a[differ], b[differ], low[differ], high[differ]
        label[high] = low  # hook each root to a smaller one beside it: which one does not matter in the end
        while not np.array_equal(jumped := label[label], label):
            label = jumped
    return numbered(label, count)


def bodies_of(triangles: Indices, edges: Edges) -> Indices:
    """The connected part of each triangle, (m,): triangles that share a point are in one part."""
    if not len(triangles):
        return np.zeros(0, dtype=np.int64)
    count = int(edges.ends.max()) + 1
    return numbered(components(count, edges.ends[:, 0], edges.ends[:, 1])[triangles[:, 0]], count)


def wound_against(edges: Edges, twins: Indices) -> Mask:
    """Which triangles (m,) have to be turned over so that neighbors are wound alike, as most of a connected part are.

    *twins* are those of *edges*. Patches of triangles that are wound alike are turned over as a whole: where a patch
    meets itself the wrong way around, as in a twisted band or where points were joined by mistake, it stays.
    """
    count = len(twins) // 3
    sides = np.flatnonzero(twins != NONE)
    against = edges.forward[sides] == edges.forward[twins[sides]]
    if not against.any():
        return np.zeros(count, dtype=bool)
    alike, odd = sides[~against], sides[against]
    patch = components(count, alike // 3, twins[alike] // 3)
    a, b = patch[odd // 3], patch[twins[odd] // 3]
    differ = a != b
    size = np.bincount(patch)
    flip, part = _turned_by_turns(size, a[differ], b[differ])
    of_part = np.bincount(part, weights=size)
    flipped = np.bincount(part, weights=size * flip)
    return np.asarray((flip ^ (flipped * 2 > of_part)[part])[patch])


def _turned_by_turns(size: Indices, a: Indices, b: Indices) -> tuple[Mask, Indices]:
    """Which of things of a *size* (p,) differ from the largest of their connected part, and the part of each, (p,).

    ``a[i]`` and ``b[i]`` are connected and differ from each other; each connection is there both ways around.
    """
    count = len(size)
    part = components(count, a, b)
    order = order_of(a)
    b = b[order]
    degree = np.bincount(a, minlength=count)
    start = np.cumsum(degree) - degree
    largest = np.lexsort((-size, part))
    front: Indices = largest[first_of_each(part[largest], int(part.max()) + 1)]
    seen: Mask = np.zeros(count, dtype=bool)
    flip: Mask = np.zeros(count, dtype=bool)
    seen[front] = True
    while len(front):
        times = degree[front]
        first = np.cumsum(times) - times
        near, source = b[np.repeat(start[front] - first, times) + np.arange(times.sum())], np.repeat(front, times)
        near, at = np.unique(near, return_index=True)
        new = ~seen[near]
        front = near[new]
        flip[front] = ~flip[source[at]][new]
        seen[front] = True
    return flip, part
