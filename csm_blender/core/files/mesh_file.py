# SPDX-License-Identifier: GPL-3.0-or-later
"""Check a mesh file before it is imported: is it whole, is it self-contained, does it hold a mesh.

The layout of a GLB is glTF 2.0 §4.4: a 12-byte header, then chunks; the first one is JSON, the second one binary data.
No number of the file is used before it has been compared with the file's length.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from ..errors import ABOUT_DELIVERED, BadMesh
from ..gltf.document import is_data, plain_json
from ..gltf.edits import INCONSISTENT
from ..messages import Message

MAX_JSON_BYTES = 16 * 1024**2
MAX_ELEMENTS = 200_000_000
MAX_ELEMENTS_WITHOUT_DATA = 20_000_000
"""Of a list that the file describes without holding it: zeros, or what a compression extension unpacks."""
MAX_VERTICES = 100_000_000
MAX_NODES = 100_000
CUT = Message("Retry downloads it again and costs nothing.", code=ABOUT_DELIVERED)
"""Hint for a file that does not hold all that it announces: it may have been cut on its way."""
OTHER_EXPORT = Message(
    "Ask the service for a plain GLB that holds its data; the delivered file is kept in the job's folder.",
    code=ABOUT_DELIVERED,
)
EMPTY_GLB = Message("The service delivered an empty scene; refine again or ask its support.", code=ABOUT_DELIVERED)
"""Hint for a delivered file without a mesh."""
_JSON, _BIN = 0x4E4F534A, 0x004E4942
_COMPONENT_BYTES = {5120: 1, 5121: 1, 5122: 2, 5123: 2, 5125: 4, 5126: 4}
_COMPONENTS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}


@dataclass(frozen=True)
class GlbSummary:
    """What a checked GLB holds. ``extensions_required`` names the glTF extensions an importer must know."""

    animated: bool
    skinned: bool
    extensions_required: tuple[str, ...]


def looks_like_web_page(path: Path) -> bool:
    """Whether the file is HTML: a maintenance or login page that was sent instead of the mesh."""
    with path.open("rb") as file:
        start = file.read(1024).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<!doctype html", b"<html"))


def check_glb(path: Path) -> GlbSummary:
    """Check the structure of a GLB. Raises :class:`BadMesh` saying what is wrong; reads only the JSON chunk."""
    length = path.stat().st_size
    with path.open("rb") as file:
        document, binary_bytes = _read_chunks(file, length)
    try:
        return _summary(document, binary_bytes)
    except INCONSISTENT as error:
        raise BadMesh("The GLB is inconsistent: the parts of its JSON do not match.") from error


def count_triangles(path: Path) -> int:
    """How many triangles the GLB or .gltf at *path* announces, each mesh as often as it is used.

    Raises :class:`BadMesh` where it is damaged.
    """
    with path.open("rb") as file:
        is_glb = file.read(4) == b"glTF"
        file.seek(0)
        try:
            document = _read_chunks(file, path.stat().st_size)[0] if is_glb else json.load(file)
            accessors, found = document["accessors"], 0
            for index in _meshes_in_nodes(document):
                for primitive in document["meshes"][index]["primitives"]:
                    corners = primitive.get("indices", primitive["attributes"]["POSITION"])
                    found += int(accessors[_index(corners)]["count"]) // 3
        except INCONSISTENT as error:
            raise BadMesh("The GLB is inconsistent: the parts of its JSON do not match.") from error
    return found


def _read_chunks(file: BinaryIO, length: int) -> tuple[Mapping[str, Any], int]:
    """The JSON, and how many bytes the binary chunk holds."""
    json_bytes = _json_length(file, length)
    try:
        document = json.loads(plain_json(file.read(json_bytes)))
    except (ValueError, RecursionError) as error:
        raise BadMesh("The GLB's JSON part cannot be read.") from error
    if not isinstance(document, Mapping):
        raise BadMesh("The GLB's JSON part is not an object.")
    header = file.read(8) or bytes(8)
    if len(header) < 8:  # noqa: PLR2004 - chunk header
        raise BadMesh("The GLB is truncated inside a chunk header.", CUT)
    binary_bytes, kind = struct.unpack("<II", header)
    if kind != _BIN:
        return document, 0
    if binary_bytes > length - 28 - json_bytes:
        raise BadMesh("The GLB is truncated inside its binary part.", CUT)
    return document, binary_bytes


def _json_length(file: BinaryIO, length: int) -> int:
    """Read the header of the file and of its first chunk."""
    if length < 20:  # noqa: PLR2004 - header and the first chunk's header
        raise BadMesh("The GLB is truncated: it has no content.", CUT)
    magic, version, announced, json_bytes, kind = struct.unpack("<4sIIII", file.read(20))
    if magic != b"glTF":
        raise BadMesh("The delivered file is not a GLB.")
    if version != 2:  # noqa: PLR2004 - glTF 2.0
        raise BadMesh("The GLB has version {version}; only 2 is known.", version=version)
    if announced != length:
        raise BadMesh(
            "The GLB is truncated or padded: {length} bytes instead of the {announced} it announces.",
            CUT,
            length=length,
            announced=announced,
        )
    if kind != _JSON or json_bytes > length - 20:
        raise BadMesh("The GLB does not start with its JSON part.")
    if json_bytes > MAX_JSON_BYTES:
        raise BadMesh("The GLB's JSON part is far too large.")
    return int(json_bytes)


def _summary(document: Mapping[str, Any], binary_bytes: int) -> GlbSummary:
    if str(document["asset"]["version"]).split(".")[0] != "2":
        raise BadMesh("The file inside the GLB is not glTF 2.")
    buffers = _buffer_lengths(document, binary_bytes)
    views = [_checked_view(view, buffers) for view in document.get("bufferViews", [])]
    accessors = document.get("accessors", [])
    for accessor in accessors:
        _check_accessor(accessor, views)
    used = _meshes_in_nodes(document)
    vertices = 0
    for index in used:
        for primitive in document["meshes"][index]["primitives"]:
            vertices += int(accessors[_index(primitive["attributes"]["POSITION"])]["count"])
            if vertices > MAX_VERTICES:
                raise BadMesh("The GLB holds more vertices than can be handled.")
    if not used or not vertices:
        raise BadMesh("The GLB holds no mesh.", EMPTY_GLB)
    return GlbSummary(
        animated=bool(document.get("animations")),
        skinned=bool(document.get("skins")),
        extensions_required=tuple(str(name) for name in document.get("extensionsRequired", [])),
    )


def _buffer_lengths(document: Mapping[str, Any], binary_bytes: int) -> list[int]:
    buffers = document.get("buffers", [])
    for buffer in buffers:
        if not is_data(buffer.get("uri", "data:")):
            raise BadMesh("The GLB refers to files outside itself.", OTHER_EXPORT)
    lengths = [int(buffer["byteLength"]) for buffer in buffers]
    has_own_data = buffers and "uri" not in buffers[0]
    if has_own_data and "EXT_meshopt_compression" not in buffers[0].get("extensions", {}) and lengths[0] > binary_bytes:
        raise BadMesh("The GLB announces more data than it holds.")
    return lengths


def _checked_view(view: Mapping[str, Any], buffers: list[int]) -> int:
    offset, length = int(view.get("byteOffset", 0)), int(view["byteLength"])
    if offset < 0 or length < 0 or offset + length > buffers[_index(view["buffer"])]:
        raise BadMesh("The GLB points outside its own data.")
    return length


def _check_accessor(accessor: Mapping[str, Any], views: list[int]) -> None:
    count = int(accessor["count"])
    if not 0 < count <= MAX_ELEMENTS:
        raise BadMesh("The GLB announces {count} elements in one list.", count=count)
    element_bytes = _COMPONENT_BYTES[accessor["componentType"]] * _COMPONENTS[accessor["type"]]
    if "bufferView" in accessor:
        offset = int(accessor.get("byteOffset", 0))
        if offset < 0 or views[_index(accessor["bufferView"])] - offset < count * element_bytes:
            raise BadMesh("The GLB announces more elements than it holds data for.")
    elif count > MAX_ELEMENTS_WITHOUT_DATA:
        raise BadMesh("The GLB announces {count} elements that it does not hold.", count=count)


def _meshes_in_nodes(document: Mapping[str, Any]) -> list[int]:
    """Index of the mesh of every node that has one. Meshes that no node uses are not imported, so they do not count."""
    nodes = document.get("nodes", [])
    if len(nodes) > MAX_NODES:
        raise BadMesh("The GLB holds far too many objects.")
    found = [_index(node["mesh"]) for node in nodes if "mesh" in node]
    if found and max(found) >= len(document["meshes"]):
        raise BadMesh("The GLB refers to a mesh that it does not hold.")
    return found


def _index(value: Any) -> int:
    """*value* as an index into a list: Python would take a negative one from the end."""
    index = int(value)
    if index < 0:
        raise IndexError(index)
    return index
