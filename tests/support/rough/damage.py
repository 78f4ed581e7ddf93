# SPDX-License-Identifier: GPL-3.0-or-later
"""What generators do to a surface: each damage at strength 1 (light) or 2 (heavy), the same for the same seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from rough.surface import Surface, gathered

WRONG = np.array([1.0, 0.0, 1.0])
"""The color of what has no place in a result: specks and inner shells. Seen in a result, it was sampled from there."""


@dataclass(frozen=True)
class Site:
    """What a damage has to know of the mesh: lengths in meters."""

    diagonal: float
    thickness: float
    rng: np.random.Generator


Damage = Callable[[Surface, int, Site], Surface]
LIGHT, HEAVY = 1, 2


def _centers(surface: Surface) -> np.ndarray:
    return surface.points[surface.triangles].mean(axis=1)


def holes(surface: Surface, strength: int, site: Site) -> Surface:
    """Single triangles are missing, and round patches."""
    share, patches, radius = (0.0005, 3, 0.004) if strength == LIGHT else (0.005, 10, 0.012)
    keep = site.rng.random(len(surface.triangles)) >= share
    centers = _centers(surface)
    for place in centers[site.rng.integers(len(centers), size=patches)]:
        keep &= np.linalg.norm(centers - place, axis=1) > radius * site.diagonal
    return surface.only(keep)


def shells(surface: Surface, strength: int, site: Site) -> Surface:
    """A second surface inside, turned inwards, torn; at strength 2 two of them."""
    if not site.thickness:
        return surface
    made = [surface]
    depth = min(0.02 * site.diagonal, site.thickness / 4.0)
    for layer in range(strength):
        inner = replace(surface, points=surface.points - surface.vertex_normals() * depth * (1.0 - 0.4 * layer))
        inner = inner.only(site.rng.random(len(surface.triangles)) >= 0.02 * (1 + layer))
        made.append(_wrong(replace(inner, triangles=inner.triangles[:, ::-1], spots=inner.spots[:, ::-1])))
    return gathered(made)


def _wrong(surface: Surface) -> Surface:
    return replace(surface, colors=np.tile(WRONG, (len(surface.points), 1)))


def specks(surface: Surface, strength: int, site: Site) -> Surface:
    """Small floating bodies around it and in it."""
    count = 20 if strength == LIGHT else 250
    low, high = surface.points.min(axis=0), surface.points.max(axis=0)
    corners = np.array([(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)], dtype=np.float64)
    faces = np.array([(0, 2, 4), (2, 1, 4), (1, 3, 4), (3, 0, 4), (2, 0, 5), (1, 2, 5), (3, 1, 5), (0, 3, 5)])
    bits = []
    for size in site.rng.uniform(0.0005, 0.004, count) * site.diagonal:
        # None stands out of the box, so that the box of the mesh stays what it is.
        place = site.rng.uniform(low + size, high - size) if (high - low).min() > 2 * size else (low + high) / 2.0
        bits.append(_wrong(Surface.of(corners * size * site.rng.uniform(0.5, 1.0, 3) + place, faces)))
    return gathered([surface, *bits])


def noise(surface: Surface, strength: int, site: Site) -> Surface:
    """Each vertex is off its place along its normal, and a little beside it."""
    sigma = (0.0001 if strength == LIGHT else 0.0004) * site.diagonal
    along = site.rng.normal(0.0, sigma, (len(surface.points), 1)) * surface.vertex_normals()
    return replace(surface, points=surface.points + along + site.rng.normal(0.0, sigma / 4.0, surface.points.shape))


def flips(surface: Surface, strength: int, site: Site) -> Surface:
    """Single triangles and whole patches are wound the other way around."""
    share, patches, radius = (0.02, 3, 0.03) if strength == LIGHT else (0.3, 10, 0.08)
    centers = _centers(surface)
    turned = site.rng.random(len(centers)) < share
    for place in centers[site.rng.integers(len(centers), size=patches)]:
        turned ^= np.linalg.norm(centers - place, axis=1) < radius * site.diagonal
    triangles, spots = surface.triangles.copy(), surface.spots.copy()
    triangles[turned], spots[turned] = triangles[turned, ::-1], spots[turned, ::-1]
    return replace(surface, triangles=triangles, spots=spots)


def doubles(surface: Surface, strength: int, site: Site) -> Surface:
    """Triangles that are there twice, half of them the other way around, half of them with vertices of their own."""
    chosen = site.rng.permutation(len(surface.triangles))[: round((0.02 if strength == LIGHT else 0.25)
                                                                * len(surface.triangles))]  # fmt: skip
    again = surface.only(chosen)
    turned = np.arange(len(chosen)) % 2 == 0
    triangles, spots = again.triangles.copy(), again.spots.copy()
    triangles[turned], spots[turned] = triangles[turned, ::-1], spots[turned, ::-1]
    again = replace(again, triangles=triangles, spots=spots)
    half = len(chosen) // 2
    own = split(again.only(np.arange(half)), np.arange(half))
    rest = again.only(np.arange(half, len(chosen)))
    together = gathered([surface, replace(rest, points=surface.points), own])
    # The second part shares the vertices of the first.
    shared = together.triangles.copy()
    rows = slice(len(surface.triangles), len(surface.triangles) + len(rest.triangles))
    shared[rows] -= len(surface.points)
    return replace(together, triangles=shared)


def split(surface: Surface, rows: np.ndarray) -> Surface:
    """The triangles *rows* get vertices of their own, at the same places."""
    triangles = surface.triangles.copy()
    old = triangles[rows].ravel()
    triangles[rows] = len(surface.points) + np.arange(len(old)).reshape(-1, 3)
    colors = None if surface.colors is None else np.concatenate([surface.colors, surface.colors[old]])
    return replace(surface, points=np.concatenate([surface.points, surface.points[old]]), triangles=triangles,
                   colors=colors)  # fmt: skip


def tangles(surface: Surface, strength: int, site: Site) -> Surface:
    """Edges with three faces, triangles through the surface, and vertices that are not joined."""
    count, unjoined = (30, 0.1) if strength == LIGHT else (600, 1.0)
    chosen = site.rng.integers(len(surface.triangles), size=count)
    normals = surface.vertex_normals()
    a, b = surface.triangles[chosen, 0], surface.triangles[chosen, 1]
    edge = np.linalg.norm(surface.points[a] - surface.points[b], axis=1, keepdims=True)
    sign = np.where(site.rng.random((count, 1)) < 0.5, -1.0, 1.0)
    # Fins: a third face at an edge. Blades: free triangles that pierce the surface.
    tips = (surface.points[a] + surface.points[b]) / 2.0 + sign * edge * normals[a]
    first = len(surface.points)
    fins = np.stack([a, b, first + np.arange(count)], axis=1)
    center = surface.points[surface.triangles[chosen]].mean(axis=1)
    aside = np.cross(normals[a], site.rng.normal(size=(count, 3)))
    aside /= np.maximum(np.linalg.norm(aside, axis=1, keepdims=True), 1e-12)
    up = normals[a] * edge
    blades = np.stack([center - up, center + up + aside * edge, center + up - aside * edge], axis=1).reshape(-1, 3)
    extra = np.concatenate([fins, first + count + np.arange(3 * count).reshape(-1, 3)])
    old = surface.triangles[chosen, 0]
    colors = surface.colors
    if colors is not None:
        colors = np.concatenate([colors, colors[old], np.repeat(colors[old], 3, axis=0)])
    rows = np.concatenate([chosen, chosen])
    bad = replace(
        surface,
        points=np.concatenate([surface.points, tips, blades]),
        triangles=np.concatenate([surface.triangles, extra]),
        material=np.concatenate([surface.material, surface.material[rows]]),
        chart=np.concatenate([surface.chart, surface.chart[rows]]),
        spots=np.concatenate([surface.spots, surface.spots[rows]]),
        colors=colors,
    )
    return split(bad, np.flatnonzero(site.rng.random(len(bad.triangles)) < unjoined))


def cracks(surface: Surface, strength: int, site: Site) -> Surface:
    """The surface is torn along planes; beside a crack it has moved apart."""
    count, gap = (2, 0.0005) if strength == LIGHT else (5, 0.003)
    torn = surface
    for _ in range(count):
        normal = site.rng.normal(size=3)
        normal /= np.linalg.norm(normal)
        start = torn.points[site.rng.integers(len(torn.points))]
        beyond = (_centers(torn) - start) @ normal > 0.0
        joined = np.intersect1d(torn.triangles[beyond], torn.triangles[~beyond])
        new = np.arange(len(torn.points))
        new[joined] = len(torn.points) + np.arange(len(joined))
        triangles = torn.triangles.copy()
        triangles[beyond] = new[triangles[beyond]]
        points = np.concatenate([torn.points, torn.points[joined]])
        used = np.unique(triangles[beyond])
        away = (points[used] - start) @ normal
        fade = np.exp(-np.abs(away) / (0.02 * site.diagonal))
        points[used] += (gap * site.diagonal * fade)[:, None] * normal
        colors = None if torn.colors is None else np.concatenate([torn.colors, torn.colors[joined]])
        torn = replace(torn, points=points, triangles=triangles, colors=colors)
    return torn


def mixed(surface: Surface, strength: int, site: Site) -> Surface:
    """Everything at once, as from a bad generator."""
    # The shells come first: where faces are flipped already, they would be outside.
    for one in (shells, noise, cracks, holes, flips, doubles, tangles, specks):
        surface = one(surface, strength if one is not tangles else LIGHT, site)
    return surface


DAMAGES: dict[str, Damage] = {
    one.__name__: one for one in (holes, shells, specks, noise, flips, doubles, tangles, cracks, mixed)
}


def damaged(surface: Surface, name: str, strength: int, *, thickness: float, seed: int = 0) -> Surface:
    """*surface* with its vertices' colors kept and the damage *name* done to it; ``"none"`` leaves it whole."""
    if name == "none":
        return surface
    site = Site(surface.diagonal, thickness, np.random.default_rng([seed, strength, sum(name.encode())]))
    return DAMAGES[name](surface, strength, site)
