# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of the store opens whatever state it is in, or says what is wrong with it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from windows import held_for

from csm_blender.core import file_system
from csm_blender.core.errors import StoreDiskProblem, StoreTooNew, StoreUnusable
from csm_blender.core.jobs.database import SCHEMA_VERSION, identity, open_database, storage_faults_explained
from csm_blender.core.jobs.rows import NEWEST_FORMAT

NAME = "jobs.sqlite3"


def test_a_new_file_has_the_schema_and_can_be_opened_by_several(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "down" / NAME
    with closing(open_database(path)[0]) as first, closing(open_database(path)[0]) as second:
        first.execute("UPDATE counter SET revision=7")
        assert second.execute("SELECT revision FROM counter").fetchone()[0] == 7
        assert second.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION
        assert second.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def test_opening_again_keeps_what_is_there_and_gives_no_notice(tmp_path: Path) -> None:
    with closing(open_database(tmp_path / NAME)[0]) as database:
        database.execute("INSERT INTO events VALUES ('a', 'b', 'c', 'd')")
    database, notice = open_database(tmp_path / NAME)
    assert notice == ""
    assert [*database.execute("SELECT * FROM events").fetchone()] == ["a", "b", "c", "d"]
    database.close()


@pytest.mark.parametrize("content", [b"this is no database" * 100, b"SQLite format 3\x00" + b"\xff" * 4096])
def test_a_damaged_file_is_moved_aside_whole_and_a_new_one_is_begun(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    database, notice = open_database(tmp_path / NAME)
    [aside] = tmp_path.glob(f"{NAME}.damaged-*")
    assert aside.read_bytes() == content
    assert aside.name in notice
    assert database.execute("SELECT count(*) FROM jobs").fetchone()[0] == 0
    database.close()


def test_a_damaged_file_that_another_program_holds_stays_and_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows while another Blender has it open."""
    (tmp_path / NAME).write_bytes(b"this is no database" * 100)
    monkeypatch.setattr(file_system, "HELD_S", 0.0)
    held_for(monkeypatch, 10)
    with pytest.raises(StoreUnusable, match="cannot be moved aside") as said:
        open_database(tmp_path / NAME)
    assert "Close all Blender windows" in said.value.hint
    assert (tmp_path / NAME).read_bytes() == b"this is no database" * 100


def test_a_file_of_a_newer_version_is_left_untouched(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / NAME)) as database:
        database.execute(f"PRAGMA user_version={NEWEST_FORMAT + 1}")
        database.commit()
    before = (tmp_path / NAME).read_bytes()
    with pytest.raises(StoreTooNew):
        open_database(tmp_path / NAME)
    assert (tmp_path / NAME).read_bytes() == before


def test_a_lock_is_waited_for_and_then_said(tmp_path: Path) -> None:
    database, _notice = open_database(tmp_path / NAME)
    other, _notice = open_database(tmp_path / NAME, busy_timeout_s=0.05)
    database.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreUnusable), storage_faults_explained(tmp_path / NAME):
        other.execute("BEGIN IMMEDIATE")
    database.close()
    other.close()


def test_a_folder_that_cannot_be_made_is_a_disk_problem(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreDiskProblem):
        open_database(tmp_path / "file" / NAME)


def test_a_full_disk_is_told_from_other_trouble(tmp_path: Path) -> None:
    database, _notice = open_database(tmp_path / NAME)
    database.execute("PRAGMA max_page_count=1")
    with pytest.raises(StoreDiskProblem), storage_faults_explained(tmp_path / NAME):
        database.execute("INSERT INTO events VALUES ('a', 'b', 'c', ?)", ["x" * 10**6])
    with pytest.raises(StoreUnusable), storage_faults_explained(tmp_path / NAME):
        database.execute("SELECT * FROM none_such")
    database.close()


def test_another_file_in_its_place_has_another_identity(tmp_path: Path) -> None:
    path = tmp_path / NAME
    assert identity(path) == (0, 0)
    path.write_bytes(b"")
    first = identity(path)
    (tmp_path / "other").write_bytes(b"")
    (tmp_path / "other").replace(path)
    assert identity(path) not in (first, (0, 0))
