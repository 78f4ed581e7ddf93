# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a PNG from an array, and make of it a packed image.

Blender's own way (``Image.pixels``, then ``pack``) needs more time and four bytes a channel.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOR_TYPES = {1: 0, 3: 2, 4: 6}
_UP = 2
_ROWS_AT_ONCE = 256


def png(pixels: Bytes) -> bytes:
    """The PNG of *pixels* (h, w, k) from the bottom row up; k is 1 (gray), 3 (RGB) or 4 (RGBA)."""
    height, width, channels = pixels.shape
    packer = zlib.compressobj(1)
    parts = []
    for top in range(0, height, _ROWS_AT_ONCE):
        rows = pixels[::-1][top : top + _ROWS_AT_ONCE].reshape(-1, width * channels)
        above = pixels[::-1][top - 1].reshape(1, -1) if top else np.zeros((1, width * channels), dtype=np.uint8)
        lines = np.empty((len(rows), width * channels + 1), dtype=np.uint8)
        lines[:, 0] = _UP
        np.subtract(rows[0], above[0], out=lines[0, 1:])
        np.subtract(rows[1:], rows[:-1], out=lines[1:, 1:])
        parts.append(packer.compress(lines.tobytes()))
    parts.append(packer.flush())
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOR_TYPES[channels], 0, 0, 0)
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", b"".join(parts)) + _chunk(b"IEND", b"")


def packed_image(name: str, pixels: Bytes, color_space: str) -> bpy.types.Image:
    """An image of *pixels* as for :func:`png`, stored in the .blend. *color_space* is ``"sRGB"`` or ``"Non-Color"``."""
    image = bpy.data.images.new(name, 1, 1, alpha=pixels.shape[2] == 4)  # noqa: PLR2004 - RGBA
    data = png(pixels)
    packed: Any = image
    packed.pack(data=data, data_len=len(data))
    image.source = "FILE"
    settings: Any = image.colorspace_settings
    settings.name = color_space
    return image


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))
