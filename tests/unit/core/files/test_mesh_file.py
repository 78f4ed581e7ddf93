# SPDX-License-Identifier: GPL-3.0-or-later
"""A GLB is looked over before any importer sees it: whole, self-contained, and with a mesh in it."""

from __future__ import annotations

import copy
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny_glb import box_binary, box_document, glb

from csm_blender.core.errors import BadMesh
from csm_blender.core.files.mesh_file import GlbSummary, check_glb, count_triangles, looks_like_web_page


def written(folder: Path, data: bytes) -> Path:
    path = folder / "delivered.mesh"
    path.write_bytes(data)
    return path


def test_a_good_file_is_summed_up(tmp_path: Path) -> None:
    summary = check_glb(written(tmp_path, glb()))
    assert summary == GlbSummary(animated=False, skinned=False, extensions_required=())
    rich = box_document() | {"animations": [{}], "skins": [{}], "extensionsRequired": ["KHR_draco_mesh_compression"]}
    summary = check_glb(written(tmp_path, glb(rich)))
    assert (summary.animated, summary.skinned) == (True, True)
    assert summary.extensions_required == ("KHR_draco_mesh_compression",)


def test_pictures_elsewhere_are_no_reason_to_refuse_a_mesh(tmp_path: Path) -> None:
    check_glb(written(tmp_path, glb(box_document() | {"images": [{"uri": "../a.png"}]})))


def _set(*path_and_value: Any) -> Callable[[dict[str, Any]], None]:
    *path, last, value = path_and_value

    def change(document: Any) -> None:
        for step in path:
            document = document[step]
        document[last] = value

    return change


BROKEN = {
    "no glTF 2": _set("asset", "version", "1.0"),
    "no nodes": _set("nodes", []),
    "a mesh that is not there": _set("nodes", 0, "mesh", 7),
    "a mesh counted from the end": _set("nodes", 0, "mesh", -1),
    "an external buffer": _set("buffers", 0, "uri", "https://elsewhere.example/a.bin"),
    "more data than there is": _set("buffers", 0, "byteLength", 10**6),
    "a view outside": _set("bufferViews", 0, "byteOffset", 10**6),
    "a view before": _set("bufferViews", 0, "byteOffset", -8),
    "a list longer than its data": _set("accessors", 0, "count", 9),
    "an empty list": _set("accessors", 0, "count", 0),
    "an absurd list": _set("accessors", 0, "count", 10**12),
    "zeros without end": _set("accessors", 0, {"count": 10**8, "componentType": 5126, "type": "VEC3"}),
    "an unknown number type": _set("accessors", 0, "componentType", 1),
    "a mesh without positions": _set("meshes", 0, "primitives", 0, "attributes", {}),
    "a list where an object belongs": _set("asset", []),
    "too many objects": _set("nodes", [{"mesh": 0}] * 100_001),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_file_that_contradicts_itself_is_refused(tmp_path: Path, how: str) -> None:
    document = copy.deepcopy(box_document())
    BROKEN[how](document)
    with pytest.raises(BadMesh):
        check_glb(written(tmp_path, glb(document)))


GOOD = glb()


@pytest.mark.parametrize(
    "data",
    [
        b"", GOOD[:12], GOOD[:-1], GOOD + b"\0", b"glTX" + GOOD[4:], GOOD[:4] + struct.pack("<I", 1) + GOOD[8:],
        GOOD[:16] + b"XXXX" + GOOD[20:], glb([1]), GOOD[:20] + b"x" + GOOD[21:], glb(binary=box_binary()[:-8]),
    ],
    ids=["empty", "header only", "cut", "padded", "no magic", "version 1", "no JSON", "a JSON list", "bad JSON",
    "short"],
)  # fmt: skip
def test_a_file_whose_frame_is_broken_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(BadMesh):
        check_glb(written(tmp_path, data))


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_changed_byte_makes_it_fail_otherwise(tmp_path: Path, place: int, value: int) -> None:
    data = GOOD[:place] + bytes([value]) + GOOD[place + 1 :]
    try:
        check_glb(written(tmp_path, data))
    except BadMesh:
        return


def test_a_web_page_is_told_from_a_mesh(tmp_path: Path) -> None:
    for page in (b"<!DOCTYPE html><p>", b"\xef\xbb\xbf\n <HTML lang=en>"):
        assert looks_like_web_page(written(tmp_path, page))
    for other in (GOOD, b"", b"<svg>", b"html"):
        assert not looks_like_web_page(written(tmp_path, other))


def test_triangles_are_counted_as_often_as_their_mesh_is_used(tmp_path: Path) -> None:
    assert count_triangles(written(tmp_path, glb())) == 12
    twice = box_document() | {"nodes": [{"mesh": 0}, {"mesh": 0}]}
    assert count_triangles(written(tmp_path, glb(twice))) == 24
    without_indices = box_document()
    del without_indices["meshes"][0]["primitives"][0]["indices"]
    assert count_triangles(written(tmp_path, glb(without_indices))) == 8 // 3
    with pytest.raises(BadMesh):
        count_triangles(written(tmp_path, glb(box_document() | {"accessors": []})))
    endless = json.dumps(twice).replace('"count": 36', '"count": 1e999')
    (tmp_path / "endless.gltf").write_text(endless, encoding="utf-8")
    with pytest.raises(BadMesh):
        count_triangles(tmp_path / "endless.gltf")
    (tmp_path / "box.gltf").write_text(json.dumps(twice), encoding="utf-8-sig")
    assert count_triangles(tmp_path / "box.gltf") == 24
