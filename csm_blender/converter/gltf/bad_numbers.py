# SPDX-License-Identifier: GPL-3.0-or-later
"""What in a GLB is no number: the faces at such vertices are taken out before the import, such UVs are counted.

Blender's importer has such a vertex checked away, which puts it to the origin: a spike that nothing tells of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.errors import BadMesh
from ...core.gltf.document import Document

Rows = NDArray[np.float32]
Indices = NDArray[np.uint32]
_FLOAT, _UNSIGNED_INT = 5126, 5125
_INDEX_TYPES = {5121: np.uint8, 5123: np.uint16, 5125: np.uint32}
_TRIANGLES, _STRIP = 4, 5


def leave_out_bad_vertices(document: Document, path: Path, start: int) -> tuple[int, bytes]:
    """Give *document* new lists of triangles without those at vertices that are no numbers.

    The binary data of the GLB at *path* begins at *start*. Gives how many vertices that are, and what has to be put at
    the end of the data. Raises :class:`BadMesh` where no face is left.
    """
    data = _Data(document, path, start)
    counts: dict[int, int] = {}
    kept: list[tuple[Document, Indices]] = []
    emptied: list[Document] = []
    for part in _parts(document):
        bad = _bad_vertices(data, part)
        if bad is not None:
            counts[part["attributes"]["POSITION"]] = int(bad.sum())
            triangles = _triangles(part, _corners(data, part, len(bad)))
            triangles = triangles[~bad[triangles].any(axis=1)]
            if len(triangles):
                kept.append((part, triangles))
            else:
                emptied.append(part)
    if not counts:
        return 0, b""
    _take_out(document, emptied)
    if not any(True for _part in _parts(document)):
        raise BadMesh("The mesh has coordinates that are not numbers.")
    buffer = document["buffers"][0]
    end = buffer["byteLength"] + -buffer["byteLength"] % 4
    more = b""
    for part, triangles in kept:
        rows = np.ascontiguousarray(triangles, dtype="<u4").tobytes()
        document["bufferViews"].append({"buffer": 0, "byteOffset": end + len(more), "byteLength": len(rows)})
        view = len(document["bufferViews"]) - 1
        accessor = {"bufferView": view, "componentType": _UNSIGNED_INT, "count": triangles.size, "type": "SCALAR"}
        document["accessors"].append(accessor)
        part |= {"indices": len(document["accessors"]) - 1, "mode": _TRIANGLES}
        more += rows
    buffer["byteLength"] = end + len(more)
    return sum(counts.values()), more


def count_bad_uvs(document: Document, path: Path, start: int) -> int:
    """How many UVs are no numbers; some importers make zeros of them, and then nothing tells of it."""
    data = _Data(document, path, start)
    names = ("TEXCOORD_0", "TEXCOORD_1")
    lists = {part["attributes"][name] for part in _parts(document) for name in names if name in part["attributes"]}
    return sum(int((~_finite(data, index, 2)).sum()) for index in lists)


def _finite(data: _Data, index: int, width: int) -> NDArray[np.bool_]:
    """Which rows of an accessor of plain floats are numbers; an empty list for any other accessor."""
    accessor = data.document["accessors"][index]
    rows = None
    if (accessor["componentType"], accessor["type"]) == (_FLOAT, f"VEC{width}"):
        rows = data.rows(accessor, np.dtype("<f4"), width)
    with np.errstate(invalid="ignore"):  # one sum tells of all of them, without a list as long
        if rows is None or bool(np.isfinite(rows.sum(dtype=np.float64))):
            return np.ones(0, dtype=np.bool_)
    finite: NDArray[np.bool_] = np.isfinite(rows).all(axis=1)
    return finite


@dataclass(frozen=True)
class _Data:
    """The binary data of a GLB: it begins at *start* in the file at *path*."""

    document: Document
    path: Path
    start: int

    def rows(self, accessor: Mapping[str, Any], kind: np.dtype[Any], width: int) -> NDArray[Any] | None:
        """The values of *accessor*, (n, width); ``None`` where they are not plainly there."""
        if "bufferView" not in accessor or "sparse" in accessor:
            return None
        view = self.document["bufferViews"][accessor["bufferView"]]
        row_bytes = kind.itemsize * width
        stride = view.get("byteStride", row_bytes)
        elsewhere = view["buffer"] != 0 or "uri" in self.document["buffers"][0]
        if elsewhere or view.get("extensions") or stride < row_bytes:
            return None
        offset = self.start + view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
        length = stride * (accessor["count"] - 1) + row_bytes
        if offset + length > self.path.stat().st_size:
            return None
        data = np.memmap(self.path, np.uint8, "r", offset, (length,))
        return np.ndarray((accessor["count"], width), kind, data, strides=(stride, kind.itemsize))


def _parts(document: Document) -> Iterator[Document]:
    """The primitives of faces that a node shows."""
    for mesh in {node["mesh"] for node in document["nodes"] if "mesh" in node}:
        for part in document["meshes"][mesh]["primitives"]:
            if part.get("mode", _TRIANGLES) >= _TRIANGLES:
                yield part


def _take_out(document: Document, parts: list[Document]) -> None:
    for mesh in document["meshes"]:
        mesh["primitives"] = [part for part in mesh["primitives"] if not any(part is each for each in parts)]
    for node in document["nodes"]:
        if "mesh" in node and not document["meshes"][node["mesh"]]["primitives"]:
            del node["mesh"]


def _bad_vertices(data: _Data, part: Mapping[str, Any]) -> NDArray[np.bool_] | None:
    """Which vertices (n,) of *part* are at no place; ``None`` where all are, or where they are not plain floats."""
    finite = _finite(data, part["attributes"]["POSITION"], 3)
    return None if finite.all() or part.get("extensions") else ~finite


def _corners(data: _Data, part: Mapping[str, Any], vertices: int) -> Indices:
    """The indices of *part*, which has so many *vertices*; without a list of them each vertex once."""
    if "indices" not in part:
        return np.arange(vertices, dtype=np.uint32)
    accessor = data.document["accessors"][part["indices"]]
    rows = data.rows(accessor, np.dtype(_INDEX_TYPES[accessor["componentType"]]).newbyteorder("<"), 1)
    if rows is None or rows.max(initial=0) >= vertices:
        raise BadMesh("The mesh has coordinates that are not numbers.")
    return rows.ravel().astype(np.uint32)


def _triangles(part: Mapping[str, Any], corners: Indices) -> Indices:
    """The triangles (n, 3) of a list, a strip or a fan."""
    mode = part.get("mode", _TRIANGLES)
    if mode == _TRIANGLES:
        return corners[: len(corners) // 3 * 3].reshape(-1, 3)
    if mode == _STRIP:
        triangles = np.stack([corners[:-2], corners[1:-1], corners[2:]], axis=1)
        triangles[1::2, :2] = triangles[1::2, 1::-1]
        return triangles
    return np.stack([np.full_like(corners[2:], corners[0]), corners[1:-1], corners[2:]], axis=1)
