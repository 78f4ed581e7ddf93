# SPDX-License-Identifier: GPL-3.0-or-later
"""Cut a surface so that every edge has at most two triangles and every point one fan, all wound the same way."""

from __future__ import annotations

import numpy as np

from ..geometry.arrays import Indices, Mask, Points, first_of_each
from ..geometry.surface import Surface, ordered
from ..geometry.topology import NONE, Edges, components, twins_of

_TWO = 2
_PEEL_ROUNDS = 8


def cut_to_manifold(surface: Surface) -> Surface:
    """*surface* where points were doubled so that no edge has more than two triangles and no point two fans.

    Fins (triangles with an open edge on an edge of three or more) are left out. Where several sheets meet in an edge,
    those that enclose a solid between them stay together. Neighbors are wound alike; of each connected part the way
    most of its triangles are wound is kept.
    """
    surface = _without_fins(surface)
    edges = surface.edges
    twins = twins_of(edges)
    flip = _wound_against(edges, twins)
    triangles = surface.triangles.copy()
    triangles[flip] = triangles[flip][:, ::-1]
    # In an order that says nothing of how they were wound: of doubled faces, Blender 4.2 keeps now one, now the other.
    surface = ordered(Surface(surface.points, triangles))
    edges = surface.edges
    twins = twins_of(edges)
    if edges.non_manifold_count:
        _pair_many(surface.points, surface.triangles, edges, twins)
    same_way = edges.forward == edges.forward[twins]
    twins[(twins != NONE) & same_way] = NONE  # a band that was twisted (not orientable) is cut there
    return _split_fans(surface, twins)


def _without_fins(surface: Surface) -> Surface:
    for _ in range(_PEEL_ROUNDS):
        edges = surface.edges
        if not edges.non_manifold_count:
            break
        faces = edges.faces[edges.of_side].reshape(-1, 3)
        fins = (faces == 1).any(axis=1) & (faces > _TWO).any(axis=1)
        if not fins.any():
            break
        surface = surface.kept(~fins)
    return surface


def _wound_against(edges: Edges, twins: Indices) -> Mask:
    """Which triangles (m,) have to be turned over so that neighbors are wound alike."""
    count = len(twins) // 3
    sides = np.flatnonzero(twins != NONE)
    against = edges.forward[sides] == edges.forward[twins[sides]]
    flip: Mask = np.zeros(count, dtype=bool)
    if not against.any():
        return flip
    part = components(count, sides // 3, twins[sides] // 3)
    differs: Mask = np.zeros(3 * count, dtype=bool)
    differs[sides] = against
    differs = differs.reshape(-1, 3)
    neighbors: Indices = np.where(twins == NONE, np.repeat(np.arange(count), 3), twins // 3).reshape(-1, 3)
    seeds = first_of_each(part, int(part.max()) + 1)
    seen = np.zeros(count, dtype=bool)
    seen[seeds] = True
    front: Indices = seeds
    while len(front):
        near, turn = neighbors[front].ravel(), (differs[front] ^ flip[front][:, None]).ravel()
        near, first = np.unique(near, return_index=True)
        new = ~seen[near]
        front = near[new].ravel()
        flip[front] = turn[first][new]
        seen[front] = True
    of_part = np.bincount(part)
    flipped = np.bincount(part, weights=flip)
    return np.asarray(flip ^ (flipped * 2 > of_part)[part])


def _pair_many(points: Points, triangles: Indices, edges: Edges, twins: Indices) -> None:
    """Pair the sides of edges with more than two triangles in *twins*.

    Around the edge, a backward side and the forward side after it have solid between them.
    """
    starts = np.cumsum(edges.faces) - edges.faces
    many = np.flatnonzero(edges.faces > _TWO)
    count = edges.faces[many]
    edge = np.repeat(np.arange(len(many)), count)
    first = np.cumsum(count) - count
    sides = edges.sides[np.repeat(starts[many] - first, count) + np.arange(len(edge))]
    low, high = points[edges.ends[many, 0]], points[edges.ends[many, 1]]
    axis = high - low
    axis /= np.maximum(np.linalg.norm(axis, axis=1, keepdims=True), 1e-30)
    spokes = points[triangles[sides // 3, (sides + 2) % 3]] - low[edge]
    spokes -= np.einsum("ij,ij->i", spokes, axis[edge])[:, None] * axis[edge]
    ahead = spokes[first]
    ahead /= np.maximum(np.linalg.norm(ahead, axis=1, keepdims=True), 1e-30)
    across = np.cross(axis, ahead)[edge]
    angle = np.arctan2(np.einsum("ij,ij->i", spokes, across), np.einsum("ij,ij->i", spokes, ahead[edge]))
    around = sides[np.lexsort((np.mod(angle, 2 * np.pi), edge))]
    following = np.arange(len(edge)) + 1
    following[first + count - 1] = first
    following = around[following]
    paired = ~edges.forward[around] & edges.forward[following]
    twins[around[paired]], twins[following[paired]] = following[paired], around[paired]


def _split_fans(surface: Surface, twins: Indices) -> Surface:
    """*surface* with a point of its own for each fan: corners that are connected around a point by paired edges."""
    side = np.arange(len(twins))
    following = side - side % 3 + (side + 1) % 3
    paired = side[(twins != NONE) & (side < twins)]
    # Side u -> v: its corner at u is that of the twin's end, and the other way round.
    a = np.concatenate([paired, following[paired]])
    b = np.concatenate([following[twins[paired]], twins[paired]])
    fan = components(len(twins), a, b)
    first = first_of_each(fan, int(fan.max(initial=-1)) + 1)
    return Surface(surface.points[surface.triangles.ravel()[first]], fan.reshape(-1, 3))
