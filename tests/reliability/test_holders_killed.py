# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that holds leases is killed, and several others want its jobs at once: each job goes to one of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from common import ROOT
from jobs_at_hand import delivered, spec
from tiny_glb import glb

from csm_blender.core.jobs.states import JobState
from csm_blender.core.jobs.store import Store

RACES = max(1, int(os.environ.get("CSM_RACES", "10")) // 10)
JOBS = 20
URL = "http://127.0.0.1:1"
HEAD = """
import json, sys, time
sys.path[:0] = [{root!r}, {root!r} + "/tests/support"]
from pathlib import Path
from csm_blender.core.jobs.holder import alive_as
from csm_blender.core.jobs.store import Store
store, owner = Store(Path(sys.argv[1])), sys.argv[2]
"""
CLAIMER = """
jobs = [job.job_id for job in store.jobs()]
with alive_as(owner):
    print("ready", flush=True)
    won, end = set(), time.monotonic() + float(sys.stdin.readline())
    while time.monotonic() < end and len(won) < len(jobs):
        won |= {job_id for job_id in jobs if job_id not in won and store.claim(job_id, owner, 50.0)}
        if won and {job.lease_owner for job in store.jobs()} <= set(sys.argv[3:]):
            break
        time.sleep(0.005)
    print(json.dumps(sorted(won)), flush=True)
    sys.stdin.readline()
"""
RACER = """
from jobs_at_hand import idle_converters, QuickDraw, delivered, settings
from csm_blender.core.pipeline.pipeline import Pipeline
url, key = sys.argv[3:]
pipeline = Pipeline(store, settings(url, key, connect_timeout_s=60.0), idle_converters(), owner, draw=QuickDraw())
with alive_as(owner):
    print("ready", flush=True)
    sys.stdin.readline()
    end = time.monotonic() + 240
    while time.monotonic() < end and any(not delivered(job) and job.needs_worker for job in store.jobs()):
        for job in store.jobs():
            if not delivered(job) and job.needs_worker:
                pipeline.advance(job.job_id)
        time.sleep(0.005)
"""


class Process:
    """A process with a program of this module, which waits for :meth:`go`."""

    def __init__(self, program: str, home: Path, owner: str, *arguments: str) -> None:
        self.owner = owner
        self._process = subprocess.Popen(
            [sys.executable, "-c", HEAD.format(root=str(ROOT)) + program, str(home), owner, *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "TMPDIR": str(home), "TEMP": str(home)},
        )  # fmt: skip
        assert self.line() == "ready"

    def line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def go(self, word: str = "") -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()

    def end(self) -> None:
        self._process.communicate("\n", timeout=300)
        assert self._process.returncode == 0


def test_each_job_of_a_killed_holder_goes_to_one_of_those_who_want_it(tmp_path: Path) -> None:
    for number in range(RACES):
        home = tmp_path / f"home-{number}"
        store = Store(home)
        for job in range(JOBS):
            store.add(spec(f"SESSION_{job}"), URL)
        dead, *living = "dead", "a", "b", "c"
        holder = Process(CLAIMER, home, dead, dead)
        holder.go("300")
        assert len(json.loads(holder.line())) == JOBS
        others = [Process(CLAIMER, home, owner, *living) for owner in living]
        for other in others:
            other.go("300")
        time.sleep(0.2)  # they try, and get nothing: each would tell of it below
        assert {job.lease_owner for job in store.jobs()} == {dead}
        holder.kill()
        end = time.monotonic() + 120.0
        while not (holders := {job.lease_owner for job in store.jobs()}) <= set(living):
            assert time.monotonic() < end, holders
            time.sleep(0.01)
        won = [json.loads(other.line()) for other in others if other.owner in holders]
        assert sorted(job_id for jobs in won for job_id in jobs) == sorted(job.job_id for job in store.jobs())
        for other in others:
            other.kill()
        store.close()


def test_a_racer_killed_in_the_middle_costs_no_second_request(service: Any, tmp_path: Path) -> None:
    mesh = tmp_path / "box.glb"
    mesh.write_bytes(glb())
    for number in range(RACES):
        home = tmp_path / f"home-{number}"
        store = Store(home)
        codes = [f"SESSION_{number:03d}{job:03d}_K" for job in range(JOBS)]
        for code in codes:
            service.add_session(code, mesh, style="2024", refine_seconds=0.1, raw_result=str(mesh))
            store.add(spec(code), service.url)
        racers = [Process(RACER, home, owner, service.url, service.key) for owner in ("killed", "a", "b")]
        racers[0].go()
        end = time.monotonic() + 60.0
        while not any(job.lease_owner == racers[0].owner and job.posted_at for job in store.jobs()):
            assert time.monotonic() < end
            time.sleep(0.002)
        for racer in racers[1:]:
            racer.go()
        racers[0].kill()
        for racer in racers[1:]:
            racer.end()
        jobs = store.jobs()
        assert all(delivered(job) or job.state is JobState.UNCERTAIN for job in jobs)
        assert sum(job.state is JobState.UNCERTAIN for job in jobs) <= 1, "the one whose request was on its way"
        assert all(service.counts()["post"].get(code, 0) <= 1 for code in codes)
        store.close()
