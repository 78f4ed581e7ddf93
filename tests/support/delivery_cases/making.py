# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts for the files of the table: the letter F as a GLB with changes, pictures, other frames."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
from fit_glbs import Glb, letter

Change = Callable[[Glb], Any]
HALF = 2.0**-0.5


def letter_glb(*changes: Change, points: Any = None, faces: Any = None, **node: Any) -> Glb:
    """The letter, or other *points* and *faces*, in one node, changed by each of *changes*."""
    own_points, own_faces = letter()
    glb = Glb()
    mesh = glb.mesh(own_points if points is None else points, own_faces if faces is None else faces)
    glb.node(mesh=mesh, **node)
    for change in changes:
        change(glb)
    return glb


def changed(*changes: Change, **node: Any) -> Callable[[], bytes]:
    """What makes the bytes of :func:`letter_glb`."""
    return lambda: letter_glb(*changes, **node).bytes()


def part(glb: Glb, mesh: int = 0) -> dict[str, Any]:
    """The first primitive of a mesh."""
    found: dict[str, Any] = glb.document["meshes"][mesh]["primitives"][0]
    return found


def put(**entries: Any) -> Change:
    """Give the document these entries."""

    def change(glb: Glb) -> None:
        glb.document.update(entries)

    return change


def second(*, root: bool = True, **node: Any) -> Change:
    """A second node with the letter, five to the right."""
    return lambda glb: glb.node(root=root, mesh=0, **{"translation": [5.0, 0.0, 0.0], **node})


def material(**properties: Any) -> Change:
    """Give the letter a material."""

    def change(glb: Glb) -> None:
        glb.document.setdefault("materials", []).append(properties)
        part(glb)["material"] = len(glb.document["materials"]) - 1

    return change


def uvs(values: Any = None, component: int = 5126, **entry: Any) -> Change:
    """Give the letter UVs."""

    def change(glb: Glb) -> None:
        found = letter()[0][:, :2] + 0.5 if values is None else values
        part(glb)["attributes"]["TEXCOORD_0"] = index = glb.accessor(found, "VEC2", component)
        glb.document["accessors"][index].update(entry)

    return change


def textured(image: dict[str, Any], **texture: Any) -> Change:
    """Give the letter UVs and a base color from a picture."""

    def change(glb: Glb) -> None:
        uvs()(glb)
        glb.document.update(images=[image], textures=[{"source": 0, **texture}])
        material(pbrMetallicRoughness={"baseColorTexture": {"index": 0}})(glb)

    return change


def in_view(glb: Glb, data: bytes) -> int:
    """The index of a bufferView that holds *data*."""
    glb.binary += b"\0" * (-len(glb.binary) % 4)
    views = glb.document.setdefault("bufferViews", [])
    views.append({"buffer": 0, "byteOffset": len(glb.binary), "byteLength": len(data)})
    glb.binary += data
    return len(views) - 1


def png(color: tuple[int, ...] = (200, 100, 50)) -> bytes:
    """A picture of one pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2 if len(color) == 3 else 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" + bytes(color)))
        + chunk(b"IEND", b"")
    )


def data_uri(data: bytes, kind: str = "application/octet-stream") -> str:
    """*data* as an address."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


WEBP = base64.b64decode("UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA")
"""A WebP picture of one pixel."""


def framed(text: bytes, binary: bytes | None, *, pad: bytes = b" ", version: int = 2, more: bytes = b"") -> bytes:
    """A GLB of these parts; *more* stands behind them inside the file."""
    text += pad * (-len(text) % 4)
    body = struct.pack("<II", len(text), 0x4E4F534A) + text
    if binary is not None:
        binary += b"\0" * (-len(binary) % 4)
        body += struct.pack("<II", len(binary), 0x004E4942) + binary
    body += more
    return struct.pack("<4sII", b"glTF", version, 12 + len(body)) + body


def parts_of(glb: Glb) -> tuple[dict[str, Any], bytes]:
    """The document and the binary data."""
    glb.bytes()
    return glb.document, bytes(glb.binary)


def as_json(glb: Glb, **entries: Any) -> bytes:
    """The glTF as JSON with its data in a URI."""
    document, binary = parts_of(glb)
    buffers = [{"byteLength": len(binary), "uri": data_uri(binary)}]
    return json.dumps({**document, "buffers": buffers, **entries}).encode()


def with_vertex(place: Any, vertex: int = 3) -> np.ndarray:
    """The letter's points with one somewhere else."""
    points = letter()[0].copy()
    points[vertex] = place
    return points
