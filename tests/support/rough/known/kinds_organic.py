# SPDX-License-Identifier: GPL-3.0-or-later
"""Known meshes without sharp edges: figures, heads, knots, rocks."""

from __future__ import annotations

from typing import Any

import numpy as np

from rough.known.cells import one_cell
from rough.known.implicit import field_surface
from rough.known.looks import Look, Looks, even, tiles, waves
from rough.surface import Surface


def round_cube(grid: np.ndarray) -> np.ndarray:
    """From the faces of the cube [-1, 1]³ to the unit sphere, with nearly even spacing."""
    turned = np.tan(grid * (np.pi / 4.0))
    return turned / np.maximum(np.linalg.norm(turned, axis=1, keepdims=True), 1e-12)


def bumpy(directions: np.ndarray, seed: int, strength: float, count: int = 12, width: float = 0.35) -> np.ndarray:
    """Radii (n,) around 1 with *count* round bumps."""
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(count, 3))
    centers /= np.linalg.norm(centers, axis=1, keepdims=True)
    heights = rng.uniform(-0.6, 1.0, count) * strength
    return 1.0 + np.exp((directions @ centers.T - 1.0) / width**2) @ heights


def tube(curve: np.ndarray, radius: float, around: int, material: int = 0) -> Surface:
    """A closed tube around the closed *curve* (n, 3), its rings turned as little as can be."""
    ahead = np.roll(curve, -1, axis=0) - np.roll(curve, 1, axis=0)
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    side = np.empty_like(ahead)
    side[0] = np.cross(ahead[0], (0.3, 0.5, 0.8))
    for i in range(1, len(curve)):
        side[i] = side[i - 1] - ahead[i] * (side[i - 1] @ ahead[i])
        side[i] /= np.linalg.norm(side[i])
    side[0] /= np.linalg.norm(side[0])
    up = np.cross(ahead, side)
    # What is left to turn when the curve comes back is spread over all rings.
    last = side[-1] - ahead[0] * (side[-1] @ ahead[0])
    left = np.arctan2(last @ up[0], last @ side[0])
    angle = np.linspace(0.0, 2.0 * np.pi, around, endpoint=False)[None] - np.linspace(0.0, left, len(curve))[:, None]
    points = curve[:, None] + radius * (
        np.cos(angle)[..., None] * side[:, None] + np.sin(angle)[..., None] * up[:, None]
    )
    i, j = (part.ravel() for part in np.meshgrid(np.arange(len(curve)), np.arange(around), indexing="ij"))
    i1, j1 = (i + 1) % len(curve), (j + 1) % around
    a, b, c, d = i * around + j, i1 * around + j, i1 * around + j1, i * around + j1
    faces = np.concatenate([np.stack([a, c, b], 1), np.stack([a, d, c], 1)])
    return Surface.of(points.reshape(-1, 3), faces, material)


def creature(triangles: int) -> Surface:
    """A four-legged figure: balls that melt into each other."""
    balls = np.array([
        (0.0, 0.0, 0.1, 0.30), (0.0, 0.35, 0.15, 0.26), (0.0, -0.62, 0.45, 0.22), (0.0, -0.36, 0.28, 0.20),
        *((x * 0.21, y, z, 0.13 - 0.06 * abs(z + 0.3)) for x in (-1, 1) for y in (-0.16, 0.45)
          for z in (-0.1, -0.22, -0.34, -0.46, -0.58)),
        (0.14, -0.6, 0.64, 0.09), (-0.14, -0.6, 0.64, 0.09), (0.0, -0.8, 0.4, 0.11), (0.0, 0.62, 0.3, 0.1),
        (0.0, 0.7, 0.4, 0.08), (0.0, 0.76, 0.5, 0.08), (0.0, 0.8, 0.6, 0.08),
    ])  # fmt: skip

    def field(places: np.ndarray) -> np.ndarray:
        total = np.zeros(len(places))
        for x, y, z, radius in balls:
            square = (places[:, 0] - x) ** 2 + (places[:, 1] - y) ** 2 + (places[:, 2] - z) ** 2
            total += np.exp(1.0 - square / (radius * radius) * 1.0)
        return 1.0 - total

    return field_surface(field, -1.15, 1.15, triangles)


