# SPDX-License-Identifier: GPL-3.0-or-later
"""Converters are shared by jobs, limited in number, and tell how far they are. A script stands in for Blender."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from common import ROOT

from csm_blender.core.errors import ABOUT_DELIVERED, BadMesh, ConversionFailed, NotEnoughMemory
from csm_blender.core.messages import Message
from csm_blender.core.processes import memory
from csm_blender.core.processes.child_process import Progress
from csm_blender.core.processes.converter_pool import ConverterPool
from csm_blender.core.processes.launch import Interpreters
from csm_blender.core.remesh import RemeshOptions

BLENDER = f"""#!{sys.executable}
import json, os, sys, time
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from csm_blender.core.errors import BadMesh, NotEnoughMemory
from csm_blender.core.messages import Message
from csm_blender.core.processes.child_side import Parent, log_to
parent = Parent()
path = sys.argv[-1]
while path:
    request = json.loads(Path(path).read_text())
    log_to(request["log"])
    parent.report_progress(0.5, Message("Importing the mesh"))
    print("this is", request["name"], flush=True)
    while Path(request["mesh"] + ".hold").exists():
        time.sleep(0.01)
    if request["name"] == "dies":
        os._exit(9)
    if request["name"] == "large":
        parent.send_answer({{"error": NotEnoughMemory("too large").as_dict()}})
    elif request["name"] == "bad":
        parent.send_answer({{"error": BadMesh("no faces").as_dict()}})
    else:
        Path(request["blend"]).write_text("made")
        parent.send_answer({{"pid": os.getpid()}})
    line = parent.next_line()
    path = json.loads(line)["request"] if line else ""
"""


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[ConverterPool]:
    """One converter at a time."""
    blender = tmp_path / "blender"
    blender.write_text(BLENDER)
    blender.chmod(0o755)
    pool = ConverterPool(Interpreters(sys.executable, (), str(blender)), limit=1)
    yield pool
    pool.stop_all()


class Job:
    """A job that asks *pool* as the pipeline does."""

    def __init__(self, pool: ConverterPool, folder: Path, name: str, *, held: bool = False) -> None:
        self.name, self._pool, self.folder = name, pool, folder / f"job {name}"
        self.folder.mkdir()
        self._mesh = self.folder / "delivered.mesh"
        self._mesh.write_bytes(b"mesh")
        self._hold = Path(f"{self._mesh}.hold")
        if held:
            self._hold.touch()

    def start(self) -> bool:
        kind = self.name.split("-")[0]
        return self._pool.start(self.name, self.folder, {"mesh": str(self._mesh), "name": kind})

    def let_go(self) -> None:
        self._hold.unlink()

    def report(self) -> dict[str, object]:
        wait_until(lambda: self._pool.is_running(self.name) or self.start())
        found: list[dict[str, object]] = []
        wait_until(lambda: (report := self._pool.collect(self.name)) is not None and not found.append(report))
        return found[0]

    def files(self) -> set[str]:
        return {path.name for path in self.folder.iterdir()}


def wait_until(met: Callable[[], object], limit_s: float = 10.0) -> None:
    end_s = time.monotonic() + limit_s
    while not met():
        assert time.monotonic() < end_s, "nothing came"
        time.sleep(0.005)


def test_a_job_gets_its_report_and_its_file(pool: ConverterPool, tmp_path: Path) -> None:
    job = Job(pool, tmp_path, "good")
    assert job.start()
    assert job.report()["blend"] == str(job.folder / "refined.blend")
    assert job.files() == {"delivered.mesh", "refined.blend"}
    assert not pool.is_running(job.name)


def test_progress_is_told_while_it_converts(pool: ConverterPool, tmp_path: Path) -> None:
    job = Job(pool, tmp_path, "good", held=True)
    assert pool.progress(job.name) == Progress()
    job.start()
    wait_until(lambda: pool.collect(job.name) is None and pool.progress(job.name).share)
    assert pool.progress(job.name) == Progress(0.5, Message("Importing the mesh"))
    job.let_go()
    job.report()


def test_jobs_that_wait_get_the_same_blender(pool: ConverterPool, tmp_path: Path) -> None:
    jobs = [Job(pool, tmp_path, f"good-{number}", held=True) for number in range(3)]
    assert [job.start() for job in jobs] == [True, False, False]
    assert pool.poll() is not None, "somebody waits"
    for job in jobs:
        job.let_go()
    assert len({job.report()["pid"] for job in jobs}) == 1
    assert pool.poll() is None


def test_one_that_met_a_bad_file_converts_nothing_more(pool: ConverterPool, tmp_path: Path) -> None:
    bad, good = Job(pool, tmp_path, "bad", held=True), Job(pool, tmp_path, "good")
    assert [bad.start(), good.start()] == [True, False]
    first = pool._running[bad.name].process.pid
    bad.let_go()
    with pytest.raises(BadMesh, match="no faces"):
        bad.report()
    assert good.report()["pid"] != first


def test_what_it_says_of_a_mesh_keeps_its_kind_and_the_code_of_its_hint(pool: ConverterPool, tmp_path: Path) -> None:
    for name, kind, code in (("large", NotEnoughMemory, ""), ("bad", BadMesh, ABOUT_DELIVERED)):
        with pytest.raises(kind) as caught:
            Job(pool, tmp_path, name).report()
        assert (type(caught.value), caught.value.hint.code) == (kind, code)


def test_a_file_is_looked_through_once_however_often_its_job_asks(
    pool: ConverterPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[Path] = []
    monkeypatch.setattr(memory, "remesh_needs", lambda mesh, _options: looks.append(mesh) or 1)
    held, waiting = Job(pool, tmp_path, "good", held=True), Job(pool, tmp_path, "later")
    assert held.start()
    request = {"mesh": str(waiting.folder / "delivered.mesh"), "name": "good", "remesh": RemeshOptions().as_dict()}
    assert [pool.start("later", waiting.folder, request) for _ in range(5)] == [False] * 5
    assert looks == [waiting.folder / "delivered.mesh"]
    held.let_go()
    assert held.report()
    wait_until(lambda: pool.collect("later") is not None)


def test_one_that_dies_is_named_and_its_output_is_kept(pool: ConverterPool, tmp_path: Path) -> None:
    job = Job(pool, tmp_path, "dies")
    job.start()
    with pytest.raises(ConversionFailed, match="ended with status 9"):
        job.report()
    assert job.files() == {"delivered.mesh", "converter.log"}
    assert "this is dies" in (job.folder / "converter.log").read_text()


def test_a_cancelled_job_is_gone_within_a_second(pool: ConverterPool, tmp_path: Path) -> None:
    job, next_job = Job(pool, tmp_path, "good", held=True), Job(pool, tmp_path, "good-2")
    job.start()
    process = pool._running[job.name].process
    wait_until(lambda: pool.collect(job.name) is None and pool.progress(job.name).share)
    asked_s = time.monotonic()
    pool.stop(job.name)
    assert time.monotonic() - asked_s < 1.0
    assert process.status is not None
    assert job.files() == {"delivered.mesh", "delivered.mesh.hold"}
    assert next_job.start()
    assert next_job.report()["pid"] != process.pid


def test_stopping_all_leaves_no_process(pool: ConverterPool, tmp_path: Path) -> None:
    job = Job(pool, tmp_path, "good", held=True)
    job.start()
    pid = pool._running[job.name].process.pid
    pool.stop_all()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
