# SPDX-License-Identifier: GPL-3.0-or-later
"""Rounds of a plan with workers that are killed.

``tests/reliability/test_farm.py`` runs them once, ``scripts/farm_soak.py`` a hundred times.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from common import service_blender
from farm import file_spec, plan_of
from farm_worker import ROOT
from jobs_at_hand import spec

from csm_blender.core.errors import AnswerLost, OtherJobUncertain
from csm_blender.core.farm.job_folders import JobFolders
from csm_blender.core.farm.plan import Plan
from csm_blender.core.farm.summary import summarize
from csm_blender.core.jobs.states import JobState
from csm_blender.core.models import JobSpec

_J = "csm_blender.core.farm.journal:JournalWriter"
_M = "csm_blender.core.farm.job_folders"
PLACES = (
    f"{_J}.create:before:1",
    f"{_J}.create:after:1",
    *(f"{_J}.write:before:{number}" for number in range(1, 9)),
    f"{_M}:set_mark:before:1",
    f"{_M}:set_mark:after:1",
    "csm_blender.core.api.client:CsmClient.refine:before:1",
    "csm_blender.core.api.client:CsmClient.refine:after:1",
    "csm_blender.core.pipeline.retrieve:download:before:1",
    "csm_blender.core.pipeline.retrieve:download:after:1",
    "csm_blender.core.processes.converter_pool:ConverterPool.start:after:1",
    "csm_blender.core.processes.converter_pool:_outcome:before:1",
    "csm_blender.core.processes.converter_pool:_outcome:after:1",
    "csm_blender.cli.farm.work:write_report:before:1",
    "csm_blender.cli.farm.work:write_report:after:1",
    f"{_J}.release:after:1",
)
"""Places in the code at which a worker is killed: before and after each thing that it writes, sends or starts."""

LIMIT_S = 240.0
LONGEST_BETWEEN_KILLS_S = 1.5


@dataclass
class Farm:
    """A plan, a service, and machines that work on it."""

    folder: Path
    service: Any
    mesh: Path
    blender: Path
    plan: Plan = field(init=False)
    codes: list[str] = field(default_factory=list)
    decided: int = 0

    def make_plan(self, services: int, files: int, shared: int = 0) -> None:
        """A plan of jobs for *services* sessions, *shared* more for the first of them, and mesh files."""
        for _ in range(services):
            self.codes.append(f"SESSION_{uuid.uuid4().int % 10**10:010d}_{len(self.codes):07d}")
            raw = str(self.mesh)
            self.service.add_session(self.codes[-1], self.mesh, style="2024", raw_result=raw, refine_seconds=0.3)
        exports = self.folder / "exports"
        specs: list[JobSpec] = [spec(code) for code in self.codes]
        specs += [spec(self.codes[0]) for _ in range(shared)]
        specs += [file_spec(self.mesh) for _ in range(files)]
        specs = [replace(each, export_path=str(exports / f"{number}.glb")) for number, each in enumerate(specs)]
        self.plan = plan_of(self.folder / "plan", specs, self.service.url, poll_interval_s=0.2)

    def start(self, *arguments: object, place: str = "", clock_s: float = 0.0, host: str = "") -> subprocess.Popen[str]:
        """A worker; on a machine of this name, where one is given (needs the right to make one)."""
        worker = ROOT / "tests" / "support" / "farm_worker.py"
        call = [sys.executable, str(worker), place, str(clock_s), "work", str(self.plan.folder)]
        call += ["--blender", str(self.blender), "--json", *map(str, arguments)]
        if host:
            call = ["unshare", "--uts", "sh", "-c", f'hostname {host}; exec "$@"', "sh", *call]
        mine = {"CSM_API_KEY": self.service.key, "CSM_BASE_URL": self.service.url}
        mine["CSM_HOME"] = str(self.folder / "home")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CSM_")}
        with (self.folder / "workers.log").open("ab") as log:
            return subprocess.Popen(call, stdout=log, stderr=log, text=True, env={**kept, **mine}, cwd=ROOT)

    def finish(self, workers: int = 2, **options: Any) -> None:
        """Have *workers* do what is left, and wait for them."""
        processes = [self.start(**options) for _ in range(workers)]
        statuses = {process.wait(LIMIT_S) for process in processes}
        if statuses != {0}:
            self._decide(statuses)

    def _decide(self, statuses: set[int]) -> None:
        """What a person does about requests that were never answered, which never went out here: send them again."""
        left = summarize(JobFolders(self.plan)).failed
        assert statuses == {1}, self.log()
        why = {job.error["code"] if job.error else "" for job in left}
        assert why <= {AnswerLost.code, OtherJobUncertain.code}, (why, self.log())
        posts = self.service.counts()["post"]
        assert [posts.get(job.source, 0) for job in left] == [0] * len(left), "the session shows what arrived"
        assert self.start("--send-again").wait(LIMIT_S) == 0, self.log()
        self.decided += len(left)

    def log(self) -> str:
        return (self.folder / "workers.log").read_text(encoding="utf-8", errors="replace")[-6000:]

    def check(self) -> dict[str, Any]:
        """Whether every job is done, every session was paid for once, and all is as one worker makes it."""
        found = summarize(JobFolders(self.plan))
        assert found.is_done, f"{found}\n{self.log()}"
        counts = self.service.counts()
        posts, refines = ([counts[kind].get(code, 0) for code in self.codes] for kind in ("post", "refines"))
        assert posts == refines == [1] * len(self.codes), (posts, self.log())
        digest = hashlib.sha256(self.mesh.read_bytes()).hexdigest()
        exports = set()
        for job in self._jobs():
            assert job.state is JobState.READY
            assert job.glb_sha256 == digest
            assert job.result is not None
            fitted, box = job.result.conversion.fitted, job.spec.placement
            assert (fitted.box_min, fitted.box_max) == (box.box_min, box.box_max)
            assert fitted.fitted_error <= 1e-6
            folder = self.plan.job_folder(job.job_id)
            report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
            assert (report["status"], report["job_id"]) == ("READY", job.job_id)
            assert not [*folder.glob("*.part"), *folder.glob("converting-*")]
            exports.add(Path(job.spec.export_path).read_bytes())
        assert len(exports) == 1, "one mesh and one box give the same bytes, whoever was killed"
        return {
            "jobs": found.jobs,
            "posts": sum(posts),
            "claims": len(list(self.plan.folder.glob("results/*/claim-*"))),
        }

    def _jobs(self) -> Iterator[Any]:
        folders = JobFolders(self.plan)
        yield from map(folders.get, self.plan.ids())


def blender_in(folder: Path) -> Path:
    """A program in Blender's place: a Python with bpy."""
    program = folder / "blender"
    program.write_text(
        f"#!{sys.executable}\nimport os, sys\n"
        f"tail = sys.argv[sys.argv.index('--python-expr') + 1 :]\n"
        f"os.execv({service_blender()!r}, [{service_blender()!r}, '-c', *tail])\n"
    )
    program.chmod(0o755)
    return program


