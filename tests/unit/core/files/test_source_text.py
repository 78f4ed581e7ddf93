# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person may write for a source, and what is said about files that cannot be used."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from csm_blender.core.errors import BadSessionCode, BadSource
from csm_blender.core.files.source_text import (
    LOOK_AGAIN_S,
    check_file,
    check_files,
    is_mesh_file,
    mesh_files_in,
    parse_source,
    problems_of,
)
from csm_blender.core.sources import MESH_SUFFIXES, Source, SourceKind

FOLDER = Path("/work shop").absolute()


def file(name: str) -> Source:
    return Source(SourceKind.FILE, str(FOLDER / name))


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("SESSION_1_2", Source.of("SESSION_1_2")),
        ("  https://3d.csm.ai/session/SESSION_1_2?a=b ", Source.of("SESSION_1_2")),
        ("object:Chair", Source(SourceKind.OBJECT, "Chair")),
        ("OBJECT: a name = with = signs ", Source(SourceKind.OBJECT, " a name = with = signs ")),
        ("object:chair.glb", Source(SourceKind.OBJECT, "chair.glb")),
        ("chair.glb", file("chair.glb")),
        ("sub folder/Chair.GLB", file("sub folder/Chair.GLB")),
        ('"it\'s 5\\" wide.obj"', file("it's 5\\\" wide.obj")),
        ("'quoted.stl'", file("quoted.stl")),
        ("SESSION_1_2.zip", file("SESSION_1_2.zip")),
        ("🪑.ply", file("🪑.ply")),
        ("~of no user.glb", file("~of no user.glb")),
        (f"{'n' * 300}.fbx", file(f"{'n' * 300}.fbx")),
        ("file:///models/a%20b.usdz", Source(SourceKind.FILE, str(Path("/models/a b.usdz").absolute()))),
    ],
)
def test_a_source_is_read(text: str, source: Source) -> None:
    assert parse_source(text, FOLDER) == source


@pytest.mark.parametrize("suffix", MESH_SUFFIXES)
def test_every_suffix_is_that_of_a_file(suffix: str) -> None:
    assert parse_source(f"a{suffix.upper()}", FOLDER).kind is SourceKind.FILE
    assert is_mesh_file(Path(f"a{suffix}"))


@pytest.mark.parametrize("text", ["", "  ", "object:", "object:  ", "chair.blend", "meshes/", "a\\b", "chair.max"])
def test_what_names_no_source_gets_a_sentence_and_a_hint(text: str) -> None:
    with pytest.raises(BadSource) as refused:
        parse_source(text, FOLDER)
    assert str(refused.value)
    assert refused.value.hint


@pytest.mark.parametrize("text", ["CHAIR", "ASSET_1", "https://example.com/chair.glb"])
def test_what_may_have_been_a_session_is_called_one(text: str) -> None:
    with pytest.raises(BadSessionCode):
        parse_source(text, FOLDER)


def refusal(path: Path) -> str:
    with pytest.raises(BadSource) as refused:
        check_file(path)
    assert refused.value.hint
    return str(refused.value)


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty.glb").touch()
    (tmp_path / "long empty.glb").touch()
    os.utime(tmp_path / "long empty.glb", (1.0, 1.0))
    (tmp_path / "folder.glb").mkdir()
    assert "is empty" in refusal(tmp_path / "long empty.glb")
    assert "There is no file" in refusal(tmp_path / "missing.glb")
    assert "is empty" in refusal(tmp_path / "empty.glb")
    assert "is a folder" in refusal(tmp_path / "folder.glb")
    assert "cannot be read" in refusal(tmp_path / f"{'n' * 300}.glb")
    assert "cannot be read" in refusal(tmp_path / "a\0b.glb")


@pytest.mark.parametrize("name", ['it\'s "quoted".glb', "🪑 chair.glb", f"{'n' * 240}.glb"])
def test_names_of_any_letters_are_fine(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"glTF")
    check_file(tmp_path / name)


def test_a_file_that_grows_meanwhile_is_being_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "growing.glb"
    path.write_bytes(b"glTF")

    def write_on(_seconds: float) -> None:
        path.write_bytes(path.read_bytes() + bytes(100))

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(time, "sleep", write_on)
        with pytest.raises(BadSource, match="is being written"):
            check_files([path])
        check_file(path)
    check_files([path])


def test_a_folder_of_no_user_is_one_that_cannot_be_read() -> None:
    with pytest.raises(BadSource, match="cannot be read"):
        mesh_files_in("~no-such-user/meshes")


def test_the_mesh_files_of_a_folder_come_in_order(tmp_path: Path) -> None:
    for name in ("b10.glb", "b9.GLB", "a.obj", "a.mtl", ".hidden.glb", "notes.txt"):
        (tmp_path / name).touch()
    (tmp_path / "folder.glb").mkdir()
    assert [Path(file).name for file in mesh_files_in(str(tmp_path))] == ["a.obj", "b9.GLB", "b10.glb"]
    for folder in (tmp_path / "folder.glb", tmp_path / "gone"):
        with pytest.raises(BadSource):
            mesh_files_in(str(folder))


def test_each_bad_file_of_many_is_named_and_they_wait_for_one_moment_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [tmp_path / f"{number}.glb" for number in range(40)]
    for file in files:
        file.write_bytes(b"mesh")
    files[3].write_bytes(b"")
    files[5].unlink()
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    found = problems_of(files)
    assert waits == [LOOK_AGAIN_S]
    assert {path.name for path in found} == {"3.glb", "5.glb"}
    assert "is empty" in found[files[3]].message
    assert "no file" in found[files[5]].message
