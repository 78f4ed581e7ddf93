# SPDX-License-Identifier: GPL-3.0-or-later
"""Fit a plain GLB by moving its vertices before it is imported.

Stored normals have to be transformed too when a mesh is scaled unevenly (see :mod:`.mesh.transform_mesh`). Blender
needs a second for those of a million triangles, on top of the same second in its importer. In the file they are plain
numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from .fitting import Move
from .gltf.plain_geometry import PlainGeometry, Rows
from .mesh.transform_mesh import Array, is_uneven, times, transformed_normals

_NEUTRAL = {
    "matrix": [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1],
    "translation": [0, 0, 0],
    "rotation": [0, 0, 0, 1],
    "scale": [1, 1, 1],
}
_TO_BLENDER: Array = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
"""From glTF's axes, y up, to Blender's, z up; the way back is its transpose."""
_TO_GLTF: Array = _TO_BLENDER.T


def fit_ahead(geometry: PlainGeometry, plan: Callable[[Array, Array], Move]) -> tuple[PlainGeometry, Move] | None:
    """The *geometry* with its vertices where *plan* wants them, and what moved them there.

    *plan* is given the lowest and the highest corner in Blender's axes. ``None`` where it would not save time, where
    the mesh has no normals, or is not alone and at the origin; then :func:`.fitting.fit_mesh` fits it after the import.
    """
    parts = [part for mesh in geometry.parts.values() for part in mesh]
    if not _is_alone(geometry) or not all("NORMAL" in part.attributes for part in parts):
        return None
    positions, normals = ({part.attributes[name] for part in parts} for name in ("POSITION", "NORMAL"))
    if positions & normals:
        return None
    low, high = _box(geometry.lists[index] for index in positions)
    if not (np.isfinite(low).all() and np.isfinite(high).all() and (high - low).any()):
        return None
    move = plan(low, high)
    if not is_uneven(move.linear) or np.linalg.det(move.linear) < 0.0:
        return None
    linear, around, shift = _TO_GLTF @ move.linear @ _TO_BLENDER, _TO_GLTF @ move.around, _TO_GLTF @ move.shift
    inverse = np.linalg.inv(linear).astype(np.float32)
    lists = dict(geometry.lists)
    for index in positions:
        points = times(lists[index].astype(np.float64) - around, linear.T) + shift
        lists[index] = points.astype(np.float32)
    for index in normals:
        lists[index] = transformed_normals(lists[index], inverse)
    return replace(geometry, lists=lists), move


def _is_alone(geometry: PlainGeometry) -> bool:
    """Whether there is one mesh, which is not moved from the origin."""
    nodes = geometry.document["nodes"]
    moved = any(node.get(name, neutral) != neutral for node in nodes for name, neutral in _NEUTRAL.items())
    return sum("mesh" in node for node in nodes) == 1 and not moved and not geometry.document.get("extensionsRequired")


def _box(positions: Iterable[Rows]) -> tuple[Array, Array]:
    """The lowest and the highest corner in Blender's axes."""
    corners = [[pick(rows[:, axis]) for axis in range(3)] for rows in positions for pick in (np.min, np.max)]
    points = np.array(corners, dtype=np.float64) @ _TO_BLENDER.T
    return points.min(axis=0), points.max(axis=0)
