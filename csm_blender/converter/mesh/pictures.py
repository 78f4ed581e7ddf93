# SPDX-License-Identifier: GPL-3.0-or-later
"""The sizes of pictures, without having Blender unpack the pixels of each: the longest step of a small conversion.

The checksums of a PNG tell that it is as it was written (RFC 2083). About all other pictures, and about a PNG in which
anything is odd, Blender is asked.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

import bpy

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 4: (8, 16), 6: (8, 16)}
"""Bits of a channel by the kind of colors: gray, RGB, gray and RGB with alpha. Palettes have more that may be wrong."""
_HEADER = struct.Struct(">IIBBBBB")
_MOST_PIXELS = 2**28
_FIRST_BYTES = 4096


def picture_size(image: bpy.types.Image) -> tuple[int, int]:
    """Width and height of *image* in pixels, 0 where Blender cannot read it."""
    packed: Any = image.packed_file
    whole = whole_png_size(packed.data) if packed is not None and image.source == "FILE" else None
    return whole or (image.size[0], image.size[1])


def whole_png_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of the PNG that *data* is; ``None`` where it is none, is damaged or is no usual one."""
    if not data.startswith(_SIGNATURE):
        return None
    view, start = memoryview(data), len(_SIGNATURE)
    kinds: list[bytes] = []
    header = pixels = b""
    while start + 12 <= len(data) and kinds[-1:] != [b"IEND"]:
        length = int.from_bytes(view[start : start + 4], "big")
        kind, end = bytes(view[start + 4 : start + 8]), start + 8 + length
        if view[end : end + 4] != zlib.crc32(view[start + 4 : end]).to_bytes(4, "big"):
            return None
        if kind == b"IHDR":
            header = bytes(view[start + 8 : end])
        elif kind == b"IDAT" and len(pixels) < _FIRST_BYTES:
            pixels += view[start + 8 : min(end, start + 8 + _FIRST_BYTES)]
        kinds.append(kind)
        start = end + 4
    in_order = kinds[:1] == [b"IHDR"] and kinds[-1:] == [b"IEND"] and kinds.count(b"IHDR") == 1
    if not in_order or len(header) != _HEADER.size:
        return None
    width, height, depth, colors, compression, filtering, interlaced = _HEADER.unpack(header)
    usual = depth in _DEPTHS.get(colors, ()) and not compression and not filtering and interlaced in (0, 1)
    return (width, height) if usual and 0 < width * height <= _MOST_PIXELS and _inflates(pixels) else None


def _inflates(data: bytes) -> bool:
    """Whether compressed *data* begins as it has to; its end may be missing."""
    try:
        return bool(zlib.decompressobj().decompress(data, 1))
    except zlib.error:
        return False
