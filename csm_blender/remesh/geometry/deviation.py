# SPDX-License-Identifier: GPL-3.0-or-later
"""How far two surfaces are from each other, both ways."""

from __future__ import annotations

import bpy
import numpy as np

from ...core.remesh import Deviation
from .arrays import Points
from .nearest import distances_to
from .surface import Surface

SAMPLES = 30_000
_SEED = 7


def deviation(a: Surface, mesh_a: bpy.types.Mesh, b: Surface, mesh_b: bpy.types.Mesh) -> Deviation:
    """The distances between *a* and *b*, which are also given as meshes; shares of the diagonal of *a*.

    Measured from points spread evenly over either surface. The mean is the larger one of the two ways.
    """
    there = distances_to(mesh_b, spread_over(a, SAMPLES))
    back = distances_to(mesh_a, spread_over(b, SAMPLES))
    diagonal = max(a.diagonal, 1e-30)
    both = np.concatenate([there, back]) / diagonal
    mean = max(float(there.mean()), float(back.mean())) / diagonal
    return Deviation(mean=mean, p99=float(np.quantile(both, 0.99)), max=float(both.max()))


def spread_over(surface: Surface, count: int) -> Points:
    """*count* points (count, 3) spread over *surface* in proportion to area, the same ones each time."""
    shares = np.cumsum(surface.areas())
    if not len(shares) or not shares[-1] > 0.0:
        return surface.points[:count]
    random = np.random.default_rng(_SEED)
    places = (np.arange(count) + random.random(count)) / count * shares[-1]
    chosen = np.minimum(np.searchsorted(shares, places), len(shares) - 1)
    u, v = random.random((2, count))
    over = u + v > 1.0
    u, v = np.where(over, 1.0 - u, u)[:, None], np.where(over, 1.0 - v, v)[:, None]
    a, b, c = (corner[chosen] for corner in surface.corners())
    return np.asarray(a + u * (b - a) + v * (c - a))
