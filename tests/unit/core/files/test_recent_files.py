# SPDX-License-Identifier: GPL-3.0-or-later
"""The last files, newest first, each once; a damaged list is no list."""

from __future__ import annotations

from pathlib import Path

import pytest

from csm_blender.core.files.recent_files import FILE_NAME, MOST, is_gone, recent_files, remember_file


def test_the_newest_comes_first_each_once_and_not_too_many(tmp_path: Path) -> None:
    home = tmp_path / "not yet there"
    assert recent_files(home) == []
    for number in range(MOST + 3):
        remember_file(home, f"/meshes/{number}.glb")
    remember_file(home, "/meshes/5.glb")
    found = recent_files(home)
    assert found[:2] == ["/meshes/5.glb", f"/meshes/{MOST + 2}.glb"]
    assert len(found) == len(set(found)) == MOST


@pytest.mark.parametrize("text", ["", "{}", "[1, null, {}]", '{"a": [', "\x00"])
def test_a_damaged_list_is_empty_and_begun_anew(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE_NAME).write_text(text)
    assert recent_files(tmp_path) == []
    remember_file(tmp_path, "/meshes/chair 🪑.glb")
    assert recent_files(tmp_path) == ["/meshes/chair 🪑.glb"]


def test_what_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    remember_file(tmp_path / "file", "/meshes/chair.glb")
    assert recent_files(tmp_path / "file") == []


def test_a_file_is_gone_that_is_not_there_unless_it_is_another_machine_s(tmp_path: Path) -> None:
    (tmp_path / "chair.glb").touch()
    assert not is_gone(str(tmp_path / "chair.glb"))
    assert is_gone(str(tmp_path / "table.glb"))
    assert is_gone(str(tmp_path))
    assert is_gone(f"/{'n' * 300}.glb")
    assert not is_gone("//server/meshes/chair.glb")
    assert not is_gone(r"\\server\meshes\chair.glb")
