# SPDX-License-Identifier: GPL-3.0-or-later
"""Journals: one writer each, numbers given once, torn lines skipped, dead holders known without a clock."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from farm import claimed_by_ended_process

from csm_blender.core.farm.journal import NO_JOURNAL, Holder, JournalWriter, glance, read_journal
from csm_blender.core.jobs.holder import alive_as


def created(folder: Path, number: int, **record: object) -> JournalWriter:
    writer = JournalWriter.create(folder, number, {"state": "QUEUED", **record}, "me")
    assert writer is not None
    return writer


def test_nobody_has_a_job_without_a_folder(tmp_path: Path) -> None:
    assert read_journal(tmp_path / "none") == read_journal(tmp_path) == NO_JOURNAL


def test_what_is_written_is_read_last_change_first(tmp_path: Path) -> None:
    writer = created(tmp_path, 1, progress=0.0)
    writer.write({"state": "CONVERTING", "progress": 0.5})
    writer.beat()
    writer.write({"progress": 0.7}, lasting=True)
    journal = read_journal(tmp_path)
    assert journal.record == {"state": "CONVERTING", "progress": 0.7}
    assert (journal.number, journal.holder, journal.released) == (1, Holder.here("me"), False)
    writer.release()
    assert read_journal(tmp_path).released


def test_a_number_is_given_once(tmp_path: Path) -> None:
    barrier, got = threading.Barrier(8), []

    def take() -> None:
        barrier.wait()
        made = [JournalWriter.create(tmp_path, number, {}, "me") for number in range(1, 21)]
        got.extend(writer.number for writer in made if writer)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == list(range(1, 21))


def test_who_is_superseded_writes_where_nobody_reads(tmp_path: Path) -> None:
    first = created(tmp_path, 1)
    first.write({"state": "CONVERTING"})
    assert not first.is_superseded()
    second = created(tmp_path, 2, **read_journal(tmp_path).record)
    assert first.is_superseded()
    first.write({"state": "FAILED"})  # it was believed dead
    assert read_journal(tmp_path).record["state"] == "CONVERTING"
    second.write({"state": "READY"})
    assert read_journal(tmp_path).record["state"] == "READY"


def test_a_worker_killed_as_it_took_the_job_leaves_the_record_as_it_was(tmp_path: Path) -> None:
    created(tmp_path, 1).write({"state": "CONVERTING"})
    (tmp_path / "claim-2.jsonl").write_bytes(b"")
    journal = read_journal(tmp_path)
    assert (journal.number, journal.record["state"], journal.holder) == (2, "CONVERTING", None)
    (tmp_path / "claim-3.jsonl").write_bytes(b'{"holder": {"host": "a", "pi')
    assert read_journal(tmp_path).record["state"] == "CONVERTING"


@pytest.mark.parametrize("torn", [b'{"state": "REA', b"{", b"\x00\x00\x00\x00", b'"text"', b"[1]"])
def test_a_torn_line_is_skipped(tmp_path: Path, torn: bytes) -> None:
    writer = created(tmp_path, 1)
    writer.write({"state": "CONVERTING"})
    with (tmp_path / "claim-1.jsonl").open("ab") as file:
        file.write(torn)
    assert read_journal(tmp_path).record == {"state": "CONVERTING"}


def test_after_a_full_disk_the_next_line_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = created(tmp_path, 1)
    with monkeypatch.context() as full:
        full.setattr(os, "fsync", lambda _file: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with (tmp_path / "claim-1.jsonl").open("ab") as file:
            file.write(b'{"state": "REA')
        with pytest.raises(OSError, match="No space"):
            writer.write({"progress": 0.3}, lasting=True)
    writer.write({"state": "READY"})
    assert read_journal(tmp_path).record["state"] == "READY"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit for the size of files")
def test_a_line_that_the_disk_takes_in_part_is_an_error_and_spoils_no_other(tmp_path: Path) -> None:
    writer = created(tmp_path, 1)
    with room_for(20, beyond=tmp_path / "claim-1.jsonl"), pytest.raises(OSError, match="No space"):
        writer.write({"state": "CONVERTING", "message": "m" * 100})
    writer.write({"state": "READY"})
    assert read_journal(tmp_path).record["state"] == "READY"


@pytest.mark.skipif(sys.platform == "win32", reason="as above")
def test_a_job_is_not_taken_with_half_a_first_line(tmp_path: Path) -> None:
    with room_for(20), pytest.raises(OSError, match="No space"):
        created(tmp_path, 1)


def test_a_glance_tells_what_reading_tells_also_of_a_torn_first_line(tmp_path: Path) -> None:
    created(tmp_path, 1).write({"state": "FAILED", "posts": 1})
    (tmp_path / "claim-2.jsonl").write_bytes(b'{"holder":{"host":"a","pid":1},"state":"FAI')
    assert glance(tmp_path) == ("FAILED", 1, True)


@contextlib.contextmanager
def room_for(count: int, beyond: Path | None = None) -> Iterator[None]:
    """No file may become longer than *count* bytes, or so much longer than *beyond* is: what is over is not written."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((beyond.stat().st_size if beyond else 0) + count, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_the_length_grows_with_each_beat(tmp_path: Path) -> None:
    writer = created(tmp_path, 1)
    lengths = []
    for _ in range(3):
        lengths.append(read_journal(tmp_path).length)
        writer.beat()
    assert lengths == sorted(set(lengths))


def test_a_process_of_this_machine_that_ended_is_known_to_be_dead(tmp_path: Path) -> None:
    claimed_by_ended_process(tmp_path)
    holder = read_journal(tmp_path).holder
    assert holder is not None
    assert holder.is_dead()
    assert not replace(holder, owner="one of another machine").is_dead()
    assert not replace(holder, owner="").is_dead()


def test_a_process_that_runs_is_alive() -> None:
    with alive_as("me, in a test"):
        assert not Holder.here("me, in a test").is_dead()


def test_the_names_of_other_files_mean_nothing(tmp_path: Path) -> None:
    created(tmp_path, 1)
    for name in (
        "claim-0.jsonl",
        "claim-2.json",
        "claim-x.jsonl",
        "xclaim-3.jsonl",
        "claim-03.jsonl",
        "claim-4.jsonl.bak",
    ):
        (tmp_path / name).write_bytes(b"")
    assert read_journal(tmp_path).number == 1