def head(triangles: int) -> Surface:
    """A bumpy head with a nose and ears, textured on six charts."""
    marks = (
        ((0.0, -1.0, -0.05), 0.28, 0.16),
        ((0.95, 0.0, 0.2), 0.22, 0.2),
        ((-0.95, 0.0, 0.2), 0.22, 0.2),
        ((0.35, -0.9, 0.3), -0.1, 0.14),
        ((-0.35, -0.9, 0.3), -0.1, 0.14),
        ((0.0, -0.9, -0.45), -0.06, 0.2),
    )

    def bend(grid: np.ndarray) -> np.ndarray:
        directions = round_cube(grid)
        radius = bumpy(directions, 3, 0.1)
        for center, height, width in marks:
            unit = np.array(center) / np.linalg.norm(center)
            radius += height * np.exp((directions @ unit - 1.0) / width**2)
        return directions * radius[:, None] * np.array([0.75, 0.85, 1.0])

    return one_cell((-1, -1, -1), (1, 1, 1), bend).surface(triangles)


def knot(triangles: int) -> Surface:
    """A torus knot: one tube that passes close by itself."""
    around = max(8, round((triangles / 2.0 / 21.0) ** 0.5))
    t = np.linspace(0.0, 2.0 * np.pi, max(60, triangles // (2 * around)), endpoint=False)
    out = 0.6 + 0.25 * np.cos(3.0 * t)
    curve = np.stack([out * np.cos(2.0 * t), out * np.sin(2.0 * t), 0.3 * np.sin(3.0 * t)], axis=1)
    return tube(curve, 0.1, around)


def rock(triangles: int) -> Surface:
    """A lump with relief of several sizes, as a scan has."""
    rng = np.random.default_rng(8)
    layers = []
    for octave in range(5):
        directions = rng.normal(size=(6, 3))
        directions *= 3.0 * 1.9**octave / np.linalg.norm(directions, axis=1, keepdims=True)
        layers.append((directions, rng.uniform(0.0, 6.3, 6), 0.035 / 1.8**octave))

    def field(places: np.ndarray) -> np.ndarray:
        value = np.linalg.norm(places / np.array([1.0, 0.8, 0.65]), axis=1) - 0.8
        for directions, phases, height in layers:
            value += height * np.sin(places @ directions.T + phases).sum(axis=1)
        return value

    return field_surface(field, -1.2, 1.2, triangles)


def lamp(triangles: int) -> Surface:
    """A smooth bulb that shines at its top."""
    return one_cell((-1, -1, -1), (1, 1, 1), _bulb).surface(triangles)


def _bulb(grid: np.ndarray) -> np.ndarray:
    directions = round_cube(grid)
    height = directions[:, 2]
    width = 0.35 + 0.4 * np.exp(-((height - 0.35) ** 2) / 0.3)
    return np.stack([directions[:, 0] * width, directions[:, 1] * width, height], axis=1)


def _shine(places: np.ndarray) -> np.ndarray:
    glow = np.clip((places[:, 2] - 0.2) * 2.0, 0.0, 1.0)
    return glow[:, None] * np.array([1.0, 0.8, 0.4])


ORGANIC: tuple[dict[str, Any], ...] = (
    {"name": "creature", "family": "organic, vertex colors", "make": creature, "looks": Looks(), "thickness": 0.1},
    {"name": "head", "family": "organic, textured", "make": head, "looks": Looks((Look(tiles(1), "texture"),)),
     "thickness": 0.3},
    {"name": "knot", "family": "organic, close surfaces", "make": knot, "looks": Looks((Look(waves(2)),)),
     "thickness": 0.2},
    {"name": "rock", "family": "scan, vertex colors", "make": rock, "looks": Looks((Look(waves(4, 8.0)),)),
     "thickness": 0.6},
    {"name": "lamp", "family": "emission", "make": lamp, "thickness": 0.6,
     "looks": Looks((Look(tiles(5), "texture", emission=_shine, metallic_roughness=None),))},
    {"name": "statue", "family": "organic, one plain color", "make": lambda n: creature(n).moved(0.9), "thickness": 0.1,
     "looks": Looks((Look(even(0.62, 0.55, 0.47), "factor",
                          metallic_roughness=lambda p: np.tile((0.0, 0.35), (len(p), 1))),))},
)  # fmt: skip
