# SPDX-License-Identifier: GPL-3.0-or-later
"""The geometry of a plain GLB as arrays that are read straight from its binary data, without Blender's importer.

Plain is what nearly every generator writes: lists of triangles with positions, normals, UVs and colors. Where one thing
in the file is anything else (rigs, poses, compression, sparse lists, points, an exporter's own attributes), the whole
file is left to the importer. Which lists the importer reads and how it decodes them: ``do_primitives`` in
``io_scene_gltf2/blender/imp/mesh.py`` and ``decode_accessor_obj`` in ``io_scene_gltf2/io/imp/gltf2_io_binary.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.gltf.document import Document, read_document
from ...core.gltf.edits import INCONSISTENT

Rows = NDArray[np.float32]
_TRIANGLES = 4
_MAX_SETS = 8
"""So many UV maps and so many colors the importer reads."""
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}
_TYPES = {"POSITION": ("VEC3",), "NORMAL": ("VEC3",), "TEXCOORD": ("VEC2",), "COLOR": ("VEC3", "VEC4")}
_NUMBERS = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5126: "<f4"}
_INDICES = {5121: "<u1", 5123: "<u2", 5125: "<u4"}
_LARGEST = {5120: 127.0, 5121: 255.0, 5122: 32767.0, 5123: 65535.0}
"""What stands for 1 in a normalized list."""
_INSTANCES = "EXT_mesh_gpu_instancing"


class _NotPlain(Exception):
    """Something in the file is not as it mostly is."""


@dataclass(frozen=True)
class PlainPart:
    """A primitive: for each of its attributes the number of the list in :attr:`PlainGeometry.lists`.

    ``corners`` (3 n,) are the vertices of its triangles; ``None`` where each vertex is one corner.
    """

    attributes: Mapping[str, int]
    corners: NDArray[Any] | None


@dataclass(frozen=True)
class PlainGeometry:
    """The *document* of a GLB, its binary *data*, and the parts of each mesh that is shown.

    ``lists`` holds the rows of each accessor as the importer decodes it, in glTF's axes; they may be replaced.
    """

    document: Document
    data: NDArray[np.uint8]
    parts: Mapping[int, tuple[PlainPart, ...]]
    lists: dict[int, Rows]


def read_plain_geometry(path: Path) -> PlainGeometry | None:
    """The geometry of the GLB at *path*, which was prepared; ``None`` where something in it is not plain."""
    try:
        document, json_end = read_document(path)
        with path.open("rb") as file:  # not mapped into memory: Windows could not delete it then
            file.seek(json_end)
            length = int.from_bytes(file.read(4), "little")
            data = np.fromfile(path, np.uint8, length, offset=json_end + 8)
        return _Reader(document, data).geometry()
    except (_NotPlain, *INCONSISTENT):
        return None


class _Reader:
    """Reads each list of a GLB once, and raises :class:`_NotPlain` or one of ``INCONSISTENT`` where it cannot."""

    def __init__(self, document: Document, data: NDArray[np.uint8]) -> None:
        self._document, self._data = document, data
        self._lists: dict[int, Rows] = {}

    def geometry(self) -> PlainGeometry:
        document, nodes = self._document, self._document["nodes"]
        _require(not any(map(document.get, ("animations", "skins"))))
        _require(not any("skin" in node or _INSTANCES in node.get("extensions", {}) for node in nodes))
        _require(len(document["buffers"]) == 1 and "uri" not in document["buffers"][0])
        meshes = {node["mesh"] for node in nodes if "mesh" in node}
        _require(all(type(mesh) is int and mesh >= 0 for mesh in meshes))
        parts = {mesh: tuple(self._parts(document["meshes"][mesh])) for mesh in sorted(meshes)}
        for picture in document.get("images", []):
            _require(isinstance(picture, dict))
            if "bufferView" in picture:
                self._view(picture["bufferView"])
        return PlainGeometry(document, self._data, parts, self._lists)

    def _parts(self, mesh: Document) -> Iterator[PlainPart]:
        _require(isinstance(mesh.get("extras", {}), dict) and not mesh.get("extensions") and not mesh.get("weights"))
        _require(bool(mesh["primitives"]))
        for part in mesh["primitives"]:
            _require(
                part.get("mode", _TRIANGLES) == _TRIANGLES and not part.get("targets") and not part.get("extensions")
            )
            attributes = dict(_imported(part["attributes"]))
            vertices = {name: len(self._list(name, index)) for name, index in attributes.items()}
            count = vertices["POSITION"]
            _require(set(vertices.values()) == {count})
            yield PlainPart(attributes, self._corners(part, count))

    def _corners(self, part: Document, vertices: int) -> NDArray[Any] | None:
        if "indices" not in part:
            _require(vertices % 3 == 0)
            return None
        corners = self._rows(part["indices"], ("SCALAR",), _INDICES)[0].ravel()
        _require(len(corners) % 3 == 0 and int(corners.max()) < vertices)
        return corners

    def _list(self, name: str, index: int) -> Rows:
        """The rows of an attribute, as :class:`PlainGeometry` holds them."""
        types = _TYPES[name.partition("_")[0]]
        if index not in self._lists:
            rows, accessor = self._rows(index, types, _NUMBERS)
            normalized, kind = accessor.get("normalized", False), accessor["componentType"]
            _require(normalized in (True, False))
            if normalized and kind in _LARGEST:
                rows = rows / _LARGEST[kind]
                if kind in (5120, 5122):  # signed
                    rows = np.maximum(-1.0, rows)
            self._lists[index] = rows.astype(np.float32, copy=False)
        _require(self._document["accessors"][index]["type"] in types)
        return self._lists[index]

    def _rows(self, index: Any, types: tuple[str, ...], kinds: Mapping[int, str]) -> tuple[NDArray[Any], Document]:
        """An accessor's numbers (n, width) as they lie in the file, and the accessor."""
        _require(type(index) is int and index >= 0)
        accessor = self._document["accessors"][index]
        _require("sparse" not in accessor and accessor["type"] in types and not accessor.get("extensions"))
        view, first, length = self._view(accessor["bufferView"])
        number, width = np.dtype(kinds[accessor["componentType"]]), _WIDTHS[accessor["type"]]
        count, inner = _whole(accessor["count"]), _whole(accessor.get("byteOffset", 0))
        stride = _whole(view.get("byteStride", 0)) or number.itemsize * width
        used = stride * (count - 1) + number.itemsize * width
        _require(count > 0 and inner >= 0 and stride > 0 and stride % number.itemsize == 0 and inner + used <= length)
        start = first + inner
        rows = np.ndarray((count, width), number, self._data[start : start + used], strides=(stride, number.itemsize))
        return rows, accessor

    def _view(self, index: Any) -> tuple[Document, int, int]:
        """A bufferView, where it begins in the binary data, and how many bytes it has."""
        _require(type(index) is int and index >= 0)
        view = self._document["bufferViews"][index]
        first, length = _whole(view.get("byteOffset", 0)), _whole(view["byteLength"])
        _require(view["buffer"] == 0 and not view.get("extensions"))
        _require(first >= 0 and length >= 0 and first + length <= len(self._data))
        return view, first, length


def _imported(attributes: Document) -> Iterator[tuple[str, int]]:
    """The attributes that the importer reads. It makes sets from 0 on without gaps, of the part that has most."""
    for name, index in attributes.items():
        kind, _, number = name.partition("_")
        _require(not name.startswith(("_", "KHR_")))
        if kind in ("TEXCOORD", "COLOR"):
            _require(number in map(str, range(_MAX_SETS)))
            yield name, index
        elif name in ("POSITION", "NORMAL"):
            yield name, index


def sets_of(parts: tuple[PlainPart, ...], kind: str) -> int:
    """How many sets of TEXCOORD or COLOR, the *kind*, the importer makes of a mesh."""
    most = 0
    for part in parts:
        own = 0
        while f"{kind}_{own}" in part.attributes:
            own += 1
        most = max(most, own)
    return most


def _whole(value: Any) -> int:
    """A whole number, which may be written as 3.0 in JSON."""
    number = int(value)
    _require(number == value)
    return number


def _require(plain: object) -> None:
    if not plain:
        raise _NotPlain
