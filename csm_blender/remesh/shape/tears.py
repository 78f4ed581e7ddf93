# SPDX-License-Identifier: GPL-3.0-or-later
"""Close tears: gaps between rims that lie beside each other, wider than what joins points can close.

Edges are laid across the gap, from each point to the one it is nearest to; what is between two of them is filled. So a
tear is closed along itself, wherever its rims begin and end, and not each rim by a cap of its own.
"""

from __future__ import annotations

import numpy as np

from ..geometry.arrays import Indices, Mask, Points
from ..geometry.neighbors import neighbors_of
from ..geometry.surface import Surface
from ..geometry.topology import NONE
from ..geometry.weld import CARD, SAME_PLACE
from .holes import Holes, ears, holes_of

REACH, AT_LEAST, AT_MOST = 3.0, 0.004, 0.015
"""How wide a tear may be: so many of the edges there, but shares of the diagonal at least and at most. Along the
normals, no more than the least: what is further above or below is another layer."""
ALIKE, OPPOSITE, AWAY = 0.5, -0.5, 0.4
"""Cosines: between the normals on both sides, at least; between the ways into the surface, and between the rims, at
most; between the way across and the ways into the surface, at most."""
BACK = 0.05
"""Share of the edges by which points at the same place are moved apart."""
SHORT_RIM = 12
"""Rims of fewer points are small holes."""
IN_ORDER = 8
"""Points along both rims within which edges must not cross."""
MOST_POINTS, PER_EDGE, AT_END = 8, 4, 6
"""What is between edges across is filled where it has no more points than the first number and the second one for each
of these edges; at the end of a tear, where it has one such edge, no more than the third one."""
_MOST_RIM_POINTS, _NEIGHBORS, _TWO = 60_000, 16, 2


def tears_closed(surface: Surface) -> Surface:
    """*surface*, cut to a manifold and wound alike on both sides of its tears, with those closed."""
    holes = holes_of(surface)
    long = np.bincount(holes.hole, minlength=holes.count) >= SHORT_RIM
    rows = np.flatnonzero(long[holes.hole]) if holes.count else np.zeros(0, dtype=np.int64)
    if not len(rows) or len(rows) > _MOST_RIM_POINTS:
        return surface
    after = np.full(len(surface.points), NONE)
    after[holes.end] = holes.start  # around a filling, which runs against the surface
    across = _in_order(_pairs(surface, holes, rows), after)
    rim = np.zeros(len(surface.points), dtype=bool)
    rim[holes.start] = True
    taken = set(map(tuple, surface.edges.ends[rim[surface.edges.ends].all(axis=1)].tolist()))
    across = [(a, b) for a, b in across if (min(a, b), max(a, b)) not in taken]
    if not across:
        return surface
    taken.update((min(a, b), max(a, b)) for a, b in across)
    fills = [ears(surface.points, loop, taken, convex_first=False) for loop in _between(across, after)]
    filled = [fill for fill in fills if fill is not None]
    return Surface(_apart(surface, holes, across), np.concatenate([surface.triangles, *filled]))


def _apart(surface: Surface, holes: Holes, across: list[tuple[int, int]]) -> Points:
    """The points of *surface* with those that edges *across* join, but lie at the same place, moved back a little.

    Where a crack is closed in single points, the surface is cut there again.
    """
    ends = np.array(across, dtype=np.int64)
    gaps = np.linalg.norm(surface.points[ends[:, 0]] - surface.points[ends[:, 1]], axis=1)
    moved = ends[gaps < SAME_PLACE * surface.diagonal].ravel()
    points = surface.points.copy()
    _along, inward, _normals, lengths = _at_rims(surface, holes, moved)
    points[moved] += BACK * lengths[:, None] * inward
    return points


