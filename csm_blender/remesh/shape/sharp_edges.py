# SPDX-License-Identifier: GPL-3.0-or-later
"""Shade a new surface smooth, with sharp edges where the original has them."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from mathutils import Vector, kdtree

from ..geometry.arrays import Indices, Mask, Points
from ..geometry.surface import Surface, surface_of
from ..geometry.topology import Edges, edges_of, twins_of
from ..geometry.weld import groups_at_same_place

CREASE = np.radians(25.0)
"""An edge of the original is a crease where its faces, and the normals on both sides of it, turn by more than this."""
FOLD = np.radians(40.0)
"""Where the original says nothing of how it is shaded, its edges are creases where the faces turn by more than this."""
STRAIGHT = 0.8
"""Cosine between an edge and the one that goes on."""
_AROUND, _CORNER = 8, 3
TURN = np.radians(22.0)
"""The least turn of the faces at a sharp edge of the new surface."""
NEAR = 0.3
"""A new edge lies on a crease that is nearer than this share of its length."""
_MOST_CREASES, _SHORT = 300_000, 0.1


def creases_of(mesh: bpy.types.Mesh, edges: Edges | None = None) -> Points:
    """The creases of *mesh*: the two ends of each of their edges, (k, 2, 3).

    Where *mesh* says nothing of how it is shaded, its shape decides. *edges* are those of the triangles that
    :func:`surface_of` makes of it, with points at the same place as one, if they are known.
    """
    surface = surface_of(mesh)
    if edges is None:
        edges = edges_of(groups_at_same_place(surface)[surface.triangles])
    twins = twins_of(edges)
    sides = np.flatnonzero(twins > np.arange(len(twins)))
    others = twins[sides]
    straight = edges.forward[sides] != edges.forward[others]  # both wound alike
    sign = np.where(straight, 1.0, -1.0)
    faces = surface.face_vectors()
    faces /= np.maximum(np.linalg.norm(faces, axis=1, keepdims=True), 1e-30)
    turn = np.einsum("ij,ij->i", faces[sides // 3], faces[others // 3]) * sign
    if _says_nothing(mesh):
        sharp = sides[turn < np.cos(FOLD)]
        sharp = sharp[_go_on(edges.ends[edges.of_side[sharp]], surface, sharp)]
    else:
        turning = turn < np.cos(CREASE)
        sides, others, straight, sign = sides[turning], others[turning], straight[turning], sign[turning]
        normals = _corner_normals(mesh) if len(sides) else np.zeros((0, 3))
        # Side u -> v meets its twin v -> u: the corner at u is the second one of the twin.
        there = np.where(straight, _next(others), others)
        sharp = sides[np.einsum("ij,ij->i", normals[sides], normals[there]) * sign < np.cos(CREASE)]
    sharp = sharp[:: max(1, len(sharp) // _MOST_CREASES)]
    a = surface.points[surface.triangles.ravel()[sharp]]
    b = surface.points[surface.triangles.ravel()[_next(sharp)]]
    return np.stack([a, b], axis=1)


def _says_nothing(mesh: bpy.types.Mesh) -> bool:
    """Whether *mesh* has no normals of its own, and all its edges and faces are smooth, as they are by default."""
    marks: list[Any] = [mesh.attributes.get(name) for name in ("sharp_edge", "sharp_face")]
    for mark in marks:
        if mark is not None:
            values = np.empty(len(mark.data), dtype=bool)
            mark.data.foreach_get("value", values)
            if values.any():
                return False
    return not mesh.has_custom_normals


def _go_on(ends: Indices, surface: Surface, sides: Indices) -> Mask:
    """Which edges, with *ends* (k, 2), go on at both ends about straight or around a corner: folds and not dents.

    *sides* (k,) are sides of *surface* at these edges.
    """
    low = surface.points[surface.triangles.ravel()[sides]]
    along = surface.points[surface.triangles.ravel()[_next(sides)]] - low
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-30)
    number = np.concatenate([np.arange(len(ends))] * 2)
    point = ends.T.ravel()
    order = np.argsort(point, kind="stable")
    number, point = number[order], point[order]
    goes_on = np.zeros(len(point), dtype=bool)
    for step in range(1, _AROUND):
        same = np.flatnonzero(point[step:] == point[:-step])
        there = same + step
        straight = np.abs(np.einsum("ij,ij->i", along[number[same]], along[number[there]])) > STRAIGHT
        goes_on[same[straight]] = goes_on[there[straight]] = True
    at_corner = np.bincount(point)[point] == _CORNER
    return np.asarray(np.bincount(number, weights=goes_on | at_corner, minlength=len(ends)) == len(ends.T))


def shade(mesh: bpy.types.Mesh, creases: Points) -> None:
    """Shade *mesh* smooth and mark its edges that lie on *creases* (k, 2, 3) as sharp."""
    mesh.polygons.foreach_set("use_smooth", np.ones(len(mesh.polygons), dtype=bool))
    surface = surface_of(mesh)
    edges = surface.edges
    sharp = edges.ends[_on_creases(surface, edges, creases)]
    pairs = np.empty(len(mesh.edges) * 2, dtype=np.int32)
    mesh.edges.foreach_get("vertices", pairs)
    pairs = np.sort(pairs.reshape(-1, 2), axis=1)
    count = len(mesh.vertices) + 1
    marks = np.isin(pairs[:, 0].astype(np.int64) * count + pairs[:, 1], sharp[:, 0] * count + sharp[:, 1])
    attribute: Any = mesh.attributes.get("sharp_edge") or mesh.attributes.new("sharp_edge", "BOOLEAN", "EDGE")
    attribute.data.foreach_set("value", marks)
    mesh.update()


def _on_creases(surface: Surface, edges: Edges, creases: Points) -> Mask:
    """Which *edges* turn like a crease and lie on one."""
    found = np.zeros(len(edges.ends), dtype=bool)
    candidates = _turning(surface, edges)
    if not len(creases) or not len(candidates):
        return found
    ends = surface.points[edges.ends[candidates]]
    reach = NEAR * np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)
    places = _along(creases, float(np.quantile(reach, _SHORT)))
    tree = kdtree.KDTree(len(places))
    for number, place in enumerate(places.tolist()):
        tree.insert(Vector(place), number)
    tree.balance()
    for share in (0.25, 0.75):
        places = ends[:, 0] * (1.0 - share) + ends[:, 1] * share
        near = np.array([tree.find(Vector(place))[2] for place in places.tolist()]) < reach
        candidates, ends, reach = candidates[near], ends[near], reach[near]
    found[candidates] = True
    return found


def _along(creases: Points, apart: float) -> Points:
    """Points (k, 3) on *creases* (k, 2, 3), at most *apart* from each other where that does not make too many."""
    lengths = np.linalg.norm(creases[:, 1] - creases[:, 0], axis=1)
    apart = max(apart, float(lengths.sum()) / _MOST_CREASES)
    count = np.maximum(np.ceil(lengths / apart), 1.0).astype(np.int64)
    crease = np.repeat(np.arange(len(creases)), count)
    number = np.arange(len(crease)) - np.repeat(np.cumsum(count) - count, count)
    share = (number / count[crease])[:, None]
    places = np.concatenate([creases[crease, 0] * (1.0 - share) + creases[crease, 1] * share, creases[:, 1]])
    return np.asarray(np.unique(places.astype(np.float32), axis=0))


def _turning(surface: Surface, edges: Edges) -> Indices:
    """The edges whose two faces turn by more than ``TURN``."""
    twins = twins_of(edges)
    sides = np.flatnonzero(twins > np.arange(len(twins)))
    faces = surface.face_vectors()
    faces /= np.maximum(np.linalg.norm(faces, axis=1, keepdims=True), 1e-30)
    turn = np.einsum("ij,ij->i", faces[sides // 3], faces[twins[sides] // 3])
    return np.asarray(edges.of_side[sides[turn < np.cos(TURN)]])


def _next(sides: Indices) -> Indices:
    return np.asarray(sides - sides % 3 + (sides + 1) % 3)


def _corner_normals(mesh: bpy.types.Mesh) -> Points:
    """The normal of each corner of the triangles that :func:`surface_of` makes of *mesh*, (3 m, 3)."""
    normals = np.empty((len(mesh.loops), 3), dtype=np.float32)
    mesh.corner_normals.foreach_get("vector", normals.ravel())
    if len(mesh.loops) == 3 * len(mesh.polygons):
        return normals.astype(np.float64)
    loops = np.empty(len(mesh.loop_triangles) * 3, dtype=np.int32)
    mesh.loop_triangles.foreach_get("loops", loops)
    return normals[loops].astype(np.float64)
