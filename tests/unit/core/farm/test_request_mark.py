# SPDX-License-Identifier: GPL-3.0-or-later
"""The mark of a refine request: set once, on the disk before anything is sent, void only when that is certain."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest
from farm import folders_of, submitting
from jobs_at_hand import spec

from csm_blender.core.errors import StoreDiskProblem
from csm_blender.core.farm.job_folders import JobFolders
from csm_blender.core.farm.request_mark import asking_job, set_mark, standing_mark, void_mark

URL = "https://api.csm.example"


def test_one_of_many_sets_it(tmp_path: Path) -> None:
    barrier, got = threading.Barrier(8), []

    def ask(name: str) -> None:
        barrier.wait()
        if set_mark(tmp_path, 1, {"job_id": name}):
            got.append(name)

    threads = [threading.Thread(target=ask, args=[f"job-{number}"]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert standing_mark(tmp_path) == (1, got[0])
    assert len(got) == 1


def test_without_a_mark_nobody_asks(tmp_path: Path) -> None:
    assert standing_mark(tmp_path) == standing_mark(tmp_path / "none") == (0, "")


def test_a_void_mark_lets_the_next_request_go(tmp_path: Path) -> None:
    assert set_mark(tmp_path, 1, {"job_id": "a"})
    void_mark(tmp_path, 1, {"job_id": "a"})
    assert standing_mark(tmp_path) == (1, "")
    assert not set_mark(tmp_path, 1, {"job_id": "b"}), "a number is never given again"
    assert set_mark(tmp_path, 2, {"job_id": "b"})
    assert standing_mark(tmp_path) == (2, "b")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["request-1.json", "request-1.void", "request-2.json"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"job": 1}'])
def test_a_mark_whose_writer_was_killed_stands(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "request-1.json").write_bytes(content)
    assert standing_mark(tmp_path) == (1, "?")
    assert asking_job(tmp_path, 1) == "?"
    assert not set_mark(tmp_path, 1, {"job_id": "b"})


def test_it_is_on_the_disk_before_anything_follows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()) if Path("/proc/self/fd").exists() else "?")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    folder = tmp_path / "results" / "job"
    assert set_mark(folder, 1, {"job_id": "a"})
    assert len(synced) == 3, "the file, the folder that names it, and the folder that names the folder"
    if synced[0] != "?":
        assert synced == [str(folder / "request-1.json"), str(folder), str(folder.parent)]


def test_a_mark_that_could_not_be_written_whole_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = folders_of(tmp_path, [spec("SESSION_1")], URL)
    job = submitting(folders)
    with monkeypatch.context() as full:
        full.setattr("os.fsync", lambda _file: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(StoreDiskProblem, match="No space"):
            folders.begin_post(job, "me")
    assert folders.begin_post(job, "me") is None


def test_a_disk_fault_as_another_worker_asks_leaves_the_mark_of_that_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second worker saw no mark, and then neither could make one nor be told that there is one."""
    here = folders_of(tmp_path, [spec("SESSION_1")] * 2, URL)
    there = JobFolders(here.plan)
    first, second = submitting(here, 1), submitting(there, 2, "there")
    real = Path.open

    def refused(path: Path, mode: str = "r", *arguments: Any, **more: Any) -> Any:
        if mode == "xb" and path.name == "request-1.json":
            raise OSError(5, "Input/output error")
        return real(path, mode, *arguments, **more)

    with monkeypatch.context() as faulty:
        faulty.setattr("csm_blender.core.farm.job_folders.standing_mark", lambda _folder: (0, ""))
        assert here.begin_post(first, "me") is None
        faulty.setattr(Path, "open", refused)
        with pytest.raises(StoreDiskProblem, match="Input/output"):
            there.begin_post(second, "there")
    other = there.begin_post(second, "there")
    assert other is not None, "it must not send: the first one has"
    assert other.job_id == first.job_id
