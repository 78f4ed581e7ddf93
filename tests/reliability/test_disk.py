# SPDX-License-Identifier: GPL-3.0-or-later
"""The disk full, read-only, gone; the store locked, damaged, too new, or where no write-ahead log works."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from common import IN_CI, ROOT
from jobs_at_hand import QuickDraw, delivered, drive, idle_converters, settings, spec
from tiny_glb import box_binary, box_document, glb

from csm_blender.core.errors import DiskProblem, StoreDiskProblem, StoreTooNew, StoreUnusable
from csm_blender.core.jobs import actions, database
from csm_blender.core.jobs.states import JobState
from csm_blender.core.jobs.store import DATABASE_NAME, Store
from csm_blender.core.pipeline.pipeline import Pipeline
from csm_blender.core.pipeline.scheduler import run_blocking

URL = "http://127.0.0.1:9"


def mounted(folder: Path, options: str) -> bool:
    """Whether a tmpfs with *options* could be mounted on *folder*; skips with the reason where it cannot."""
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return True
    if IN_CI:
        pytest.fail(f"a tmpfs is needed in CI: {done.stderr}")
    pytest.skip(f"mounting a tmpfs needs root: {done.stderr.strip()}")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MiB."""
    folder = tmp_path / "disk"
    mounted(folder, "size=2m")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=False)


