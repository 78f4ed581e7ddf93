# SPDX-License-Identifier: GPL-3.0-or-later
"""A GLB or .gltf without its animations."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ...core.files.mesh_file import file_beside


def write_without_animation(path: Path, still: Path) -> None:
    """Write the GLB or .gltf at *path*, which was checked, to *still* without its animations.

    Importers pose what is animated at its first frame, and the rest pose is wanted. The files beside a .gltf are named
    by their whole paths then.
    """
    data = path.read_bytes()
    if not data.startswith(b"glTF"):
        document = json.loads(data.decode("utf-8-sig"))
        document.pop("animations", None)
        for part in (*document.get("buffers", []), *document.get("images", [])):
            if not str(part.get("uri", "data:")).startswith("data:"):
                part["uri"] = quote(str(file_beside(path.parent, part["uri"]).absolute()))
        still.write_text(json.dumps(document), encoding="utf-8")
        return
    document, json_end = json_of(data)
    document.pop("animations", None)
    text = json.dumps(document, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    length = 20 + len(text) + len(data) - json_end
    still.write_bytes(struct.pack("<4sIII4s", b"glTF", 2, length, len(text), b"JSON") + text + data[json_end:])


def json_of(data: bytes | bytearray) -> tuple[dict[str, Any], int]:
    """The JSON of a GLB that was checked, and where its chunk ends."""
    json_end = 20 + int.from_bytes(data[12:16], "little")
    return json.loads(data[20:json_end]), json_end
