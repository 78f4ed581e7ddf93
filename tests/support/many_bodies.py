# SPDX-License-Identifier: GPL-3.0-or-later
"""A GLB of many small tetrahedra, to keep an importer and the engine busy."""

from __future__ import annotations

import math

import numpy as np
from fit_glbs import plain


def many_bodies(count: int) -> bytes:
    """*count* tetrahedra of 0.5 m on a grid of 1 m."""
    places = np.stack(np.meshgrid(*[np.arange(math.ceil(count ** (1 / 3)))] * 3), axis=-1).reshape(-1, 3)[:count]
    corners = np.array([[0.0, 0.0, 0.0], [0.5, 0.0, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 0.5]])
    faces = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]])
    points = (places[:, None] + corners).reshape(-1, 3)
    return plain(points, (np.arange(count)[:, None, None] * 4 + faces).reshape(-1, 3))
