# SPDX-License-Identifier: GPL-3.0-or-later
"""The mark of a refine request: set once, on the disk before anything is sent, void only when that is certain."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from csm_blender.core.farm.request_mark import asking_job, set_mark, standing_mark, void_mark


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
