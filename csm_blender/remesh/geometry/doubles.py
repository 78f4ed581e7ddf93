# SPDX-License-Identifier: GPL-3.0-or-later
"""Triangles that are there twice."""

from __future__ import annotations

import numpy as np

from .arrays import Indices, Mask, order_of_rows
from .surface import Surface
from .topology import components, edges_of

_TWO = 2


def same_diagonals(surface: Surface) -> Surface:
    """*surface* with each two pairs of triangles between the same four points cut along the same diagonal.

    Then they are doubles: the two sides of a card or a wall that were cut into triangles differently.
    """
    edges = surface.edges
    uses = edges.faces[edges.of_side].reshape(-1, 3)
    many = np.asarray((uses > _TWO).any(axis=1))
    starts = np.cumsum(edges.faces) - edges.faces
    diagonals = np.flatnonzero(edges.faces == _TWO)
    one, other = (edges.sides[starts[diagonals] + turn] for turn in (0, 1))
    faces = surface.face_vectors()
    flat = (
        np.einsum("ij,ij->i", faces[one // 3], faces[other // 3]) * (edges.forward[one] != edges.forward[other]) > 0.0
    )
    chosen = (many[one // 3] | many[other // 3]) & flat  # the two sides of a card also meet in its rim, but fold there
    one, other = one[chosen], other[chosen]
    corners = surface.triangles.ravel()
    ends = np.stack([corners[one], surface.triangles[one // 3, (one + 1) % 3]], axis=1)
    tops = np.stack([surface.triangles[each // 3, (each + 2) % 3] for each in (one, other)], axis=1)
    quads = np.sort(np.concatenate([ends, tops], axis=1), axis=1)
    order = order_of_rows(quads, len(surface.points))
    same = np.flatnonzero((quads[order[1:]] == quads[order[:-1]]).all(axis=1))
    first, second = order[same], order[same + 1]
    crossed = (np.sort(ends[first], axis=1) == np.sort(tops[second], axis=1)).all(axis=1)
    second = second[crossed]
    if not len(second):
        return surface
    (start, end), (top, bottom) = ends[second].T, tops[second].T
    triangles = surface.triangles.copy()
    triangles[one[second] // 3] = np.stack([start, bottom, top], axis=1)
    triangles[other[second] // 3] = np.stack([bottom, end, top], axis=1)
    return Surface(surface.points, without_doubles(triangles, len(surface.points)))


def without_doubles(triangles: Indices, count: int) -> Indices:
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
