# SPDX-License-Identifier: GPL-3.0-or-later
"""The positions that a glTF holds, looked at in the file: Blender's importer makes zeros of what is no number."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...core.errors import BadMesh
from ...core.files.mesh_file import file_beside
from .still_gltf import json_of

_FLOAT = 5126
_ROW_BYTES = 12


def check_positions(path: Path) -> None:
    """Raises :class:`BadMesh` where the GLB or .gltf at *path*, which was checked, has a position that is no number.

    Positions that are compressed or sparse are not looked at.
    """
    data = path.read_bytes()
    document: dict[str, Any]
    if data.startswith(b"glTF"):
        document, json_end = json_of(data)
        binary = memoryview(data)[json_end + 8 :]
    else:
        document, binary = json.loads(data.decode("utf-8-sig")), memoryview(b"")
    for index in _positions(document):
        accessor = document["accessors"][index]
        if accessor["componentType"] != _FLOAT or accessor["type"] != "VEC3" or "bufferView" not in accessor:
            continue
        view = document["bufferViews"][accessor["bufferView"]]
        if "extensions" in view:
            continue
        buffer = _buffer(document["buffers"][view["buffer"]], binary, path.parent)
        start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
        strides = (view.get("byteStride", _ROW_BYTES), 4)
        if len(buffer) < start + strides[0] * (accessor["count"] - 1) + _ROW_BYTES:
            continue  # the importer says what is wrong
        rows = np.ndarray((accessor["count"], 3), "<f4", buffer, start, strides)
        if not np.isfinite(rows).all():
            raise BadMesh("The mesh has coordinates that are not numbers.")


def _positions(document: Mapping[str, Any]) -> set[int]:
    return {
        part["attributes"]["POSITION"]
        for mesh in document.get("meshes", [])
        for part in mesh["primitives"]
        if "POSITION" in part["attributes"] and "extensions" not in part
    }


def _buffer(buffer: Mapping[str, Any], binary: memoryview, folder: Path) -> memoryview:
    uri = buffer.get("uri")
    if uri is None:
        return binary
    if uri.startswith("data:"):
        return memoryview(base64.b64decode(uri.partition(",")[2]))
    return memoryview(file_beside(folder, uri).read_bytes())
