# SPDX-License-Identifier: GPL-3.0-or-later
"""Cut a surface so that every edge has at most two triangles and every point one fan, all wound the same way."""

from __future__ import annotations

import numpy as np

from ..geometry.surface import Indices, Mask, Points, Surface, ordered
from ..geometry.topology import NONE, Edges, components, edges_of, twins_of

_TWO = 2
_PEEL_ROUNDS = 8


def cut_to_manifold(surface: Surface) -> Surface:
    """*surface* where points were doubled so that no edge has more than two triangles and no point two fans.

    Fins (triangles with an open edge on an edge of three or more) are left out. Where several sheets meet in an edge,
    those that enclose a solid between them stay together. Neighbors are wound alike; of each connected part the way
    most of its triangles are wound is kept.
    """
    surface = _without_fins(surface)
    edges = edges_of(surface.triangles)
    twins = twins_of(edges)
    flip = _wound_against(edges, twins)
    triangles = surface.triangles.copy()
    triangles[flip] = triangles[flip][:, ::-1]
    # In an order that says nothing of how they were wound: of doubled faces, Blender 4.2 keeps now one, now the other.
    surface = ordered(Surface(surface.points, triangles))
    edges = edges_of(surface.triangles)
    twins = twins_of(edges)
    if edges.non_manifold_count:
        _pair_many(surface.points, surface.triangles, edges, twins)
    same_way = edges.forward == edges.forward[twins]
    twins[(twins != NONE) & same_way] = NONE  # a band that was twisted (not orientable) is cut there
    return _split_fans(surface, twins)


def _without_fins(surface: Surface) -> Surface:
    for _ in range(_PEEL_ROUNDS):
        edges = edges_of(surface.triangles)
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
    _, seeds = np.unique(part, return_index=True)
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
    order = np.argsort(edges.of_side, kind="stable")
    starts = np.cumsum(edges.faces) - edges.faces
    for edge in np.flatnonzero(edges.faces > _TWO):
        sides = order[starts[edge] : starts[edge] + edges.faces[edge]]
        low, high = points[edges.ends[edge]]
        third = triangles[sides // 3, (sides + 2) % 3]
        axis = high - low
        length = float(np.linalg.norm(axis))
        if length == 0.0:
            continue
        axis = axis / length
        spokes = points[third] - low
        spokes = spokes - np.outer(spokes @ axis, axis)
        across = np.cross(axis, spokes[0])
        angle = np.arctan2(spokes @ across * np.linalg.norm(spokes[0]), spokes @ spokes[0] * np.linalg.norm(across))
        around = sides[np.argsort(np.mod(angle, 2 * np.pi), kind="stable")]
        for side, following in zip(around, np.roll(around, -1), strict=True):
            if not edges.forward[side] and edges.forward[following]:
                twins[side], twins[following] = following, side


def _split_fans(surface: Surface, twins: Indices) -> Surface:
    """*surface* with a point of its own for each fan: corners that are connected around a point by paired edges."""
    side = np.arange(len(twins))
    following = side - side % 3 + (side + 1) % 3
    paired = side[(twins != NONE) & (side < twins)]
    # Side u -> v: its corner at u is that of the twin's end, and the other way round.
    a = np.concatenate([paired, following[paired]])
    b = np.concatenate([following[twins[paired]], twins[paired]])
    fan = components(len(twins), a, b)
    _, first = np.unique(fan, return_index=True)
    return Surface(surface.points[surface.triangles.ravel()[first]], fan.reshape(-1, 3))
