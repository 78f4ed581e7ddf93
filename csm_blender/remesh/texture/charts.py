# SPDX-License-Identifier: GPL-3.0-or-later
"""Cut a surface into charts: connected faces that one projection shows without folding over.

Blender's Smart UV Project groups faces by their own normals, and makes of a rough surface thousands of islands. Here
normals are smoothed before they are grouped, a face prefers the group of its neighbors, and what still folds is cut
off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np

from ..material.mesh_data import Floats, Ints

_SMOOTHED = 12
_SAME_BEND = 0.5
"""Cosine between neighbors from which on their normals are smoothed together: not over edges of a box."""
_GROUP_ANGLE = 0.55
"""Cosine within which of its group's direction each face should be."""
_MOST_GROUPS = 14
_AGREEMENT = 0.35
"""What it is worth to a face to be in the group of all its neighbors, as a difference of cosines."""
_SETTLED = 8
_STEEPEST = 0.1
"""Least cosine between a face and the direction its chart is projected along."""
_SMALL = 2e-4
"""Share of the surface below which a chart joins its neighbor if it can."""
_ROUNDS = 4


@dataclass(frozen=True)
class Faces:
    """The faces of a mesh (f of them): unit ``normals`` (f, 3), ``areas`` (f,), and ``pairs`` (p, 2) of neighbors.

    Faces beside a sharp edge, or one that not exactly two faces have, are no neighbors there.
    """

    normals: Floats
    areas: Floats
    pairs: Ints


def faces_of(mesh: bpy.types.Mesh) -> Faces:
    """The faces of *mesh*."""
    source: Any = mesh
    count = len(source.polygons)
    normals = np.empty(count * 3, dtype=np.float32)
    source.polygons.foreach_get("normal", normals)
    areas = np.empty(count, dtype=np.float32)
    source.polygons.foreach_get("area", areas)
    sides = np.empty(count, dtype=np.int32)
    source.polygons.foreach_get("loop_total", sides)
    edges = np.empty(len(source.loops), dtype=np.int32)
    source.loops.foreach_get("edge_index", edges)
    owner = np.repeat(np.arange(count, dtype=np.int32), sides)
    order = np.argsort(edges, kind="stable")
    uses = np.bincount(edges, minlength=len(source.edges))
    is_inner = uses == 2  # noqa: PLR2004 - two faces at an edge
    starts = (np.cumsum(uses) - uses)[is_inner]
    pairs = np.stack([owner[order[starts]], owner[order[starts + 1]]], axis=1)
    sharp = np.zeros(len(source.edges), dtype=bool)
    if "sharp_edge" in source.attributes:
        source.attributes["sharp_edge"].data.foreach_get("value", sharp)
    pairs = pairs[~sharp[is_inner] & (pairs[:, 0] != pairs[:, 1])]
    return Faces(normals.reshape(-1, 3), np.maximum(areas, 1e-20), pairs.astype(np.int32))


def charts_of(faces: Faces) -> Ints:
    """(f,) the number of the chart of each face, from 0 on, without gaps."""
    chart = _connected(faces, _grouped(faces))
    for _round in range(_ROUNDS):
        chart = _joined_small(faces, chart)
        steep = _steep(faces, chart)
        if not steep.any():
            return chart
        chart = _cut_off(faces, chart, steep)
    alone = np.flatnonzero(_steep(faces, chart))
    chart[alone] = chart.max() + 1 + np.arange(len(alone), dtype=np.int32)
    return _numbered(chart)


def directions(faces: Faces, chart: Ints) -> Floats:
    """(c, 3) the direction along which each chart is projected: the mean of its normals."""
    total = np.stack([np.bincount(chart, weights=faces.normals[:, axis] * faces.areas) for axis in range(3)], axis=1)
    return _unit(total)


def split_layers(faces: Faces, chart: Ints, layer: Ints) -> Ints:
    """The charts, with the faces of each *layer* (f,) as charts of their own, as far as they are connected."""
    return _connected(faces, chart.astype(np.int64) * (int(layer.max()) + 1) + layer)


def _grouped(faces: Faces) -> Ints:
    """(f,) a group for each face: those that look in about the same direction."""
    normals = _smoothed(faces)
    centers = _spread_directions(normals, faces.areas)
    group = (normals @ centers.T).argmax(axis=1)
    for _step in range(3):
        centers = _unit(
            np.stack([np.bincount(group, normals[:, axis] * faces.areas, len(centers)) for axis in range(3)], axis=1)
        )
        group = (normals @ centers.T).argmax(axis=1)
    likes = normals @ centers.T
    first, second = faces.pairs.T
    neighbors = np.maximum(np.bincount(faces.pairs.ravel(), minlength=len(normals)), 1)
    for _step in range(_SETTLED):
        votes = np.zeros_like(likes)
        for ours, theirs in ((first, second), (second, first)):
            places = ours.astype(np.int64) * len(centers) + group[theirs]
            votes += np.bincount(places, minlength=votes.size).reshape(votes.shape)
        group = (likes + votes * (_AGREEMENT / neighbors)[:, None]).argmax(axis=1)
    result: Ints = group.astype(np.int32)
    return result