def kill_at_each_place(farm: Farm, places: Sequence[str], *, at_once: int = 3, **options: Any) -> list[str]:
    """Have a worker die at each of *places*, each with a job of its own. Gives the places where none did."""
    waiting, running, missed = list(enumerate(places, start=1)), {}, []
    while waiting or running:
        while waiting and len(running) < at_once:
            index, place = waiting.pop(0)
            running[farm.start("--index", index, place=place, **options)] = place
        for process in [process for process in running if process.poll() is not None]:
            place = running.pop(process)
            if process.returncode != -signal.SIGKILL:
                missed.append(place)
        time.sleep(0.02)
    return missed


def kill_at_random(
    farm: Farm, dice: random.Random, *, workers: int, kills: int, longest_s: float = 1.5, host: str = ""
) -> int:
    """Keep *workers* at work and kill one of them now and then. How many kills there were."""
    running: list[subprocess.Popen[str]] = []
    done = 0
    while done < kills:
        running = [process for process in running if process.poll() is None]
        running += [farm.start(host=host) for _ in range(workers - len(running))]
        time.sleep(dice.uniform(0.1, LONGEST_BETWEEN_KILLS_S))
        victim = dice.choice(running)
        if victim.poll() is None:
            victim.kill()
            victim.wait()
            done += 1
        elif summarize(JobFolders(farm.plan)).is_done:
            break
    for process in running:
        process.kill()
        process.wait()
    return done
