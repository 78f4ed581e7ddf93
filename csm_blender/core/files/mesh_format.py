# SPDX-License-Identifier: GPL-3.0-or-later
"""Which format a mesh file is in, by its content: names lie, and delivered files have none."""

from __future__ import annotations

import re
import struct
from enum import StrEnum
from pathlib import Path

from ..errors import BadMesh
from ..messages import Message
from ..sources import MESH_SUFFIXES


class MeshFormat(StrEnum):
    """The formats that can be read. ``USD`` is .usda or .usdc, ``ZIP`` and ``GZIP`` hold one of the others."""

    GLB = "glb"
    GLTF = "gltf"
    OBJ = "obj"
    FBX = "fbx"
    STL = "stl"
    PLY = "ply"
    USD = "usd"
    USDZ = "usdz"
    ZIP = "zip"
    GZIP = "gzip"


_HEAD_BYTES = 65536
_STL_HEADER, _STL_TRIANGLE = 84, 50
_MAGIC = (
    (b"glTF", MeshFormat.GLB),
    (b"PXR-USDC", MeshFormat.USD),
    (b"#usda", MeshFormat.USD),
    (b"Kaydara FBX Binary", MeshFormat.FBX),
    (b"\x1f\x8b", MeshFormat.GZIP),
    (b"ply\n", MeshFormat.PLY),
    (b"ply\r", MeshFormat.PLY),
)
_OBJ_WORDS = {b"v", b"vn", b"vt", b"mtllib", b"o", b"g", b"usemtl"}
_OTHERS = (
    (b"BLENDER", Message("a .blend file")),
    (b"\x28\xb5\x2f\xfd", Message("a compressed .blend file")),
    (b"\x89PNG", Message("a picture")),
    (b"\xff\xd8\xff", Message("a picture")),
    (b"%PDF", Message("a PDF")),
    (b"Rar!", Message("a RAR archive")),
    (b"7z\xbc\xaf", Message("a 7z archive")),
)


def find_format(path: Path) -> MeshFormat:
    """The format of the file at *path*. Raises :class:`BadMesh` for any other, and ``OSError``."""
    length = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        raise BadMesh("The file is empty.")
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head.startswith(b"PK"):
        return MeshFormat.USDZ if _is_usdz(head) else MeshFormat.ZIP
    for magic, words in _OTHERS:
        if head.startswith(magic):
            raise BadMesh("The file is {kind}, not a mesh that can be read.", kind=words)
    found = _stl_or_text(head, length)
    if found is None:
        raise BadMesh("The file is in none of the formats that can be read: {names}.", names=MESH_SUFFIXES)
    return found


def _is_usdz(head: bytes) -> bool:
    """A usdz begins with a USD layer that is not compressed; its name stands after 30 bytes."""
    if len(head) < 30:  # noqa: PLR2004 - the fixed part of an entry's header
        return False
    method, name_bytes = struct.unpack_from("<H", head, 8)[0], struct.unpack_from("<H", head, 26)[0]
    name = head[30 : 30 + name_bytes].lower()
    return method == 0 and name.endswith((b".usd", b".usda", b".usdc"))


def _stl_or_text(head: bytes, length: int) -> MeshFormat | None:
    """The formats without a mark of their own. A binary STL says how many triangles of 50 bytes follow."""
    if len(head) >= _STL_HEADER:
        triangles = int.from_bytes(head[80:84], "little")
        if length == _STL_HEADER + _STL_TRIANGLE * triangles and triangles:
            return MeshFormat.STL
    if b"\x00" in head:
        return None
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"{"):
        return _json_format(text)
    if text.startswith(b"<"):
        raise BadMesh("The file is a web page or XML, not a mesh that can be read.")
    if re.match(rb"solid\b", text) and re.search(rb"\bfacet\b|\bendsolid\b", text):
        return MeshFormat.STL
    lines = text.splitlines()
    if text.startswith(b"; FBX") or any(line.startswith(b"FBXHeaderExtension") for line in lines):
        return MeshFormat.FBX
    words = {line.split(None, 1)[0] for line in lines if line.strip()}
    return MeshFormat.OBJ if words & _OBJ_WORDS else None


def _json_format(text: bytes) -> MeshFormat:
    """A glTF is told by the names of its parts; its ``asset`` may stand behind megabytes of data."""
    if any(b'"%s"' % name in text for name in _GLTF_PARTS) or _FIRST_PART.match(text):
        return MeshFormat.GLTF
    raise BadMesh("The file is JSON or a message, and no glTF.")


_GLTF_PARTS = (b"asset", b"accessors", b"bufferViews", b"buffers")
_FIRST_PART = re.compile(
    rb'\{\s*"(animations|cameras|extensions(Used|Required)?|extras|images|materials|meshes|nodes|samplers|scenes?|skins|'
    rb'textures)"\s*:'
)
