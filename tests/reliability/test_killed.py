# SPDX-License-Identifier: GPL-3.0-or-later
"""Kill -9 of workers and converters in every state: the job goes on from there, and nothing is paid twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fault_proxy import FaultProxy, Request, silent_after, silent_before, stall_in_body
from jobs_at_hand import blender_python, settings, spec
from tiny_glb import box_binary, box_document, glb

from csm_blender.core.conversion import ConversionRequest
from csm_blender.core.errors import BadMesh, ConversionFailed
from csm_blender.core.jobs import actions
from csm_blender.core.jobs.job import Job
from csm_blender.core.jobs.states import JobState
from csm_blender.core.jobs.store import Store
from csm_blender.core.processes import converter_pool
from csm_blender.core.processes.child_process import ChildProcess
from csm_blender.core.processes.converter_pool import ConverterPool
from csm_blender.core.processes.launch import Interpreters, start
from csm_blender.core.settings import Settings
from csm_blender.worker.config import WorkerConfig

if sys.platform == "win32":
    pytest.skip("signal 9 is POSIX", allow_module_level=True)


class Worker:
    """A real worker process with a real converter."""

    def __init__(self, home: Path, chosen: Settings, interpreters: Interpreters) -> None:
        self.owner = uuid.uuid4().hex
        self.log = home.parent / f"worker-{self.owner}.log"
        with self.log.open("wb") as log:
            self.process = start(interpreters.plain("worker"), stdin=subprocess.PIPE, stdout=log, stderr=log)
        assert self.process.stdin is not None
        self.process.stdin.write(WorkerConfig(home, self.owner, chosen, interpreters, idle_s=60.0).to_line())
        self.process.stdin.flush()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        assert self.process.stdin is not None
        self.process.stdin.close()

    def end(self) -> None:
        if self.process.poll() is None:
            assert self.process.stdin is not None
            self.process.stdin.close()
            self.process.wait(30)


@pytest.fixture
def interpreters() -> Interpreters:
    """The worker in this Python, the converter where bpy is."""
    return Interpreters(blender_python())


@pytest.fixture
def place(service: Any, code: str, tmp_path: Path) -> Iterator[tuple[Store, FaultProxy, Settings, Job]]:
    """A job for a session of its own behind a proxy of its own."""
    mesh = tmp_path / "box.glb"
    mesh.write_bytes(glb())
    service.add_session(code, mesh, style="2024", raw_result=str(mesh), refine_seconds=0.5)
    proxy = FaultProxy(service.url)
    chosen = settings(f"http://127.0.0.1:{proxy.port}", service.key, read_timeout_s=20.0)
    store = Store(tmp_path / "home")
    yield store, proxy, chosen, store.add(spec(code), chosen.base_url)
    store.close()
    proxy.close()


def wait_for(store: Store, job: Job, met: Callable[[Job], bool], limit_s: float = 60.0) -> Job:
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        current = store.get(job.job_id)
        assert current is not None
        if met(current):
            return current
        time.sleep(0.01)
    raise AssertionError(f"still {current.state}: {current.message}")


def hold(kind: str) -> Callable[[Request], Any]:
    """Holds the first request of a kind, so that the worker can be killed in the middle of it."""
    met: list[Request] = []

    def fault_for(request: Request) -> Any:
        if request.kind != kind or met:
            return None
        met.append(request)
        return {"session": silent_before, "submit": silent_after, "file": stall_in_body}[kind]

    return fault_for


@pytest.mark.parametrize("state", ["QUEUED", "CHECKING", "SUBMITTING", "REFINING", "DOWNLOADING", "CONVERTING"])
def test_a_worker_killed_in_each_state(place: Any, service: Any, interpreters: Interpreters, state: str) -> None:
    store, proxy, chosen, job = place
    held = {"CHECKING": "session", "SUBMITTING": "submit", "DOWNLOADING": "file"}.get(state)
    if held:
        proxy.fault_for = hold(held)
    worker = Worker(store.home, chosen, interpreters)
    if state == "CONVERTING":
        wait_for(store, job, lambda job: bool(list(store.folder(job.job_id).glob("converting-*"))))
    elif held:
        end = time.monotonic() + 30.0
        while not any(request.kind == held for request in proxy.requests) and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(0.3)
        assert store.get(job.job_id).state is JobState(state)
    else:
        wait_for(store, job, lambda job: job.state is JobState(state))
    worker.kill()
    store.release(worker.owner)
    if state == "DOWNLOADING":
        assert list(store.folder(job.job_id).glob("*.part")), "a half download was left by the kill"
    second = Worker(store.home, chosen, interpreters)
    try:
        done = wait_for(store, job, lambda job: not job.needs_worker)
    finally:
        second.end()
    assert done.state is JobState.READY, done.message
    assert service.counts()["post"][job.session_code] == 1
    assert {path.name for path in store.folder(job.job_id).iterdir()} == {"delivered.mesh", "refined.blend"}


def test_the_next_worker_does_not_wait_for_the_lease_of_a_killed_one(
    place: Any, service: Any, interpreters: Interpreters
) -> None:
    """Nobody is left to release it, as after a kill of worker and Blender."""
    store, proxy, chosen, job = place
    chosen = replace(chosen, connect_timeout_s=300.0)
    proxy.fault_for = hold("session")
    worker = Worker(store.home, chosen, interpreters)
    held_until = wait_for(store, job, lambda job: job.state is JobState.CHECKING).lease_until
    second = Worker(store.home, chosen, interpreters)
    try:
        end = time.monotonic() + 3.0  # nothing tells that the second one has looked; it looks 4 times a second
        while time.monotonic() < end:
            assert store.get(job.job_id).lease_owner == worker.owner, "while it lives it keeps its job"
            time.sleep(0.05)
        worker.kill()
        done = wait_for(store, job, lambda job: not job.needs_worker)
    finally:
        second.end()
    assert time.time() < held_until
    assert done.state is JobState.READY, done.message
    assert service.counts()["post"][job.session_code] == 1


def test_no_converter_outlives_a_killed_worker(place: Any, interpreters: Interpreters) -> None:
    store, _proxy, chosen, job = place
    worker = Worker(store.home, chosen, interpreters)
    wait_for(store, job, lambda job: bool(list(store.folder(job.job_id).glob("converting-*/request.json"))))
    worker.kill()
    end = time.monotonic() + 15.0
    while (left := _processes_about(job.job_id)) and time.monotonic() < end:
        time.sleep(0.1)
    assert not left


def test_a_killed_converter_is_named_and_retry_converts_again(
    place: Any, service: Any, interpreters: Interpreters
) -> None:
    store, _proxy, chosen, job = place
    worker = Worker(store.home, chosen, interpreters)
    try:
        end = time.monotonic() + 60.0
        while not (found := _processes_about(job.job_id)) and time.monotonic() < end:
            time.sleep(0.01)
        for pid in found:
            os.kill(pid, signal.SIGKILL)
        failed = wait_for(store, job, lambda job: job.state is JobState.FAILED)
        assert failed.error is not None
        assert failed.error["code"] == ConversionFailed.code
        assert "signal 9" in failed.error["message"]
        downloads = service.counts()["download"][job.session_code]
        actions.retry(store, failed)
        assert wait_for(store, job, lambda job: not job.needs_worker).state is JobState.READY
        assert service.counts()["download"][job.session_code] == downloads
        assert service.counts()["post"][job.session_code] == 1
    finally:
        worker.end()


def test_cancelling_while_it_converts_leaves_nothing_running(place: Any, interpreters: Interpreters) -> None:
    store, _proxy, chosen, job = place
    worker = Worker(store.home, chosen, interpreters)
    try:
        wait_for(store, job, lambda job: bool(list(store.folder(job.job_id).glob("converting-*/request.json"))))
        actions.cancel(store, job)
        wait_for(store, job, lambda job: job.state is JobState.CANCELLED)
        end = time.monotonic() + 10.0
        while _processes_about(job.job_id) and time.monotonic() < end:
            time.sleep(0.05)
        assert not _processes_about(job.job_id)
        assert not list(store.folder(job.job_id).glob("converting-*"))
    finally:
        worker.end()


def test_removing_a_job_at_work_stops_its_converter(place: Any, interpreters: Interpreters) -> None:
    store, _proxy, chosen, job = place
    worker = Worker(store.home, chosen, interpreters)
    try:
        wait_for(store, job, lambda job: bool(list(store.folder(job.job_id).glob("converting-*/request.json"))))
        store.remove(job)
        end = time.monotonic() + 10.0
        while _processes_about(job.job_id) and time.monotonic() < end:
            time.sleep(0.05)
        assert not _processes_about(job.job_id)
        assert worker.process.poll() is None
    finally:
        worker.end()


def test_the_worker_ends_when_its_parent_does(place: Any, interpreters: Interpreters) -> None:
    store, proxy, chosen, job = place
    proxy.fault_for = hold("session")
    worker = Worker(store.home, replace(chosen, read_timeout_s=2.0), interpreters)
    wait_for(store, job, lambda job: job.state is JobState.CHECKING)
    worker.process.stdin.close()  # type: ignore[union-attr]  # as the death of Blender does
    worker.process.wait(30)
    assert store.get(job.job_id).lease_owner == ""


def test_a_converter_that_hangs_is_stopped(tmp_path: Path, code: str) -> None:
    sleeper = tmp_path / "blender"
    sleeper.write_text(f"#!{sys.executable}\nimport time\ntime.sleep(600)\n")
    sleeper.chmod(0o755)
    converters = ConverterPool(Interpreters(sys.executable, (), str(sleeper)), time_limit_s=0.5)
    store = Store(tmp_path / "home")
    job = store.add(spec(code), "http://127.0.0.1:9")
    folder = store.folder(job.job_id)
    folder.mkdir()
    (folder / "delivered.mesh").write_bytes(glb())
    assert converters.start(job.job_id, folder, ConversionRequest.of(job.spec, folder / "delivered.mesh").as_dict())
    time.sleep(0.7)
    with pytest.raises(ConversionFailed, match="took too long"):
        converters.collect(job.job_id)
    assert {path.name for path in folder.iterdir()} == {"delivered.mesh", "converter.log"}


def test_a_file_the_importer_cannot_use_is_a_bad_mesh(tmp_path: Path, code: str) -> None:
    document = box_document()
    document["meshes"][0]["primitives"][0]["mode"] = 0  # points: passes the check, makes no faces
    document["nodes"][0]["scale"] = [0.0, 0.0, 0.0]
    converters = ConverterPool(Interpreters(blender_python()))
    store = Store(tmp_path / "home")
    job = store.add(spec(code), "http://127.0.0.1:9")
    folder = store.folder(job.job_id)
    folder.mkdir()
    (folder / "delivered.mesh").write_bytes(glb(document, box_binary()))
    assert converters.start(job.job_id, folder, ConversionRequest.of(job.spec, folder / "delivered.mesh").as_dict())

    def wait_for_report() -> None:
        end = time.monotonic() + 60.0
        while converters.collect(job.job_id) is None and time.monotonic() < end:
            time.sleep(0.05)

    with pytest.raises((BadMesh, ConversionFailed)):
        wait_for_report()
    assert not list(folder.glob("converting-*"))


def test_a_converter_that_met_a_bad_file_takes_no_other_job(
    tmp_path: Path, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended_before: list[int] = []
    """For each process that was started: how many conversions were over by then."""

    class Counted(ChildProcess):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            ended_before.append(len(reports))
            super().__init__(*arguments, **named)

    monkeypatch.setattr(converter_pool, "ChildProcess", Counted)
    converters = ConverterPool(Interpreters(blender_python()), limit=1)
    store = Store(tmp_path / "home")
    reports: list[object] = []
    document = box_document()
    document["extensionsRequired"] = ["NO_SUCH_extension"]
    meshes = [glb(), glb(), glb(document), glb()]
    jobs = [store.add(spec(code), "http://127.0.0.1:9") for _ in meshes]
    for job, mesh in zip(jobs, meshes, strict=True):
        store.folder(job.job_id).mkdir()
        (store.folder(job.job_id) / "delivered.mesh").write_bytes(mesh)
    for number, job in enumerate(jobs):
        end = time.monotonic() + 60.0
        report = None
        try:
            while report is None and time.monotonic() < end:
                for each in jobs[number:]:  # those behind wait in line, as long as they keep asking
                    _ask(converters, store, each)
                report = converters.collect(job.job_id)
                time.sleep(0.02)
        except ConversionFailed as failure:
            report = failure
        reports.append(report)
    converters.stop_all()
    assert [isinstance(report, ConversionFailed) for report in reports] == [False, False, True, False]
    assert len(ended_before) == 2, "one process for three files, and one for the file after the bad one"
    assert (ended_before[0], ended_before[1] >= 2) == (0, True)


def _ask(converters: ConverterPool, store: Store, job: Job) -> None:
    """Ask for the conversion of the job's mesh."""
    folder = store.folder(job.job_id)
    converters.start(job.job_id, folder, ConversionRequest.of(job.spec, folder / "delivered.mesh").as_dict())


def _processes_about(job_id: str) -> list[int]:
    """Converters whose arguments name the job's folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if job_id.encode() in command and b"request.json" in command:
                found.append(int(entry.name))
    return found
