# SPDX-License-Identifier: GPL-3.0-or-later
"""``work --dask`` with a real scheduler and real workers: what is interrupted or killed goes on, and no key travels."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
from pathlib import Path
from typing import Any, Self

import pytest
from blender_scenes import Csm, Outcome, plain_measure
from common import ROOT, asset, service_python
from conftest import WAIT_S, Cluster, wait_for

TOLERANCE = 1e-5  # of the box's diagonal: docs/fit.md


def made_plan(csm: Csm, boxes: Path, *sources: str, engine: str = "none") -> Path:
    """A plan with a job for each of *sources*, for Box1, Box2, …"""
    folder = csm.folder / "plan"
    jobs = [word for number, source in enumerate(sources, start=1) for word in ("--job", f"{source}=Box{number}")]
    done = csm("plan", "--blend", boxes, *jobs, "--engine", engine, "--out", folder)
    assert done.status == 0, done.stderr
    return folder


def under_way(csm: Csm, plan: Path) -> list[dict[str, Any]]:
    """The jobs in whose middle a converter is."""
    status = json.loads(csm("work", plan, "--status", "--json").stdout)
    return [job for job in status["in_progress"] if job["status"] == "CONVERTING"]


def entries(done: Outcome) -> dict[int, dict[str, Any]]:
    """The lines of JSON, by the index of their job."""
    return {entry["index"]: entry for entry in map(json.loads, done.stdout.splitlines())}


def ended(process: subprocess.Popen[str]) -> Outcome:
    stdout, stderr = process.communicate(timeout=WAIT_S)
    return Outcome(process.returncode, stdout, stderr)


def test_interrupted_and_with_a_worker_killed_in_mid_job_every_job_is_done_once(
    csm: Csm, boxes: Path, cluster: Cluster
) -> None:
    plan = made_plan(csm, boxes, *[str(asset("Duck.glb"))] * 4)
    workers = {process.pid: process for process in (cluster.start_worker(), cluster.start_worker())}

    call = csm.start("work", plan, "--dask", cluster.address)
    wait_for(lambda: under_way(csm, plan), "a job under way")
    call.send_signal(signal.SIGINT)
    interrupted = ended(call)
    assert interrupted.status == 130, interrupted.stderr
    assert "go on with: work" in interrupted.stderr
    assert under_way(csm, plan) == [], "the workers went on with what was cancelled"

    call = csm.start("work", plan, "--dask", cluster.address, "--json")
    job = wait_for(lambda: under_way(csm, plan), "a job under way again")[0]
    os.kill(job["worker"]["pid"], signal.SIGKILL)
    workers[job["worker"]["pid"]].wait()
    done = ended(call)

    assert done.status == 0, done.stderr
    assert {index: entry["status"] for index, entry in entries(done).items()} == dict.fromkeys((1, 2, 3, 4), "READY")
    again = next(plan.glob(f"results/*{job['index']:08d}"))
    last = max(again.glob("claim-*.jsonl"), key=lambda path: int(path.stem.split("-")[1]))
    holder = json.loads(last.read_text(encoding="utf-8").splitlines()[0])["holder"]
    assert holder["pid"] in set(workers) - {job["worker"]["pid"]}, "the other worker has taken it over"
    assert list(again.glob("converting-*")) == [], "what the killed one had begun is cleaned up"

    assembled = csm("assemble", plan, "--output", csm.folder / "out.blend", "--json")
    assert assembled.status == 0, assembled.stderr
    assert all(entry["fit"]["placed_error"] <= TOLERANCE for entry in assembled.jobs)
    found = plain_measure(csm.folder / "out.blend", *(f"Box{number}=Box{number}_refined" for number in range(1, 5)))
    assert max(facts["corner_error"] for facts in found.values()) <= TOLERANCE

    once_more = csm("work", plan, "--dask", cluster.address, "--json")  # nothing is left to do, and nothing is done
    assert once_more.status == 0
    assert {index: entry["seconds"] for index, entry in entries(once_more).items()} == {
        index: entry["seconds"] for index, entry in entries(done).items()
    }


def test_the_key_stays_on_the_workers_and_one_without_it_gets_no_jobs(
    csm: Csm, boxes: Path, cluster: Cluster, service: Any
) -> None:
    codes = [service.add_session(None, asset("Duck.glb"), raw_result=str(asset("Duck.glb"))) for _ in range(4)]
    csm.more = {"CSM_BASE_URL": service.url, "CSM_API_KEY": ""}
    plan = made_plan(csm, boxes, *codes, engine="service")
    cluster.start_worker(CSM_BASE_URL=service.url)
    nobody = csm("work", plan, "--dask", cluster.address)
    assert nobody.status == 3, nobody.stderr
    assert "None of the 1 Dask workers can do the jobs" in nobody.stderr
    assert "Set the environment variable CSM_API_KEY on this machine." in nobody.stderr
    assert service.counts()["post"] == {}

    cluster.start_worker(CSM_BASE_URL=service.url, CSM_API_KEY=service.key)
    with Recorder(cluster.address) as recorder:
        done = csm("work", plan, "--dask", recorder.address, "--json")
    assert done.status == 0, done.stderr
    assert {entry["status"] for entry in entries(done).values()} == {"READY"}
    assert "gets no more jobs: There is no API key." in done.stderr
    assert service.counts()["post"] == dict.fromkeys(codes, 1)
    assert str(plan).encode() in recorder.sent, "the recorder has seen what was submitted"
    assert service.key.encode() not in recorder.sent + recorder.received
    logs = b"".join(log.read_bytes() for log in cluster.folder.glob("*.log"))
    assert service.key.encode() not in logs + (done.stdout + done.stderr).encode()


def test_a_job_that_no_worker_has_the_memory_for_is_told_and_the_others_are_done(
    csm: Csm, boxes: Path, cluster: Cluster, tmp_path: Path
) -> None:
    large = tmp_path / "large.obj"
    large.write_bytes(b"v 0 0 0\n" + b"# much\n" * 40_000_000)
    plan = made_plan(csm, boxes, str(large), str(asset("Duck.glb")))
    cluster.start_worker()
    done = csm("work", plan, "--dask", cluster.address, "--json")
    assert done.status == 1
    found = entries(done)
    assert found[1]["error"]["message"].startswith("No Dask worker has the 7.")
    assert (found[1]["status"], found[2]["status"]) == ("QUEUED", "READY")


def test_a_scheduler_that_is_killed_in_mid_job_is_told(csm: Csm, boxes: Path, cluster: Cluster) -> None:
    plan = made_plan(csm, boxes, str(asset("Duck.glb")))
    cluster.start_worker()
    call = csm.start("work", plan, "--dask", cluster.address)
    wait_for(lambda: under_way(csm, plan), "a job under way")
    cluster.processes[0].kill()
    done = ended(call)
    assert done.status == 4, done.stderr
    assert "is not there any more" in done.stderr.splitlines()[-2]


@pytest.mark.parametrize(
    ("address", "status", "sentence"),
    [
        ("tcp://127.0.0.1:9", 4, "There is no Dask scheduler at tcp://127.0.0.1:9."),
        ("nonsense://x:1", 2, "nonsense://x:1 is no address of a Dask scheduler."),
    ],
)
def test_an_address_without_a_scheduler_is_told(
    csm: Csm, boxes: Path, address: str, status: int, sentence: str
) -> None:
    plan = made_plan(csm, boxes, str(asset("Duck.glb")))
    done = csm("work", plan, "--dask", address)
    assert done.status == status, done.stderr
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_without_dask_it_is_told_how_to_get_it(csm: Csm, boxes: Path) -> None:
    plan = made_plan(csm, boxes, str(asset("Duck.glb")))
    call = [service_python(), "-m", "csm_blender", "work", str(plan), "--dask", "tcp://127.0.0.1:8786"]
    done = subprocess.run(call, cwd=ROOT, env=csm.environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "This Python has no Dask" in done.stderr
    assert "pip install" in done.stderr


class Recorder:
    """Passes on what goes to and comes from a scheduler, and keeps it."""

    def __init__(self, address: str) -> None:
        host, port = address.removeprefix("tcp://").split(":")
        self._upstream = (host, int(port))
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address = f"tcp://127.0.0.1:{self._server.getsockname()[1]}"
        self.sent, self.received = b"", b""

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_details: object) -> None:
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            upstream = socket.create_connection(self._upstream)
            threading.Thread(target=self._pass_on, args=(client, upstream, "sent"), daemon=True).start()
            threading.Thread(target=self._pass_on, args=(upstream, client, "received"), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, kept: str) -> None:
        try:
            while data := source.recv(1 << 16):
                setattr(self, kept, getattr(self, kept) + data)
                target.sendall(data)
        except OSError:
            pass
        finally:
            for each in (source, target):
                each.close()
