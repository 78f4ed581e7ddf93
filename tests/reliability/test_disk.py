# SPDX-License-Identifier: GPL-3.0-or-later
"""The disk full, read-only, gone; the store locked, damaged, too new, or where no write-ahead log works."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from disks import add_session, mounted, pipeline_on
from jobs_at_hand import delivered, drive, spec

from csm_blender.core.errors import DiskProblem, StoreDiskProblem
from csm_blender.core.jobs import actions
from csm_blender.core.jobs.states import JobState
from csm_blender.core.jobs.store import Store


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
