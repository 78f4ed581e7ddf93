# SPDX-License-Identifier: GPL-3.0-or-later
"""Fit a plain GLB by moving its vertices before it is imported.

Stored normals have to be transformed too when a mesh is scaled unevenly (see :mod:`.mesh.transform_mesh`). Blender
needs a second for those of a million triangles, on top of the same second in its importer. In the file they are plain
numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.gltf.document import read_document
from .fitting import Move
from .mesh.transform_mesh import Array, is_uneven, transformed_normals

Rows = NDArray[np.float32]
_NEUTRAL = {
    "matrix": [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1],
    "translation": [0, 0, 0],
    "rotation": [0, 0, 0, 1],
    "scale": [1, 1, 1],
}
_TO_BLENDER: Array = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
"""From glTF's axes, y up, to Blender's, z up; the way back is its transpose."""
_TO_GLTF: Array = _TO_BLENDER.T
_FLOAT, _TRIANGLES = 5126, 4
_ROW_BYTES = 12


def fit_file(path: Path, fitted: Path, plan: Callable[[Array, Array], Move]) -> Move | None:
    """Write the GLB at *path*, which was prepared, to *fitted* with its vertices where *plan* wants them.

    *plan* is given the lowest and the highest corner in Blender's axes. ``None``, and no file, where it would not save
    time or where the file is not as plain as most are; then :func:`.fitting.fit_mesh` fits it after the import.
    """
    data = bytearray(path.stat().st_size)
    with path.open("rb") as file:
        file.readinto(data)
    document, json_end = read_document(path)
    is_plain = _is_plain(document)
    positions, normals = (
        _vertices(document, name, data, json_end + 8) if is_plain else [] for name in ("POSITION", "NORMAL")
    )
    if not (positions and normals):
        return None
    low, high = _box(positions)
    if not (np.isfinite(low).all() and np.isfinite(high).all() and (high - low).any()):
        return None
    move = plan(low, high)
    if not is_uneven(move.linear) or np.linalg.det(move.linear) < 0.0:
        return None
    linear, around, shift = _TO_GLTF @ move.linear @ _TO_BLENDER, _TO_GLTF @ move.around, _TO_GLTF @ move.shift
    for points in positions:
        points[:] = (points.astype(np.float64) - around) @ linear.T + shift
    inverse = np.linalg.inv(linear).astype(np.float32)
    for directions in normals:
        directions[:] = transformed_normals(directions, inverse)
    fitted.write_bytes(data)
    return move


def _is_plain(document: Mapping[str, Any]) -> bool:
    """One mesh of triangles that is not moved from the origin, not compressed."""
    nodes = document["nodes"]
    meshes = [node["mesh"] for node in nodes if "mesh" in node]
    moved = any(node.get(name, neutral) != neutral for node in nodes for name, neutral in _NEUTRAL.items())
    if len(meshes) != 1 or moved or any(map(document.get, ("animations", "skins", "extensionsRequired"))):
        return False
    return all(
        part.get("mode", _TRIANGLES) == _TRIANGLES
        and {"POSITION", "NORMAL"} <= part["attributes"].keys()
        and not part.get("targets")
        and not part.get("extensions")
        for part in document["meshes"][meshes[0]]["primitives"]
    )


def _vertices(document: Mapping[str, Any], name: str, data: bytearray, start: int) -> list[Rows]:
    """The attribute *name* of all primitives, (n, 3) each, as views of the file's *data*; empty if any is not plain."""
    (mesh,) = (node["mesh"] for node in document["nodes"] if "mesh" in node)
    accessors = {part["attributes"][name] for part in document["meshes"][mesh]["primitives"]}
    found = [_rows(document, index, data, start) for index in accessors]
    plain = [rows for rows in found if rows is not None]
    return plain if len(plain) == len(found) else []


def _rows(document: Mapping[str, Any], index: int, data: bytearray, start: int) -> Rows | None:
    """An accessor of three floats each as a view of *data*; ``None`` where it is anything else, or shares its bytes."""
    accessor = document["accessors"][index]
    if (accessor["componentType"], accessor["type"]) != (_FLOAT, "VEC3") or "sparse" in accessor:
        return None
    view = document["bufferViews"][accessor["bufferView"]] if "bufferView" in accessor else {"buffer": 1}
    sharing = [each for each in document["accessors"] if each.get("bufferView") == accessor.get("bufferView")]
    if (
        view["buffer"] != 0
        or "uri" in document["buffers"][0]
        or view.get("byteStride", _ROW_BYTES) != _ROW_BYTES
        or len(sharing) > 1
    ):
        return None
    # Whole numbers may be written as 3.0 in JSON.
    offset = start + int(view.get("byteOffset", 0)) + int(accessor.get("byteOffset", 0))
    return np.frombuffer(data, "<f4", int(accessor["count"]) * 3, offset).reshape(-1, 3)


def _box(positions: list[Rows]) -> tuple[Array, Array]:
    """The lowest and the highest corner in Blender's axes."""
    corners = [[pick(rows[:, axis]) for axis in range(3)] for rows in positions for pick in (np.min, np.max)]
    points = np.array(corners, dtype=np.float64) @ _TO_BLENDER.T
    return points.min(axis=0), points.max(axis=0)
