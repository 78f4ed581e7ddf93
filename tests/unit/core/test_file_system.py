# SPDX-License-Identifier: GPL-3.0-or-later
"""Files are renamed though another program looks on, and names fit every file system."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from windows import held_for

from csm_blender.core.file_system import (
    HELD_S,
    fresh_part,
    portable_name,
    remove_file,
    replace_file,
    same_name,
    share_file,
)


def test_a_file_that_a_virus_scanner_holds_for_a_moment_is_renamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new, path = tmp_path / "new", tmp_path / "old"
    new.write_text("new", encoding="utf-8")
    path.write_text("old", encoding="utf-8")
    tries = held_for(monkeypatch, 4)
    replace_file(new, path)
    assert path.read_text(encoding="utf-8") == "new"
    assert not new.exists()
    assert len(tries) == 5


def test_a_file_has_a_second_name_or_where_it_can_have_none_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot on FAT and exFAT, and on many network drives."""

    def refuse(_path: Path, _name: Path) -> None:
        raise OSError(1, "Operation not permitted")

    (tmp_path / "mesh").write_bytes(b"mesh")
    share_file(tmp_path / "mesh", tmp_path / "shared")
    assert (tmp_path / "shared").samefile(tmp_path / "mesh")
    monkeypatch.setattr(os, "link", refuse)
    share_file(tmp_path / "mesh", tmp_path / "copied")
    assert (tmp_path / "copied").read_bytes() == b"mesh"
    assert not (tmp_path / "copied").samefile(tmp_path / "mesh")


def test_a_file_that_is_held_for_good_is_an_error_and_stays_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new, path = tmp_path / "new", tmp_path / "old"
    new.write_text("new", encoding="utf-8")
    path.write_text("old", encoding="utf-8")
    now = iter(range(100))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(now)))
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    held_for(monkeypatch, 10**6)
    with pytest.raises(PermissionError):
        replace_file(new, path)
    assert next(now) > HELD_S
    assert path.read_text(encoding="utf-8") == "old"


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), FileNotFoundError(2, "No such file")])
def test_what_no_program_holds_is_an_error_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    def refuse(_new: Path, _path: Path) -> Path:
        raise error

    def sleep(_seconds: float) -> None:
        raise AssertionError("waited for nothing")

    monkeypatch.setattr(Path, "replace", refuse)
    monkeypatch.setattr(time, "sleep", sleep)
    with pytest.raises(type(error)):
        replace_file(tmp_path / "new", tmp_path / "old")


def test_what_cannot_be_removed_stays_and_breaks_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "held"
    path.write_text("held", encoding="utf-8")
    held_for(monkeypatch, 1, "unlink")
    remove_file(path)
    assert path.exists()
    remove_file(path)
    assert not path.exists()
    remove_file(path)  # and where there is none


@pytest.mark.parametrize(
    ("name", "portable"),
    [
        ("Chair", "Chair"),
        ("🪑 stool 椅子", "🪑 stool 椅子"),
        ("CON", "CON_"),
        ("con.png", "con_.png"),
        ("Com1 .tar.gz", "Com1 _.tar.gz"),
        ("LPT²", "LPT²_"),
        ("Console", "Console"),
        ("lamp. . ", "lamp"),
        (" .hidden", "hidden"),
        ("a<b>:c|d\x07", "a_b__c_d_"),
        ("back\\slash/slash", "back_slash_slash"),
        (". .", ""),
        ("lone \udc80 surrogate", "lone _ surrogate"),
        ("x" * 300, "x" * 120),
        ("椅" * 100, "椅" * 40),
    ],
)
def test_a_name_fits_every_file_system(name: str, portable: str) -> None:
    assert portable_name(name) == portable
    assert portable_name(portable) == portable


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("Chair.glb", "chair.GLB", True), ("Caf\u00e9.glb", "Cafe\u0301.glb", True), ("Chair.glb", "Chair_.glb", False)],
)
def test_which_names_mean_one_file_where_case_and_composition_do_not_count(one: str, other: str, same: bool) -> None:
    assert (same_name(Path(one)) == same_name(Path(other))) is same


def writes() -> list[Callable[[Path], object]]:
    """Everything of the core that puts a finished file in its place."""
    from csm_blender.core.files.companions import copy_source
    from csm_blender.core.files.whole_file import write_whole

    def copy(folder: Path) -> object:
        source = folder / "source.stl"
        source.write_bytes(b"solid\nendsolid\n")
        return copy_source(source, folder / "file", lambda _done, _total: None)

    return [lambda folder: write_whole(folder / "file", "words"), copy]


@pytest.mark.parametrize("number", range(2))
def test_what_is_written_whole_waits_for_the_scanner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    held_for(monkeypatch, 2)
    writes()[number](tmp_path)
    assert (tmp_path / "file").stat().st_size > 0
    assert not list(tmp_path.glob("*.part"))


def test_each_name_for_a_file_being_written_is_another_one_and_leftovers_go(tmp_path: Path) -> None:
    path = tmp_path / "a[1].mesh"
    first = fresh_part(path)
    first.write_bytes(b"half")
    (tmp_path / "a[1].mesh.part").write_bytes(b"of an earlier version")
    (tmp_path / "b.mesh.part").write_bytes(b"of another file")
    path.write_bytes(b"whole")
    second = fresh_part(path)
    assert first != second
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a[1].mesh", "b.mesh.part"]
    assert second.name.startswith("a[1].mesh.")
    assert second.suffix == ".part"


def test_a_folder_that_is_not_there_is_no_matter(tmp_path: Path) -> None:
    assert fresh_part(tmp_path / "none" / "a.mesh").parent == tmp_path / "none"
