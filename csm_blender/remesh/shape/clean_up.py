# SPDX-License-Identifier: GPL-3.0-or-later
"""Last repairs of a reduced surface: no triangle without an area, no two edges at the same place."""

from __future__ import annotations

import numpy as np

from ..geometry.arrays import Indices, Points
from ..geometry.surface import Surface
from ..geometry.topology import NONE, Edges, edges_of, twins_of
from ..geometry.weld import groups_at_same_place
from .rebuild import point_normals

FLAT, NO_AREA = 2e-6, 2e-12
"""A triangle is flat whose height on its longest side is below the first share of that side, or whose area is below the
second one of the square of the diagonal of the whole: too small to be told from a line."""
ROUNDS = 12
RAISED = 1e-5
"""Share of its longest side by which a flat triangle is made higher at first; twice as much in each round."""
_ACROSS, _TOLD = 0.1, 3e-7
APART = 2e-5
"""How far points are moved from each other where edges lie at the same place: a share of the diagonal."""


def cleaned_up(surface: Surface) -> Surface:
    """*surface* as single precision keeps it, with flat triangles turned or raised, and touching edges parted."""
    surface = Surface(surface.points.astype(np.float32).astype(np.float64), surface.triangles)
    for round_number in range(ROUNDS):
        surface, was_flat = _without_flat(surface)
        surface, touched = _parted(surface, round_number)
        if not was_flat and not touched:
            break
    return surface


def _without_flat(surface: Surface) -> tuple[Surface, bool]:
    """*surface* with flat triangles turned or raised, and whether there were any."""
    for round_number in range(ROUNDS):
        flat = flat_triangles(surface)
        if not len(flat):
            return surface, round_number > 0
        turned = _turned(surface, flat)
        if turned is None or round_number > ROUNDS // 2:
            turned = _raised(surface, flat, RAISED * 2.0**round_number)
        surface = turned
    return surface, True


def flat_triangles(surface: Surface) -> Indices:
    """The triangles of *surface* whose corners lie on a line, or at the same place, as far as can be told."""
    longest = _side_lengths(surface).max(axis=1)
    return np.flatnonzero(surface.areas() <= np.maximum(FLAT / 2.0 * longest**2, NO_AREA * surface.diagonal**2))


def _side_lengths(surface: Surface) -> Points:
    a, b, c = surface.corners()
    return np.asarray(np.linalg.norm(np.stack([b - a, c - b, a - c], axis=1), axis=2))


def _turned(surface: Surface, flat: Indices) -> Surface | None:
    """*surface* with the longest sides of *flat* triangles turned to the other diagonal; ``None`` if none can be."""
    edges = surface.edges
    twins = twins_of(edges)
    sides = 3 * flat + _side_lengths(surface)[flat].argmax(axis=1)
    sides = sides[twins[sides] != NONE]
    others = twins[sides]
    top, bottom = _opposite(surface.triangles, sides), _opposite(surface.triangles, others)
    start, end = surface.triangles.ravel()[sides], surface.triangles.ravel()[others]
    possible = (top != bottom) & ~_are_edges(edges, top, bottom)
    before = _worst(surface.points, (start, end, top), (end, start, bottom))
    after = _worst(surface.points, (start, bottom, top), (bottom, end, top))
    possible &= after > before
    sides, others = sides[possible], others[possible]
    start, end, top, bottom = start[possible], end[possible], top[possible], bottom[possible]
    if not len(sides):
        return None
    # Each triangle takes part in one turn a round, and no edge is made twice.
    owner = np.full(len(surface.triangles), len(sides), dtype=np.int64)
    order = np.arange(len(sides))
    for each in (sides // 3, others // 3):
        np.minimum.at(owner, each, order)
    alone = (owner[sides // 3] == order) & (owner[others // 3] == order)
    _, first = np.unique(np.stack([np.minimum(top, bottom), np.maximum(top, bottom)]), axis=1, return_index=True)
    alone &= np.isin(order, first)
    triangles = surface.triangles.copy()
    triangles[sides[alone] // 3] = np.stack([start, bottom, top], axis=1)[alone]
    triangles[others[alone] // 3] = np.stack([bottom, end, top], axis=1)[alone]
    return Surface(surface.points, triangles) if alone.any() else None


def _opposite(triangles: Indices, sides: Indices) -> Indices:
    return np.asarray(triangles[sides // 3, (sides + 2) % 3])


def _are_edges(edges: Edges, a: Indices, b: Indices) -> Indices:
    count = int(edges.ends.max()) + 1
    known = edges.ends[:, 0] * count + edges.ends[:, 1]  # sorted, as edges_of leaves them
    keys = np.minimum(a, b) * count + np.maximum(a, b)
    return np.asarray(known[np.minimum(np.searchsorted(known, keys), len(known) - 1)] == keys)


def _worst(points: Points, *triangles: tuple[Indices, Indices, Indices]) -> Points:
    """The smaller one of the shares height / longest side of two triangles."""
    shares = []
    for corners in triangles:
        a, b, c = (points[each] for each in corners)
        longest = np.linalg.norm(np.stack([b - a, c - b, a - c]), axis=2).max(axis=0)
        shares.append(np.linalg.norm(np.cross(b - a, c - a), axis=1) / np.maximum(longest, 1e-30) ** 2)
    return np.asarray(np.minimum(*shares))


def _raised(surface: Surface, flat: Indices, height: float) -> Surface:
    """*surface* with the third corner of *flat* triangles moved away from their longest side.

    By *height*, a share of that side, but so far that points at the same place are two; along the surface.
    """
    lengths = _side_lengths(surface)[flat]
    longest = lengths.argmax(axis=1)
    a, b, top = (surface.triangles[flat, (longest + turn) % 3] for turn in range(3))
    along = surface.points[b] - surface.points[a]
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-30)
    way = np.cross(point_normals(surface)[top], along)
    length = np.linalg.norm(way, axis=1, keepdims=True)
    axis = np.eye(3)[np.abs(along).argmin(axis=1)]
    way = np.where(length > _ACROSS, way, np.cross(axis, along))
    way /= np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-30)
    least = np.maximum(_TOLD * np.abs(surface.points[top]).max(axis=1), APART / 2.0 * surface.diagonal)
    moved = surface.points.copy()
    moved[top] += np.maximum(height * lengths.max(axis=1), least)[:, None] * way
    return Surface(moved.astype(np.float32).astype(np.float64), surface.triangles)


def _parted(surface: Surface, round_number: int) -> tuple[Surface, bool]:
    """*surface* with points moved inward a little where edges of different sheets lie at the same place; if there are.

    At first all by the same length. In later rounds those at the same place move by different lengths: sheets that lie
    on each other, or that met others when they were moved, part then as well.
    """
    group = groups_at_same_place(surface)
    edges = edges_of(group[surface.triangles])
    if not edges.non_manifold_count:
        return surface, False
    touching = np.unique(edges.ends[edges.faces > 2])  # noqa: PLR2004 - the edges of more than one sheet
    points = np.flatnonzero(np.isin(group, touching))
    points = points[np.argsort(group[points], kind="stable")]
    times = np.ones(len(points))
    if round_number:
        of_place = group[points]
        first = np.searchsorted(of_place, of_place)
        times += np.arange(len(points)) - first + (round_number - 1) / ROUNDS
    moved = surface.points.copy()
    moved[points] -= APART * surface.diagonal * times[:, None] * point_normals(surface)[points]
    return Surface(moved.astype(np.float32).astype(np.float64), surface.triangles), True
