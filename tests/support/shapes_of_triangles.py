# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain shapes as triangles (n, 3 corners, 3), for tests without Blender."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_SIDES = (
    (0, 1, 3), (0, 3, 2), (4, 6, 7), (4, 7, 5), (0, 4, 5), (0, 5, 1),
    (2, 3, 7), (2, 7, 6), (0, 2, 6), (0, 6, 4), (1, 5, 7), (1, 7, 3),
)  # fmt: skip


def cuboid(low: Sequence[float], high: Sequence[float]) -> Array:
    """A box, closed."""
    corners = np.array(list(itertools.product(*zip(low, high, strict=True))), dtype=np.float64)
    return corners[np.array(_SIDES)]


def ball(center: Sequence[float], radii: Sequence[float], rings: int) -> Array:
    """An ellipsoid of *rings* rings with twice as many corners each."""
    down, around = np.linspace(0.0, np.pi, rings + 1), np.linspace(0.0, 2.0 * np.pi, 2 * rings + 1)
    u, v = np.meshgrid(down, around, indexing="ij")
    points = np.stack([np.sin(u) * np.cos(v), np.sin(u) * np.sin(v), np.cos(u)], axis=-1)
    points = points * np.asarray(radii) + np.asarray(center)
    a, b, c, d = points[:-1, :-1], points[1:, :-1], points[1:, 1:], points[:-1, 1:]
    return np.concatenate([np.stack(part, axis=2).reshape(-1, 3, 3) for part in ((a, b, c), (a, c, d))])


def box_of(triangles: Array) -> tuple[Array, Array]:
    """The low and the high corner."""
    points = triangles.reshape(-1, 3)
    return points.min(axis=0), points.max(axis=0)
