# SPDX-License-Identifier: GPL-3.0-or-later
"""Close cracks: narrow gaps between the rims of a surface, which generators and exporters leave between patches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from mathutils import Vector, kdtree
from numpy.typing import NDArray

from ..geometry.surface import Indices, Points, Surface
from ..geometry.topology import Edges, components, edges_of
from ..geometry.weld import merged

CRACK, GAP = 0.3, 1.2
"""Points on open edges are one where they are closer than this share of the edges there: on the same rim, on two."""
ACROSS = 0.6
"""Rims are not joined along a way whose cosine with the normal is above this, if one surface looks up and one down."""
_LOOKED_AT, _MOST_OPEN_EDGES = 5, 300_000


@dataclass(frozen=True)
class _Rims:
    """The points on open edges, k of them.

    ``points`` (k,) are indices of the surface's points, ``ends`` (e, 2) the open edges as indices of these,
    ``rim`` (k,) says which rim a point is on, ``shortest`` (k,) the shortest open edge at it and ``normals`` (k, 3)
    the unit normal of a triangle there.
    """

    points: Indices
    ends: Indices
    rim: Indices
    shortest: NDArray[np.float64]
    normals: Points


def cracks_closed(surface: Surface) -> Surface:
    """*surface* with points on open edges joined where a gap is below the length of the edges there.

    A point is joined to the nearest one of another rim that is nearest to it, too, or to one of its own rim that is
    much nearer. What that does not join stays as it is.
    """
    edges = edges_of(surface.triangles)
    if not 0 < edges.open_count <= _MOST_OPEN_EDGES:
        return surface
    rims = _rims(surface, edges)
    pairs = _pairs(surface.points[rims.points], rims)
    if not len(pairs):
        return surface
    a, b = rims.points[pairs].T
    return merged(surface, components(len(surface.points), a, b))


def _rims(surface: Surface, edges: Edges) -> _Rims:
    sides = np.flatnonzero(edges.faces[edges.of_side] == 1)
    points, ends = np.unique(edges.ends[edges.of_side[sides]], return_inverse=True)
    ends = ends.reshape(-1, 2)
    start, end = surface.points[points[ends.T]]
    lengths = np.linalg.norm(end - start, axis=1)
    shortest = np.full(len(points), np.inf)
    normals = np.zeros((len(points), 3))
    vectors = surface.face_vectors()[sides // 3]
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-30)
    for each in ends.T:
        np.minimum.at(shortest, each, lengths)
        normals[each] = vectors
    return _Rims(points, ends, components(len(points), ends[:, 0], ends[:, 1]), shortest, normals)


def _pairs(places: Points, rims: _Rims) -> Indices:
    """Which of the points (k, 3) on *rims* are to be joined, (p, 2)."""
    vectors = [Vector(place) for place in places.tolist()]
    normals = [Vector(normal) for normal in rims.normals.tolist()]
    tree = kdtree.KDTree(len(vectors))
    for number, vector in enumerate(vectors):
        tree.insert(vector, number)
    tree.balance()
    shortest, rim = rims.shortest.tolist(), rims.rim.tolist()
    beside = {(min(pair), max(pair)) for pair in rims.ends.tolist()}
    nearest, own = np.full(len(vectors), -1), []
    for number, vector in enumerate(vectors):
        for place, other, distance in tree.find_n(vector, _LOOKED_AT):
            least = min(shortest[number], shortest[other])
            is_near = other != number and distance < CRACK * least
            if rim[other] != rim[number]:
                over = abs((place - vector).dot(normals[number])) > ACROSS * distance
                back_to_back = over and normals[number].dot(normals[other]) < 0.0
                if distance < GAP * least and not back_to_back:
                    nearest[number] = other
                    break
            elif is_near and (min(number, other), max(number, other)) not in beside:
                own.append((number, other))
                break
    mutual = np.flatnonzero((nearest >= 0) & (nearest[nearest] == np.arange(len(nearest))))
    return np.array([*own, *zip(mutual.tolist(), nearest[mutual].tolist(), strict=True)], dtype=np.int64)