def _pairs(surface: Surface, holes: Holes, rows: Indices) -> list[tuple[int, int]]:
    """Points on both sides of tears that are nearest to each other across them, the nearest pairs first.

    *rows* are the open edges of *holes* that count.
    """
    points = holes.start[rows]
    places = surface.points[points]
    along, inward, normals, lengths = _at_rims(surface, holes, points)
    others, distances = neighbors_of(places, places, _NEIGHBORS)
    distances = np.where(others == NONE, 0.0, distances)
    mine, other = np.arange(len(points))[:, None], np.maximum(others, 0)
    ways = (places[other] - places[mine]) / np.maximum(distances, 1e-30)[..., None]
    reach = np.clip(REACH * lengths, AT_LEAST * surface.diagonal, AT_MOST * surface.diagonal)
    good = (others != NONE) & (others != mine) & (distances < np.minimum(reach[mine], reach[other]))
    steps = np.minimum(np.abs(_cosine(ways, normals[mine])), np.abs(_cosine(ways, normals[other]))) * distances
    good &= (steps < AT_LEAST * surface.diagonal) & (_cosine(normals[mine], normals[other]) > ALIKE)
    good &= _cosine(along[mine], along[other]) < OPPOSITE
    good &= _cosine(inward[mine], inward[other]) < OPPOSITE
    good &= (_cosine(ways, inward[mine]) < AWAY) & (-_cosine(ways, inward[other]) < AWAY)
    size = np.bincount(surface.body)[surface.body[holes.triangle[rows]]]
    good &= (size > CARD)[:, None] & (size > CARD)[other]
    nearest = np.where(good.any(axis=1), others[np.arange(len(points)), good.argmax(axis=1)], NONE)
    a = np.flatnonzero((nearest > np.arange(len(points))) & (nearest[nearest] == np.arange(len(points))))
    gaps = np.linalg.norm(places[a] - places[nearest[a]], axis=1)
    a = a[np.lexsort((points[a], gaps))]
    return list(zip(points[a].tolist(), points[nearest[a]].tolist(), strict=True))


def _at_rims(surface: Surface, holes: Holes, points: Indices) -> tuple[Points, Points, Points, Points]:
    """For each of *points* on rims: along the rim, into the surface, the normal, unit vectors; the length of edges."""
    start, end = surface.points[holes.start], surface.points[holes.end]
    edges = end - start
    normals = _unit(surface.face_vectors()[holes.triangle])
    count = len(surface.points)
    both = np.concatenate([holes.start, holes.end])

    def at_points(values: Points) -> Points:
        twice = np.concatenate([values, values])
        return np.stack([np.bincount(both, each, count)[points] for each in twice.T], axis=1)

    along, normal = _unit(at_points(edges)), _unit(at_points(normals))
    lengths = at_points(np.linalg.norm(edges, axis=1, keepdims=True))[:, 0] / _TWO
    return along, _unit(np.cross(normal, along)), normal, lengths


def _in_order(pairs: list[tuple[int, int]], after: Indices) -> list[tuple[int, int]]:
    """Those of *pairs* that do not cross one before them: one rim runs against the other."""
    before = np.full(len(after), NONE)
    on_rim = np.flatnonzero(after != NONE)
    before[after[on_rim]] = on_rim
    partner: dict[int, int] = {}
    kept = []
    for a, b in pairs:
        crosses = False
        for way in (after, before):
            near_b = set(_walk(b, way))
            crosses |= any(partner.get(point) in near_b for point in _walk(a, way))
        if not crosses:
            partner[a], partner[b] = b, a
            kept.append((a, b))
    return kept


def _walk(point: int, way: Indices) -> list[int]:
    points = []
    for _ in range(IN_ORDER):
        point = int(way[point])
        points.append(point)
    return points


def _between(across: list[tuple[int, int]], after: Indices) -> list[list[int]]:
    """The points around what is between edges *across*, where it is small, in the order of a filling.

    An edge across is passed on both sides: each of its ends becomes two, of which the first one comes from the rim and
    goes across, and the second one goes on along the rim.
    """
    count = len(after)
    following, first = after.tolist(), []
    point_of = list(range(count))
    is_across: Mask = np.zeros(count + 2 * len(across), dtype=bool)
    for a, b in across:
        again_a, again_b = len(following), len(following) + 1
        following += [following[a], following[b]]
        point_of += [a, b]
        following[a], following[b] = again_b, again_a
        is_across[[a, b]] = True
        first += [a, b]
    seen: set[int] = set()
    found = []
    for corner in first:
        if corner in seen:
            continue
        loop = [corner]
        while (corner := following[loop[-1]]) != loop[0]:
            loop.append(corner)
        seen.update(loop)
        edges = int(is_across[loop].sum())
        if len(loop) <= (AT_END if edges == 1 else MOST_POINTS + PER_EDGE * edges):
            found.append([point_of[each] for each in loop])
    return found


def _cosine(a: Points, b: Points) -> Points:
    return np.asarray(np.einsum("...j,...j->...", a, b))


def _unit(vectors: Points) -> Points:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-30))
