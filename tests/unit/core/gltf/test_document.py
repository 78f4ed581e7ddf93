# SPDX-License-Identifier: GPL-3.0-or-later
"""A glTF's document is read, exchanged, and put into one file with its data."""

from __future__ import annotations

import base64
import json
import struct
from pathlib import Path
from typing import Any

import pytest
from tiny_glb import box_binary, box_document, glb

from csm_blender.core.errors import BadMesh
from csm_blender.core.files.mesh_file import check_glb
from csm_blender.core.gltf import document as documents
from csm_blender.core.gltf.document import data_of_uri, is_plain, read_document, replace_document, write_as_glb


def parts(path: Path) -> tuple[Any, bytes]:
    """The document and the binary data of a GLB, which has to be whole."""
    check_glb(path)
    document, end = read_document(path)
    data = path.read_bytes()
    length, kind = struct.unpack("<I4s", data[end : end + 8])
    assert kind == b"BIN\0"
    assert len(data) == end + 8 + length
    return document, data[end + 8 :]


def as_json(**changes: Any) -> dict[str, Any]:
    """The unit box with its data in a URI."""
    uri = "data:application/octet-stream;base64," + base64.b64encode(box_binary()).decode()
    return box_document() | {"buffers": [{"byteLength": len(box_binary()), "uri": uri}]} | changes


def test_a_document_is_exchanged_and_the_data_stays(tmp_path: Path) -> None:
    (tmp_path / "a.glb").write_bytes(glb())
    document, _end = read_document(tmp_path / "a.glb")
    assert document == box_document()
    document["nodes"][0]["name"] = "another, longer name"
    replace_document(tmp_path / "a.glb", document, tmp_path / "b.glb")
    assert parts(tmp_path / "b.glb") == (document, box_binary())


def test_data_is_put_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "a.glb").write_bytes(glb())
    document, _end = read_document(tmp_path / "a.glb")
    document["buffers"][0]["byteLength"] += 5
    replace_document(tmp_path / "a.glb", document, tmp_path / "b.glb", b"12345")
    assert parts(tmp_path / "b.glb") == (document, box_binary() + b"12345\0\0\0")


def made(folder: Path, text: bytes, beside: Path | None = None) -> Path:
    """The GLB of the glTF whose JSON is *text*."""
    (folder / "a.gltf").write_bytes(text)
    write_as_glb(folder / "a.gltf", folder / "a.glb", beside)
    return folder / "a.glb"


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
def test_json_with_its_data_becomes_a_glb(tmp_path: Path, mark: bytes) -> None:
    assert parts(made(tmp_path, mark + json.dumps(as_json()).encode())) == (box_document(), box_binary())


def test_data_of_several_buffers_and_pictures_goes_into_one(tmp_path: Path) -> None:
    data = box_binary()
    uris = ["data:;base64," + base64.b64encode(part).decode() for part in (data[:96], data[96:])]
    document = as_json(
        buffers=[{"byteLength": 96, "uri": uris[0]}, {"byteLength": 72, "uri": uris[1]}],
        images=[{"uri": "data:image/png;base64," + base64.b64encode(b"\x89PNG1").decode()}, {"uri": "wood%20a.jpg"}],
    )
    document["bufferViews"][1] |= {"buffer": 1, "byteOffset": 0}
    (tmp_path / "wood a.jpg").write_bytes(b"\xff\xd8jpeg")
    found, binary = parts(made(tmp_path, json.dumps(document).encode(), tmp_path))
    assert found["buffers"] == [{"byteLength": 184}]
    assert binary == data + b"\x89PNG1\0\0\0\xff\xd8jpeg\0\0"
    views = [(view["buffer"], view["byteOffset"], view["byteLength"]) for view in found["bufferViews"]]
    assert views == [(0, 0, 96), (0, 96, 72), (0, 168, 5), (0, 176, 6)]
    assert found["images"] == [{"mimeType": "image/png", "bufferView": 2}, {"mimeType": "image/jpeg", "bufferView": 3}]


