# SPDX-License-Identifier: GPL-3.0-or-later
"""Quads made of triangles without looking for a flow: for cards, and where QuadriFlow finds none."""

from __future__ import annotations

import bpy
import numpy as np

from ..geometry.arrays import Indices, Points
from ..geometry.nearest import nearest_on
from ..geometry.surface import Surface, mesh_of
from ..geometry.topology import NONE, twins_of
from .clean_up import cleaned_up
from .reduce import reduced

OF_TRIANGLE = 3
"""Quads that a triangle is split into."""
NEAR = 0.1
"""Share of the budget by which pairs may miss it."""


def pairs_of(surface: Surface) -> Indices | None:
    """The triangles of *surface* as quads (k, 4), two by two across their longest sides; ``None`` if some are left."""
    a, b, c = surface.corners()
    lengths = np.linalg.norm(np.stack([b - a, c - b, a - c], axis=1), axis=2)
    count = len(surface.triangles)
    sides = 3 * np.arange(count) + lengths.argmax(axis=1)
    twins = twins_of(surface.edges)
    others = twins[sides]
    if not count or (others == NONE).any() or (twins[sides[others // 3]] != sides).any():
        return None
    first = np.flatnonzero(sides < others)
    sides, others = sides[first], others[first]
    corners = surface.triangles.ravel()
    start, end = corners[sides], corners[others]
    tops = (surface.triangles[each // 3, (each + 2) % 3] for each in (others, sides))
    bottom, top = tops
    return np.stack([start, bottom, end, top], axis=1)


def split_into_quads(surface: Surface, quads: int) -> tuple[Points, Indices]:
    """Points and about *quads* quads (k, 4) over *surface*: pairs of its triangles if those are as many.

    Else each triangle of it, reduced, becomes three, around its middle, and these are moved onto the surface.
    """
    pairs = pairs_of(surface)
    if pairs is not None and abs(len(pairs) - quads) <= NEAR * quads:
        return surface.points, pairs
    wanted = max(quads // OF_TRIANGLE, 1)
    low = surface
    while len(low.triangles) < wanted:
        low = _halved(low)
    low = cleaned_up(reduced(low, wanted))
    edges, count = low.edges, len(low.points)
    middles = low.points[edges.ends].mean(axis=1)
    centers = low.points[low.triangles].mean(axis=1)
    source = mesh_of(surface, "CSM source")
    try:
        added = nearest_on(source, np.concatenate([middles, centers])).places
    finally:
        bpy.data.meshes.remove(source)
    of_side = count + edges.of_side.reshape(-1, 3)
    center = count + len(middles) + np.arange(len(centers))
    made = [
        np.stack([low.triangles[:, turn], of_side[:, turn], center, of_side[:, turn - 1]], axis=1) for turn in range(3)
    ]
    return np.concatenate([low.points, added]), np.concatenate(made)


def _halved(surface: Surface) -> Surface:
    """*surface* with each triangle as four, whose corners are also in the middles of its sides."""
    edges, count = surface.edges, len(surface.points)
    a, b, c = surface.triangles.T
    ab, bc, ca = (count + edges.of_side.reshape(-1, 3)).T
    parts = ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))
    points = np.concatenate([surface.points, surface.points[edges.ends].mean(axis=1)])
    return Surface(points, np.concatenate([np.stack(part, axis=1) for part in parts]))
