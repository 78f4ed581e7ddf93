# SPDX-License-Identifier: GPL-3.0-or-later
"""The store on a disk that fails it: locked, read-only, deleted, damaged, of another version."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from common import ROOT
from disks import URL, add_session, mounted, pipeline_on
from jobs_at_hand import delivered, drive, spec

from csm_blender.core.errors import StoreDiskProblem, StoreTooNew, StoreUnusable
from csm_blender.core.jobs.rows import NEWEST_FORMAT
from csm_blender.core.jobs.states import JobState
from csm_blender.core.jobs.store import DATABASE_NAME, Store
from csm_blender.core.pipeline.scheduler import run_blocking


def test_a_blocking_run_waits_for_a_store_that_comes_back(service: Any, code: str, tmp_path: Path) -> None:
    add_session(service, tmp_path, code)
    store = Store(tmp_path / "home", busy_timeout_s=0.1)
    job = store.add(spec(code), service.url)
    other = sqlite3.connect(tmp_path / "home" / DATABASE_NAME, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    threading.Timer(2.5, lambda: (other.rollback(), other.close())).start()
    pipeline = pipeline_on(store, service)
    converting: list[str] = []

    class Stop(Exception):
        pass

    def on_change(job: Any) -> None:
        if delivered(job):
            converting.append(job.job_id)
            raise Stop

    with pytest.raises(Stop):
        run_blocking(pipeline, store, [job.job_id], concurrency=1, on_change=on_change)
    assert converting == [job.job_id]


def test_a_locked_store_is_named(tmp_path: Path) -> None:
    store = Store(tmp_path, busy_timeout_s=0.2)
    other = sqlite3.connect(tmp_path / DATABASE_NAME)
    other.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    with pytest.raises(StoreUnusable, match="locked"):
        store.add(spec("SESSION_1"), URL)
    assert time.monotonic() - began < 2.0
    other.rollback()
    other.close()
    store.add(spec("SESSION_1"), URL)


def test_a_read_only_job_folder_is_named(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    mounted(disk, "size=4m")
    try:
        Store(disk / "home").close()
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(StoreDiskProblem) as caught:
            Store(disk / "home")
        assert caught.value.hint
        with pytest.raises(StoreDiskProblem):
            Store(disk / "new")
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)


def test_a_folder_deleted_while_in_use_is_noticed_before_anything_is_paid(
    service: Any, code: str, tmp_path: Path
) -> None:
    add_session(service, tmp_path, code)
    store = Store(tmp_path / "home")
    job = store.add(spec(code), service.url)
    pipeline = pipeline_on(store, service)
    drive(pipeline, store, job.job_id, until=lambda job: job.state is JobState.SUBMITTING)
    shutil.rmtree(tmp_path / "home")
    with pytest.raises(StoreUnusable, match="deleted"):
        pipeline.advance(job.job_id)
    assert code not in service.counts()["post"]
    again = Store(tmp_path / "home")  # begun anew
    assert again.jobs() == []
    restored = again.add(job.spec, service.url, job.job_id)
    assert delivered(drive(pipeline_on(again, service), again, restored.job_id, until=delivered))


@pytest.mark.parametrize("damage", ["not a database", "middle overwritten", "cut"])
def test_a_damaged_store_is_moved_aside_and_said(tmp_path: Path, damage: str) -> None:
    store = Store(tmp_path)
    for number in range(300):
        store.add(spec(f"SESSION_{number}"), URL)
    store.close()
    path = tmp_path / DATABASE_NAME
    data = bytearray(path.read_bytes())
    if damage == "not a database":
        data[:4000] = b"rubbish " * 500
    elif damage == "middle overwritten":
        data[4096:-4096] = os.urandom(len(data) - 8192)
    else:
        del data[len(data) // 2 :]
    path.write_bytes(data)
    opened = Store(tmp_path)
    assert opened.jobs() == []
    assert "damaged" in opened.notice
    aside = [entry for entry in tmp_path.iterdir() if ".damaged-" in entry.name]
    assert aside[0].read_bytes() == bytes(data)
    opened.add(spec("SESSION_1"), URL)
    opened.close()
    assert Store(tmp_path).notice == ""


def test_two_processes_that_find_the_damage_keep_one_new_store(tmp_path: Path) -> None:
    program = (
        f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / 'tests' / 'support')!r}]\n"
        "from pathlib import Path; from csm_blender.core.jobs.store import Store; from jobs_at_hand import spec\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "store = Store(Path(sys.argv[1])); store.add(spec('SESSION_1'), 'http://127.0.0.1:9'); print('added')\n"
    )
    for round_number in range(5):
        home = tmp_path / str(round_number)
        home.mkdir()
        (home / DATABASE_NAME).write_bytes(b"rubbish " * 2000)
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", program, str(home)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )
            for _ in range(4)
        ]  # fmt: skip
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        for process in processes:
            output, errors = process.communicate(timeout=60)
            assert output == "added\n", errors
        assert len(Store(home).jobs()) == 4
        assert len([entry for entry in home.iterdir() if ".damaged-" in entry.name]) == 1


def test_a_store_of_a_newer_version_is_refused_and_untouched(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.add(spec("SESSION_1"), URL)
    store._db.execute(f"PRAGMA user_version={NEWEST_FORMAT + 1}")
    store.close()
    before = (tmp_path / DATABASE_NAME).read_bytes()
    with pytest.raises(StoreTooNew):
        Store(tmp_path)
    assert (tmp_path / DATABASE_NAME).read_bytes() == before


def test_where_no_write_ahead_log_works_a_rollback_journal_is_used(
    service: Any, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite's own unix-dotfile system has no shared memory, like a network home: there WAL cannot be used."""
    real = sqlite3.connect

    def connect(path: Any, **named: Any) -> sqlite3.Connection:
        return real(f"file:{path}?vfs=unix-dotfile", uri=True, **named)

    if sys.platform == "win32":
        pytest.skip("that file system of SQLite's is Unix only")
    monkeypatch.setattr(sqlite3, "connect", connect)
    add_session(service, tmp_path, code)
    store = Store(tmp_path / "home")
    assert store._db.execute("PRAGMA journal_mode").fetchone()[0] == "delete"
    job = store.add(spec(code), service.url)
    assert delivered(drive(pipeline_on(store, service), store, job.job_id, until=delivered))
    second = Store(tmp_path / "home")
    assert [found.job_id for found in second.jobs()] == [job.job_id]


def test_a_record_that_makes_no_sense_does_not_hide_the_others(tmp_path: Path) -> None:
    store = Store(tmp_path)
    good, bad, odd = (store.add(spec(f"SESSION_{number}"), URL) for number in range(3))
    store._db.execute("UPDATE jobs SET spec_json='{}' WHERE job_id=?", [bad.job_id])
    store._db.execute("UPDATE jobs SET state='DANCING' WHERE job_id=?", [odd.job_id])
    assert [job.job_id for job in store.jobs()] == [good.job_id]
