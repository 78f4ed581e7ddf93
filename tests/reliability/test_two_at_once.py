# SPDX-License-Identifier: GPL-3.0-or-later
"""Two Blenders on one machine, and two jobs for one session: one request, one download of each job."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from common import ROOT
from fault_proxy import FaultProxy, Request, silent_before
from jobs_at_hand import QuickDraw, delivered, drive, idle_converters, settings, spec
from tiny_glb import glb

from csm_blender.core.errors import OtherJobUncertain
from csm_blender.core.jobs import actions
from csm_blender.core.jobs.states import JobState
from csm_blender.core.jobs.store import Store
from csm_blender.core.models import Choices
from csm_blender.core.pipeline.pipeline import Pipeline
from csm_blender.core.settings import Settings

RACES = int(os.environ.get("CSM_RACES", "10"))
RACER = """
import sys, time
sys.path[:0] = [{root!r}, {root!r} + "/tests/support"]
from pathlib import Path
from jobs_at_hand import idle_converters, QuickDraw, delivered, settings
from csm_blender.core.pipeline.pipeline import Pipeline
from csm_blender.core.jobs.store import Store
home, url, key, owner, go = sys.argv[1:]
store = Store(Path(home))
pipeline = Pipeline(store, settings(url, key), idle_converters(), owner, draw=QuickDraw())
print("ready", flush=True)
sys.stdin.readline()
end = time.monotonic() + 60
while time.monotonic() < end:
    jobs = store.jobs()
    if all(delivered(job) or not job.needs_worker for job in jobs):
        break
    for job in jobs:
        if not delivered(job) and job.needs_worker:
            pipeline.advance(job.job_id)
    time.sleep(0.005)