def test_a_buffer_without_data_keeps_its_place(tmp_path: Path) -> None:
    """Meshopt names a buffer that is only there once it is unpacked."""
    document = as_json()
    document["buffers"].insert(0, {"byteLength": 400, "extensions": {"EXT_meshopt_compression": {"fallback": True}}})
    document["bufferViews"] = [
        {**view, "buffer": 0, "extensions": {"EXT_meshopt_compression": {"buffer": 1, "byteOffset": 4}}}
        for view in document["bufferViews"]
    ]
    found, _binary = parts(made(tmp_path, json.dumps(document).encode()))
    assert [buffer["byteLength"] for buffer in found["buffers"]] == [168, 400]
    assert [view["buffer"] for view in found["bufferViews"]] == [1, 1]
    assert [view["extensions"]["EXT_meshopt_compression"]["buffer"] for view in found["bufferViews"]] == [0, 0]


@pytest.mark.parametrize(
    "uri", ["wood.png", "../outside.png", "/etc/hostname", "in/..", "", "https://a.example/a.png", "n" * 300]
)
def test_a_picture_that_is_not_in_the_folder_stays_an_address(tmp_path: Path, uri: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "outside.png").write_bytes(b"secret")
    text = json.dumps(as_json(images=[{"uri": uri}])).encode()
    for beside in (None, tmp_path / "in"):
        assert parts(made(tmp_path, text, beside))[0]["images"] == [{"uri": uri}]


def test_data_beside_the_json_is_taken_in(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "my data.bin").write_bytes(box_binary())
    text = json.dumps(as_json(buffers=[{"byteLength": 168, "uri": "bin/my%20data.bin"}])).encode()
    assert parts(made(tmp_path, text, tmp_path)) == (box_document(), box_binary())
    with pytest.raises(BadMesh, match=r"needs the file 'my data.bin'"):
        made(tmp_path, text)


@pytest.mark.parametrize(
    "change",
    [
        {"buffers": [{"byteLength": 168, "uri": "mesh.bin"}]},
        {"buffers": [{"byteLength": 168, "uri": "data:;base64,AAAA"}]},
        {"buffers": [{"byteLength": 168, "uri": "data:nothing"}]},
        {"buffers": [7]},
        {"bufferViews": [{"buffer": 3, "byteLength": 1}]},
    ],
    ids=["data elsewhere", "too little data", "no data", "no object", "a buffer that is not there"],
)
def test_json_that_is_not_whole_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(BadMesh):
        made(tmp_path, json.dumps(as_json(**change)).encode())


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"[" * 100_000, b'{"asset": "\xff"}'])
def test_what_is_no_json_object_is_refused(tmp_path: Path, text: bytes) -> None:
    with pytest.raises(BadMesh):
        made(tmp_path, text)


def test_sizes_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_DATA_BYTES", 100)
    with pytest.raises(BadMesh, match="too large"):
        made(tmp_path, json.dumps(as_json()).encode())


@pytest.mark.parametrize(
    ("uri", "data"),
    [("data:,a%20b", b"a b"), ("data:text/plain;base64,YQ==", b"a"), ("data:;BASE64,YQ", b"a"), ("DATA:;base64,", b"")],
)
def test_a_data_uri_holds_its_data(uri: str, data: bytes) -> None:
    assert data_of_uri(uri) == data


@pytest.mark.parametrize(
    ("before", "pad", "plain"),
    [(b"", b" ", True), (b"", b"\0", False), (b"\xef\xbb\xbf", b" ", False), (b"\n ", b" ", True)],
    ids=["plain", "zeros behind", "byte order mark", "white space"],
)
def test_what_exporters_put_around_the_json_is_read_over(
    tmp_path: Path, before: bytes, pad: bytes, plain: bool
) -> None:
    text = before + json.dumps(box_document()).encode()
    text += pad * (4 - len(text) % 4)
    data = struct.pack("<II", 168, 0x004E4942) + box_binary()
    head = struct.pack("<4sIIII", b"glTF", 2, 20 + len(text) + len(data), len(text), 0x4E4F534A)
    path = tmp_path / "a.glb"
    path.write_bytes(head + text + data)
    assert parts(path) == (box_document(), box_binary())
    assert is_plain(path) is plain
