# SPDX-License-Identifier: GPL-3.0-or-later
"""Cut a surface so that every edge has at most two triangles and every point one fan, all wound the same way."""

from __future__ import annotations

import numpy as np

from ..geometry.arrays import Indices, Points, first_of_each
from ..geometry.surface import Surface, ordered
from ..geometry.topology import NONE, Edges, components, twins_of, wound_against

_TWO = 2
_PEEL_ROUNDS, _SPLIT_ROUNDS = 8, 8


def cut_to_manifold(surface: Surface) -> Surface:
    """*surface* where points were doubled so that no edge has more than two triangles and no point two fans.

    Fins (triangles with an open edge on an edge of three or more) are left out. Where several sheets meet in an edge,
    those that enclose a solid between them stay together. Neighbors are wound alike; of each connected part the way
    most of its triangles are wound is kept.
    """
    surface = _without_fins(surface)
    edges = surface.edges
    twins = twins_of(edges)
    flip = wound_against(edges, twins)
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
    return _apart(_split_fans(surface, twins), twins)


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


def _apart(surface: Surface, twins: Indices) -> Surface:
    """*surface* with a point of their own on edges that lie between the same two points, and are not the same.

    *twins* says which sides belong together. Two sheets that meet in an edge may be one surface around both of its
    ends, so that giving each fan its own point does not part them.
    """
    for _ in range(_SPLIT_ROUNDS):
        edges = surface.edges
        if not edges.non_manifold_count:
            break
        side = np.arange(len(twins))
        ones = side[(edges.faces > _TWO)[edges.of_side] & ((twins == NONE) | (side < twins))]
        _, first = np.unique(edges.of_side[ones], return_index=True)
        ones = np.delete(ones, first)  # the first one keeps its edge
        others = np.where(twins[ones] == NONE, ones, twins[ones])
        # Each triangle is cut once a round.
        owner = np.full(len(surface.triangles), len(ones))
        order = np.arange(len(ones))
        for each in (ones // 3, others // 3):
            np.minimum.at(owner, each, order)
        alone = (owner[ones // 3] == order) & (owner[others // 3] == order)
        surface, twins = _cut_in_two(surface, twins, ones[alone], others[alone])
    return surface


def _cut_in_two(surface: Surface, twins: Indices, ones: Indices, others: Indices) -> tuple[Surface, Indices]:
    """*surface* with a new point in the middle of the sides *ones* and *others*, pairs of the same edge; its twins."""
    following = ones - ones % 3 + (ones + 1) % 3
    a, b = surface.triangles.ravel()[ones], surface.triangles.ravel()[following]
    middle = len(surface.points) + np.arange(len(ones))
    two = ones != others
    sides, middle_of = np.concatenate([ones, others[two]]), np.concatenate([middle, middle[two]])
    triangles = surface.triangles.copy()
    start, top = triangles.ravel()[sides], triangles[sides // 3, (sides + 2) % 3]
    triangles[sides // 3, sides % 3] = middle_of
    new = len(triangles) + np.arange(len(sides))
    points = np.concatenate([surface.points, (surface.points[a] + surface.points[b]) / 2.0])
    made = Surface(points, np.concatenate([triangles, np.stack([start, middle_of, top], axis=1)]))
    # The side from the top to the start is now one of the new triangle.
    place = np.arange(len(twins))
    place[sides - sides % 3 + (sides + 2) % 3] = 3 * new + 2
    found = twins_of(made.edges)
    kept = np.flatnonzero(twins != NONE)
    kept = kept[~np.isin(kept, sides)]
    found[place[kept]] = place[twins[kept]]
    return made, found
