# SPDX-License-Identifier: GPL-3.0-or-later
"""A mesh file is copied into its job whole, with what belongs to it, or not at all."""

from __future__ import annotations

import hashlib
import json
import time
import zipfile
from pathlib import Path

import pytest

from csm_blender.core.errors import BadSource, SourceChanged
from csm_blender.core.files.companions import companions_of, copy_source, missing_material_files


def no_progress(_done: int, _total: int | None) -> None: ...


def names(path: Path) -> list[str]:
    return [each.relative_to(path.parent).as_posix() for each in companions_of(path)]


def written(folder: Path, name: str, content: str | bytes = b"x") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_the_material_files_that_an_obj_misses(tmp_path: Path) -> None:
    lines = [
        "mtllib my chair.mtl",
        "mtllib gone.mtl",
        "mtllib packed/flat.mtl",
        "mtllib a.mtl b.mtl",
        "mtllib gone.mtl",
    ]
    chair = written(tmp_path, "chair.obj", "\n".join([*lines, "v 0 0 0", "f 1 1 1"]))
    for name in ("my chair.mtl", "flat.mtl", "a.mtl"):
        written(tmp_path, name)
    assert missing_material_files(chair) == ["gone.mtl"]


def test_a_file_that_is_complete_is_copied_as_it_is(tmp_path: Path) -> None:
    source = written(tmp_path, "chair.glb", b"glTF" * 1_000_000)
    seen: list[tuple[int, int | None]] = []
    copied = copy_source(source, tmp_path / "copy", lambda done, total: seen.append((done, total)))
    assert (tmp_path / "copy").read_bytes() == source.read_bytes()
    assert copied.length == 4_000_000
    assert copied.sha256 == hashlib.sha256(source.read_bytes()).hexdigest()
    assert seen[-1] == (4_000_000, 4_000_000)
    assert [done for done, _total in seen] == sorted(done for done, _total in seen)


def test_an_obj_takes_its_materials_and_their_pictures_along(tmp_path: Path) -> None:
    obj = written(tmp_path, "chair.obj", "mtllib my materials.mtl\r\nv 0 0 0\n")
    written(
        tmp_path,
        "my materials.mtl",
        "newmtl a\nmap_Kd -s 1 1 1 wood grain.png\nmap_Bump tex\\bump.jpg\n"
        "map_Ks C:\\work\\shine.png\nmap_d gone.png\n",
    )
    for name in ("wood grain.png", "tex/bump.jpg", "shine.png", "unrelated.png"):
        written(tmp_path, name)
    assert names(obj) == ["my materials.mtl", "wood grain.png", "tex/bump.jpg", "shine.png"]
    copy_source(obj, tmp_path / "copy", no_progress)
    with zipfile.ZipFile(tmp_path / "copy") as archive:
        assert archive.namelist() == ["chair.obj", *names(obj)]
        assert archive.read("chair.obj") == obj.read_bytes()


def test_a_gltf_takes_its_data_and_pictures_along(tmp_path: Path) -> None:
    document = {
        "buffers": [{"uri": "my%20data.bin"}, {"uri": "data:;base64,AA=="}, {}],
        "images": [{"uri": "tex/a.png"}, {"uri": "../outside.png"}, {"uri": "https://example.com/b.png"}],
    }
    gltf = written(tmp_path / "in", "chair.gltf", json.dumps(document))
    for name in ("in/my data.bin", "in/tex/a.png", "outside.png"):
        written(tmp_path, name)
    assert names(gltf) == ["my data.bin", "tex/a.png"]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"buffers": 3}', '{"images": [{"uri": 5}]}'])
def test_a_gltf_that_makes_no_sense_is_copied_for_the_converter_to_name(tmp_path: Path, text: str) -> None:
    assert names(written(tmp_path, "chair.gltf", text)) == []


def test_an_fbx_and_a_usd_take_along_what_is_named_in_them(tmp_path: Path) -> None:
    fbx = written(tmp_path, "chair.fbx", b"S\x0c\x00\x00\x00tex/wood.png\x00S\x08\x00\x00\x00D:\\x\\leg.tga\x00")
    usd = written(tmp_path, "chair.usda", "#usda 1.0\n asset a = @./layer.usda@ asset b = @tex/wood.png@")
    written(tmp_path, "layer.usda", "#usda 1.0\n asset inputs:file = @leg.tga@")
    for name in ("tex/wood.png", "leg.tga"):
        written(tmp_path, name)
    assert sorted(names(fbx)) == ["leg.tga", "tex/wood.png"]
    assert sorted(names(usd)) == ["layer.usda", "leg.tga", "tex/wood.png"]


def test_names_are_found_in_long_runs_of_bytes_at_once(tmp_path: Path) -> None:
    fbx = written(tmp_path, "chair.fbx", b"x" * 20_000_000 + b".png" * 50_000 + b"\x00wood.png\x00")
    written(tmp_path, "wood.png")
    started_s = time.monotonic()
    assert names(fbx) == ["wood.png"]
    assert time.monotonic() - started_s < 5.0


def test_a_file_that_is_gone_gets_a_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(BadSource, match="not there any more"):
        copy_source(tmp_path / "gone.glb", tmp_path / "copy", no_progress)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_changes_meanwhile_is_not_taken(tmp_path: Path) -> None:
    source = written(tmp_path, "chair.glb", bytes(3_000_000))

    def change(_done: int, _total: int | None) -> None:
        written(tmp_path, "chair.glb", bytes(3_000_001))

    with pytest.raises(SourceChanged):
        copy_source(source, tmp_path / "copy", change)
    assert [path.name for path in tmp_path.iterdir()] == ["chair.glb"]