print([str(job.state) for job in store.jobs()])
"""


def race(home: Path, url: str, key: str, racers: int = 2) -> None:
    """Two processes want every job of the store, and begin at the same moment."""
    program = RACER.format(root=str(ROOT))
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(home), url, key, f"racer-{number}", "go"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for number in range(racers)
    ]  # fmt: skip
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        output, errors = process.communicate(timeout=90)
        assert process.returncode == 0, errors
        assert set(eval(output)) == {"CONVERTING"}, output


def test_two_blenders_want_the_same_jobs(service: Any, tmp_path: Path) -> None:
    """All races run in one store, ten jobs at a time, so that each is a race for every step of every job."""
    mesh = tmp_path / "box.glb"
    mesh.write_bytes(glb())
    done = 0
    while done < RACES:
        home = tmp_path / f"home-{done}"
        store = Store(home)
        codes = [f"SESSION_{number:06d}_2" for number in range(done, done + 10)]
        for code in codes:
            service.add_session(code, mesh, style="2024", refine_seconds=0.1, raw_result=str(mesh))
            store.add(spec(code), service.url)
        race(home, service.url, service.key)
        counts = service.counts()
        assert {code: counts["post"].get(code) for code in codes} == dict.fromkeys(codes, 1)
        assert {code: counts["download"].get(code) for code in codes} == dict.fromkeys(codes, 1)
        assert [job.posts for job in store.jobs()] == [1] * 10
        store.close()
        done += 10


@pytest.mark.parametrize("style", ["2024", "2025"])
def test_two_jobs_for_one_session_pay_once(service: Any, tmp_path: Path, style: str) -> None:
    mesh = tmp_path / "box.glb"
    mesh.write_bytes(glb())
    other_mesh = tmp_path / "refined.glb"
    other_mesh.write_bytes(glb())
    codes = [f"SESSION_{number:06d}_{style}" for number in range(5)]
    store = Store(tmp_path / "home")
    for code in codes:
        service.add_session(code, mesh, style=style, refine_seconds=0.2, raw_result=str(other_mesh))
        store.add(spec(code), service.url)
        store.add(spec(code), service.url)
    race(tmp_path / "home", service.url, service.key, racers=3)
    counts = service.counts()
    assert {code: counts["post"].get(code) for code in codes} == dict.fromkeys(codes, 1)
    later = store.add(spec(codes[0]), service.url)
    pipeline = Pipeline(store, settings(service.url, service.key), idle_converters(), "me")
    assert delivered(drive(pipeline, store, later.job_id, until=delivered))
    assert service.counts()["post"][codes[0]] == 1, "a job made later uses the mesh that was paid for"
    again = store.add(spec(codes[0], choices=Choices(again=True)), service.url)
    assert delivered(drive(pipeline, store, again.job_id, until=delivered))
    assert service.counts()["post"][codes[0]] == 2, "unless a new one is asked for"


def test_while_one_request_is_unanswered_no_other_job_sends(service: Any, code: str, tmp_path: Path) -> None:
    mesh = tmp_path / "box.glb"
    mesh.write_bytes(glb())
    service.add_session(code, mesh, style="2024", raw_result=str(mesh), refine_seconds=0.1)
    proxy = FaultProxy(service.url, lambda request: silent_before if request.kind == "submit" else None)
    chosen = settings(f"http://127.0.0.1:{proxy.port}", service.key)
    store = Store(tmp_path / "home")
    pipeline = Pipeline(store, chosen, idle_converters(), "me", draw=QuickDraw())
    first = store.add(spec(code), chosen.base_url)
    second = store.add(spec(code), chosen.base_url)
    assert drive(pipeline, store, first.job_id).state is JobState.UNCERTAIN
    stopped = drive(pipeline, store, second.job_id)
    assert stopped.state is JobState.FAILED
    assert stopped.error is not None
    assert stopped.error["code"] == OtherJobUncertain.code
    assert proxy.posts() == 1
    # A person decides about the first; then the second may go on, and shares what the first one's successor gets.
    proxy.fault_for = lambda request: None
    new = actions.send_again(store, first)
    actions.retry(store, stopped)
    assert delivered(drive(pipeline, store, new.job_id, until=delivered))
    assert delivered(drive(pipeline, store, second.job_id, until=delivered))
    assert proxy.posts() == 2
    assert service.counts()["refines"][code] == 1
    proxy.close()


def test_the_clock_set_back_does_not_hold_a_job_for_hours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    job = store.add(spec("SESSION_1"), "http://127.0.0.1:1")
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 7200.0)
    assert store.claim(job.job_id, "died", 40.0)
    monkeypatch.setattr(time, "time", real)  # two hours back
    assert store.waiting_for_worker("http://127.0.0.1:1") == [job.job_id]
    assert store.claim(job.job_id, "me", 40.0)


def test_the_clock_set_forward_in_the_middle_pays_once(
    service: Any, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The leases of a live worker seem to have run out: another one takes over while the request is on its way."""
    mesh = tmp_path / "box.glb"
    mesh.write_bytes(glb())
    service.add_session(code, mesh, style="2024", raw_result=str(mesh), refine_seconds=0.3)
    chosen: Settings = settings(service.url, service.key)
    store = Store(tmp_path / "home")
    job = store.add(spec(code), service.url)
    here = Pipeline(store, chosen, idle_converters(), "here", draw=QuickDraw())
    there_store = Store(tmp_path / "home")
    there = Pipeline(there_store, chosen, idle_converters(), "there", draw=QuickDraw())
    jumped = False

    def jump_then(request: Request) -> None:
        nonlocal jumped
        if request.kind == "submit" and not jumped:
            jumped = True
            real = time.time
            monkeypatch.setattr(time, "time", lambda: real() + 86400.0)
            other = Store(tmp_path / "home")  # connections belong to threads
            taken = Pipeline(other, chosen, idle_converters(), "elsewhere", draw=QuickDraw())
            for _ in range(4):
                taken.advance(job.job_id)
            other.release("elsewhere")
            other.close()

    proxy = FaultProxy(service.url, jump_then)
    here_settings = settings(f"http://127.0.0.1:{proxy.port}", service.key)
    here = Pipeline(store, here_settings, idle_converters(), "here", draw=QuickDraw())
    drive(here, store, job.job_id, until=lambda job: jumped)
    done = drive(there, there_store, job.job_id, until=delivered)
    assert delivered(done)
    assert service.counts()["post"][code] == 1
    proxy.close()