def _smoothed(faces: Faces) -> Floats:
    """The normals, averaged with those of neighbors that look about the same way."""
    normals = faces.normals
    first, second = faces.pairs.T
    for _step in range(_SMOOTHED):
        near = np.einsum("ij,ij->i", normals[first], normals[second]) > _SAME_BEND
        a, b = first[near], second[near]
        total = normals * faces.areas[:, None]
        weighted = total.copy()
        for axis in range(3):
            total[:, axis] += np.bincount(a, weighted[b, axis], len(total))
            total[:, axis] += np.bincount(b, weighted[a, axis], len(total))
        normals = _unit(total)
    return normals


def _spread_directions(normals: Floats, areas: Floats) -> Floats:
    """Directions such that nearly every normal is near one: each next one is the normal furthest from all before."""
    centers = [normals[int(areas.argmax())]]
    nearest = normals @ centers[0]
    while len(centers) < _MOST_GROUPS:
        if areas[nearest < _GROUP_ANGLE].sum() < _SMALL * areas.sum():
            break
        far = int(nearest.argmin())
        centers.append(normals[far])
        nearest = np.maximum(nearest, normals @ normals[far])
    return np.array(centers, dtype=np.float32)


def _connected(faces: Faces, group: Any) -> Ints:
    """(f,) numbers of the connected parts of each group."""
    pairs = faces.pairs[group[faces.pairs[:, 0]] == group[faces.pairs[:, 1]]]
    label = np.arange(len(group), dtype=np.int32)
    while True:
        low = np.minimum(label[pairs[:, 0]], label[pairs[:, 1]])
        before = label.copy()
        for side in (0, 1):
            np.minimum.at(label, before[pairs[:, side]], low)
        while not np.array_equal(label, label[label]):
            label = label[label]
        if np.array_equal(label, before):
            return _numbered(label)


def _joined_small(faces: Faces, chart: Ints) -> Ints:
    """The charts, with small ones as part of the neighbor with which they share most edges."""
    area = np.bincount(chart, faces.areas)
    is_small = area < _SMALL * area.sum()
    sides = np.concatenate([chart[faces.pairs], chart[faces.pairs][:, ::-1]])
    sides = sides[is_small[sides[:, 0]] & (sides[:, 0] != sides[:, 1]) & ~is_small[sides[:, 1]]]
    if not len(sides):
        return chart
    borders, lengths = np.unique(sides, axis=0, return_counts=True)
    order = np.lexsort((borders[:, 1], -lengths, borders[:, 0]))
    _small, first = np.unique(borders[order, 0], return_index=True)
    chosen = borders[order[first]]
    target = np.arange(len(area), dtype=np.int32)
    target[chosen[:, 0]] = chosen[:, 1]
    ways = directions(faces, chart)
    fits = np.einsum("ij,ij->i", faces.normals, ways[target[chart]]) >= _STEEPEST
    misfits = np.bincount(chart, ~fits, len(area)) > 0
    target[misfits] = np.flatnonzero(misfits)
    return _numbered(target[chart])


def _steep(faces: Faces, chart: Ints) -> Any:
    """(f,) whether a face is seen at too low an angle, or from behind."""
    return np.einsum("ij,ij->i", faces.normals, directions(faces, chart)[chart]) < _STEEPEST


def _cut_off(faces: Faces, chart: Ints, chosen: Any) -> Ints:
    """The charts, with the *chosen* faces of each as charts of their own, as far as they are connected."""
    group = chart * 2 + chosen
    if chosen.any():  # those of one new chart should look in about the same direction too
        some = np.flatnonzero(chosen)
        axis = (faces.normals[some] @ np.concatenate([np.eye(3), -np.eye(3)]).T).argmax(axis=1)
        group = group.astype(np.int64) * 6
        group[some] += axis
    return _connected(faces, group)


def _numbered(label: Ints) -> Ints:
    return np.unique(label, return_inverse=True)[1].astype(np.int32).reshape(-1)


def _unit(vectors: Any) -> Floats:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    result: Floats = (vectors / np.maximum(length, 1e-20)).astype(np.float32)
    return result
