# SPDX-License-Identifier: GPL-3.0-or-later
"""The sizes of pictures are read from the files of PNGs that are whole; about all others Blender is asked."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from csm_blender.converter.mesh.pictures import picture_size, whole_png_size
from csm_blender.remesh.texture.png import png

PIXELS = np.random.default_rng(3).integers(0, 255, (5, 7, 4), dtype=np.uint8)
PNG = png(PIXELS)


def packed(data: bytes) -> bpy.types.Image:
    """A picture as importers pack it."""
    image = bpy.data.images.new("Picture", 1, 1)
    image.pack(data=data, data_len=len(data))
    image.source = "FILE"
    return image


def with_header(**changes: int) -> bytes:
    """:data:`PNG` with something else in its header, and the checksum for that."""
    fields = (
        dict(zip(("width", "height", "depth", "colors"), struct.unpack(">IIBB", PNG[16:26]), strict=True)) | changes
    )
    header = b"IHDR" + struct.pack(">IIBB", *fields.values()) + PNG[26:29]
    return PNG[:12] + header + struct.pack(">I", zlib.crc32(header)) + PNG[33:]


def test_a_whole_png_tells_its_size_itself_and_blender_agrees() -> None:
    assert whole_png_size(PNG) == (7, 5)
    image = packed(PNG)
    assert picture_size(image) == (7, 5)
    assert not image.has_data  # nothing was unpacked
    assert tuple(image.size) == (7, 5)


@pytest.mark.parametrize("place", [0, 9, 17, 30, 45, len(PNG) - 20, len(PNG) - 6])
def test_a_png_with_one_wrong_byte_is_left_to_blender(place: int) -> None:
    spoiled = bytearray(PNG)
    spoiled[place] ^= 0x10
    assert whole_png_size(bytes(spoiled)) is None


@pytest.mark.parametrize("length", [0, 8, 20, 33, 60, len(PNG) - 12, len(PNG) - 1])
def test_a_png_that_ends_early_is_left_to_blender(length: int) -> None:
    assert whole_png_size(PNG[:length]) is None


@pytest.mark.parametrize(
    "data",
    [
        with_header(width=0),
        with_header(colors=3),
        with_header(colors=2, depth=4),
        with_header(width=2**31),
        b"\xff\xd8",
    ],
    ids=["no width", "a palette", "a depth that is none", "too wide", "a JPEG"],
)
def test_what_is_odd_is_left_to_blender(data: bytes) -> None:
    assert whole_png_size(data) is None


def test_a_picture_that_blender_cannot_read_has_no_size() -> None:
    assert picture_size(packed(PNG[:40])) == (0, 0)


def test_a_picture_on_the_disk_has_its_size(tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(PNG)
    assert picture_size(bpy.data.images.load(str(tmp_path / "picture.png"))) == (7, 5)
