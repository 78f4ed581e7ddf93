# SPDX-License-Identifier: GPL-3.0-or-later
"""A file's format is found by its content, whatever its name; what is no mesh is named."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pytest

from csm_blender.core.errors import BadMesh
from csm_blender.core.files.mesh_format import MeshFormat, find_format


def zipped(name: str, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as bundle:
        bundle.writestr(name, b"content")
    return data.getvalue()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"glTF\2\0\0\0", MeshFormat.GLB),
        (b'\xef\xbb\xbf {"scenes": [], "asset": {"version": "2.0"}}', MeshFormat.GLTF),
        (b"# a comment\r\nmtllib a.mtl\r\nv 0 0 0\r\n", MeshFormat.OBJ),
        (b"v\t0 0 0\n", MeshFormat.OBJ),
        (b"Kaydara FBX Binary  \0\x1a\0", MeshFormat.FBX),
        (b"; FBX 7.3.0 project file\nFBXHeaderExtension:  {\n", MeshFormat.FBX),
        (b"solid thing\n facet normal 0 0 1\n", MeshFormat.STL),
        (b"solid nothing\nendsolid\n", MeshFormat.STL),
        (b"solid though binary".ljust(80, b"\0") + struct.pack("<I", 1) + bytes(50), MeshFormat.STL),
        (b"ply\nformat ascii 1.0\n", MeshFormat.PLY),
        (b"ply\r\nformat ascii 1.0\r\n", MeshFormat.PLY),
        (b"#usda 1.0\n(\n)\n", MeshFormat.USD),
        (b"PXR-USDC\0\x08", MeshFormat.USD),
        (zipped("mesh.usdc", zipfile.ZIP_STORED), MeshFormat.USDZ),
        (zipped("mesh.usdc"), MeshFormat.ZIP),
        (zipped("mesh/mesh.obj"), MeshFormat.ZIP),
    ],
    ids=lambda value: str(value) if isinstance(value, MeshFormat) else "",
)
def test_the_content_tells_the_format(tmp_path: Path, data: bytes, kind: MeshFormat) -> None:
    (tmp_path / "mesh.txt").write_bytes(data)
    assert find_format(tmp_path / "mesh.txt") is kind


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"BLENDER-v402", "a .blend file"),
        (b"\x89PNG\r\n", "a picture"),
        (b"<!doctype html><html>", "a web page"),
        (b'{"error": "not found"}', "no glTF"),
        (b"Once upon a time", "none of the formats"),
        (bytes(range(256)) * 4, "none of the formats"),
    ],
)
def test_what_is_no_mesh_is_named(tmp_path: Path, data: bytes, says: str) -> None:
    (tmp_path / "mesh.glb").write_bytes(data)
    with pytest.raises(BadMesh, match=says):
        find_format(tmp_path / "mesh.glb")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\x1f\x8b\x08\0", MeshFormat.GZIP),
        (b'{"images": [{"uri": "data:' + b"A" * 99_999, MeshFormat.GLTF),
        (b'\xef\xbb\xbf{ "scene" : 0, "extras": "' + b"A" * 99_999, MeshFormat.GLTF),
    ],
)
def test_the_start_of_a_long_file_tells(tmp_path: Path, data: bytes, kind: MeshFormat) -> None:
    (tmp_path / "a").write_bytes(data)
    assert find_format(tmp_path / "a") is kind