def fill(disk: Path, leave: int = 0) -> Path:
    """Fill *disk* but for *leave* bytes."""
    filler = disk / "filler"
    with filler.open("ab", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            pass
    if leave:
        os.truncate(filler, filler.stat().st_size - leave)
    return filler


def add_session(service: Any, tmp_path: Path, code: str, size: int = 0) -> Path:
    mesh = tmp_path / "box.glb"
    document_padding = b"\0" * size
    document = box_document()
    document["buffers"][0]["byteLength"] += size
    mesh.write_bytes(glb(document, box_binary() + document_padding))
    service.add_session(code, mesh, style="2024", raw_result=str(mesh), refine_seconds=0.1)
    return mesh


def pipeline_on(store: Store, service: Any, **changes: Any) -> Pipeline:
    chosen = settings(service.url, service.key, **changes)
    return Pipeline(store, chosen, idle_converters(), "me", draw=QuickDraw())


def test_a_download_onto_a_full_disk_is_named_and_leaves_nothing(
    service: Any, code: str, tmp_path: Path, small_disk: Path
) -> None:
    add_session(service, tmp_path, code, size=4 * 1024**2)
    store = Store(tmp_path / "home")
    (tmp_path / "home").mkdir(exist_ok=True)
    job = store.add(spec(code), service.url)
    (tmp_path / "home" / job.job_id).symlink_to(small_disk)
    failed = drive(pipeline_on(store, service), store, job.job_id, until=delivered)
    assert failed.state is JobState.FAILED
    assert failed.error is not None
    assert failed.error["code"] == DiskProblem.code
    assert list(small_disk.iterdir()) == []
    (tmp_path / "home" / job.job_id).unlink()  # space, elsewhere
    actions.retry(store, failed)
    assert delivered(drive(pipeline_on(store, service), store, job.job_id, until=delivered))
    assert service.counts()["post"][code] == 1


def test_a_disk_full_when_the_request_was_accepted_pays_once(
    service: Any, code: str, tmp_path: Path, small_disk: Path
) -> None:
    """The store cannot be told that the service said yes; the process dies; the next one finds out by looking."""
    add_session(service, tmp_path, code)
    home = small_disk / "home"
    store = Store(home)
    job = store.add(spec(code), service.url)
    pipeline = pipeline_on(store, service)
    real = pipeline._client.refine

    def refine_and_fill(*arguments: Any) -> None:
        real(*arguments)
        fill(small_disk)
        store._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        fill(small_disk)

    pipeline._client.refine = refine_and_fill
    with pytest.raises(StoreDiskProblem):
        drive(pipeline, store, job.job_id, until=lambda job: job.state is JobState.REFINING)
    store.close()
    (small_disk / "filler").unlink()
    store = Store(home)
    found = store.get(job.job_id)
    assert found is not None
    assert found.state is JobState.SUBMITTING
    assert found.posted_at
    store.release("me")
    assert delivered(drive(pipeline_on(store, service), store, job.job_id, until=delivered))
    assert service.counts()["post"][code] == 1
    store.close()


def test_a_full_disk_before_the_request_sends_nothing(
    service: Any, code: str, tmp_path: Path, small_disk: Path
) -> None:
    add_session(service, tmp_path, code)
    store = Store(small_disk / "home")
    job = store.add(spec(code), service.url)
    pipeline = pipeline_on(store, service)
    drive(pipeline, store, job.job_id, until=lambda job: job.state is JobState.SUBMITTING)
    store._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    fill(small_disk)
    with pytest.raises(StoreDiskProblem):
        pipeline.advance(job.job_id)
    assert code not in service.counts()["post"]
    (small_disk / "filler").unlink()
    assert delivered(drive(pipeline, store, job.job_id, until=delivered))
    assert service.counts()["post"][code] == 1
    store.close()


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


def test_a_jobs_folder_deleted_under_a_download_is_got_over(service: Any, code: str, tmp_path: Path) -> None:
    add_session(service, tmp_path, code)
    store = Store(tmp_path / "home")
    job = store.add(spec(code), service.url)
    pipeline = pipeline_on(store, service)
    arrived = drive(pipeline, store, job.job_id, until=delivered)
    shutil.rmtree(store.folder(job.job_id))
    pipeline.advance(job.job_id)
    assert store.get(job.job_id).state is JobState.DOWNLOADING
    assert drive(pipeline, store, job.job_id, until=delivered).glb_sha256 == arrived.glb_sha256


def test_a_delivered_file_that_a_power_cut_left_damaged_is_fetched_again(
    service: Any, code: str, tmp_path: Path
) -> None:
    add_session(service, tmp_path, code)
    store = Store(tmp_path / "home")
    job = store.add(spec(code), service.url)
    before = drive(pipeline_on(store, service), store, job.job_id, until=delivered)
    mesh = store.folder(job.job_id) / "delivered.mesh"
    whole = mesh.read_bytes()
    mesh.write_bytes(b"\0" * len(whole))  # of the right length: the data blocks had not been written yet
    drive(pipeline_on(store, service), store, job.job_id, until=lambda job: job.state is JobState.DOWNLOADING)
    after = drive(pipeline_on(store, service), store, job.job_id, until=delivered)
    assert mesh.read_bytes() == whole
    assert after.glb_sha256 == before.glb_sha256
    assert service.counts()["post"][code] == 1
    store.close()


def test_what_money_hangs_on_is_waited_for_until_it_is_on_the_disk(service: Any, code: str, tmp_path: Path) -> None:
    """SQLite waits for the disk at the end of a transaction under ``synchronous=FULL``, and of no other one."""
    add_session(service, tmp_path, code)
    store = Store(tmp_path / "home")
    job = store.add(spec(code), service.url)
    said: list[str] = []
    store._db.set_trace_callback(said.append)
    drive(pipeline_on(store, service), store, job.job_id, until=delivered)
    levels: list[tuple[str, str]] = []
    level = ""
    for statement in said:
        if statement.startswith("PRAGMA synchronous="):
            level = statement.partition("=")[2]
        elif statement.startswith("UPDATE jobs SET"):
            levels.append((level, statement))
    lasting = [statement for level, statement in levels if level == "FULL"]
    assert ["posted_at=" in lasting[0], "accepted_at=" in lasting[1]] == [True, True]
    assert len(lasting) == 2
    assert len(levels) > 5
    store.close()


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
    store._db.execute(f"PRAGMA user_version={database.SCHEMA_VERSION + 1}")
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
