# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether UVs overlap. Needs bpy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
import numpy as np

if TYPE_CHECKING:
    from rough.measure import Mesh

_PIXELS = 2048
_INSIDE = 1e-3
"""A texel center counts where it is inside by that share: an edge that two triangles share is no overlap."""


def corner_uvs(mesh: bpy.types.Mesh, made: Mesh) -> np.ndarray | None:
    """The UVs of the corners (m, 3, 2), ``None`` where the mesh has none."""
    layer = mesh.uv_layers.active
    if layer is None:
        return None
    values = np.empty(len(mesh.loops) * 2, np.float32)
    layer.data.foreach_get("uv", values)
    return values.reshape(-1, 2)[made.loops].astype(np.float64)


def overlap(mesh: bpy.types.Mesh, made: Mesh) -> float | None:
    """The share of covered texels that more than one triangle covers; ``None`` without UVs."""
    corners = corner_uvs(mesh, made)
    if corners is None:
        return None
    times = np.zeros(_PIXELS * _PIXELS, np.int32)
    for part in np.array_split(corners * _PIXELS - 0.5, max(1, len(corners) // 20_000)):
        np.add.at(times, _covered(part), 1)
    covered = (times > 0).sum()
    return float((times > 1).sum() / covered) if covered else 0.0


def _covered(corners: np.ndarray) -> np.ndarray:
    """The numbers of the texels whose centers are inside, triangle by triangle."""
    low = np.clip(np.ceil(corners.min(axis=1)), 0, _PIXELS - 1).astype(np.int64)
    high = np.clip(np.floor(corners.max(axis=1)), -1, _PIXELS - 1).astype(np.int64)
    size = np.maximum(high - low + 1, 0)
    count = size[:, 0] * size[:, 1]
    of = np.repeat(np.arange(len(corners)), count)
    step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    x, y = low[of, 0] + step % size[of, 0], low[of, 1] + step // size[of, 0]
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    det = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (c[:, 0] - a[:, 0]) * (b[:, 1] - a[:, 1])
    det = np.where(det == 0.0, np.inf, det)[of]
    dx, dy = x - a[of, 0], y - a[of, 1]
    u = (dx * (c[of, 1] - a[of, 1]) - (c[of, 0] - a[of, 0]) * dy) / det
    v = ((b[of, 0] - a[of, 0]) * dy - dx * (b[of, 1] - a[of, 1])) / det
    inside = (u > _INSIDE) & (v > _INSIDE) & (u + v < 1.0 - _INSIDE)
    return (y * _PIXELS + x)[inside]
