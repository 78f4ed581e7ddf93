# SPDX-License-Identifier: GPL-3.0-or-later
"""Small GLB files, written by hand so that their parts can be spoiled one by one."""

from __future__ import annotations

import json
import struct
from typing import Any

POSITIONS = [(x, y, z) for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)]
TRIANGLES = [
    (0, 1, 3), (0, 3, 2), (4, 6, 7), (4, 7, 5), (0, 4, 5), (0, 5, 1),
    (2, 3, 7), (2, 7, 6), (0, 2, 6), (0, 6, 4), (1, 5, 7), (1, 7, 3),
]  # fmt: skip


def box_document() -> dict[str, Any]:
    """The JSON of a unit box."""
    return {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": "Box"}],
        "meshes": [{"name": "Box", "primitives": [{"attributes": {"POSITION": 0}, "indices": 1}]}],
        "buffers": [{"byteLength": len(box_binary())}],
        "bufferViews": [
            {"buffer": 0, "byteOffset": 0, "byteLength": 96},
            {"buffer": 0, "byteOffset": 96, "byteLength": 72},
        ],
        "accessors": [
            {
                "bufferView": 0, "componentType": 5126, "count": 8, "type": "VEC3",
                "min": [-0.5, -0.5, -0.5], "max": [0.5, 0.5, 0.5],
            },
            {"bufferView": 1, "componentType": 5123, "count": 36, "type": "SCALAR"},
        ],
    }  # fmt: skip


def box_binary() -> bytes:
    """The binary part of a unit box."""
    corners = b"".join(struct.pack("<3f", *corner) for corner in POSITIONS)
    return corners + b"".join(struct.pack("<3H", *triangle) for triangle in TRIANGLES)


def glb(document: Any = None, binary: bytes | None = None) -> bytes:
    """A GLB of these parts, a unit box where they are left out."""
    text = json.dumps(box_document() if document is None else document).encode()
    text += b" " * (-len(text) % 4)
    data = box_binary() if binary is None else binary
    data += b"\0" * (-len(data) % 4)
    chunks = struct.pack("<II", len(text), 0x4E4F534A) + text + struct.pack("<II", len(data), 0x004E4942) + data
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks
