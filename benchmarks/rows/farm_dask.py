# SPDX-License-Identifier: GPL-3.0-or-later
"""Local jobs through Dask: two workers against one."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import environment
from measuring import Bench, Row, Samples, run, yes_if
from meshes import make_glb
from workshop import ROOT, bpy_script, cli, surroundings

JOBS, TRIANGLES, TEXTURE_PX = 24, 370_000, 512
GOAL = 1.7
START_S = 120.0


def measure(bench: Bench) -> list[Row]:
    """One row: the same jobs with one worker and with two, in turns. The 24 jobs are samples enough."""
    python = str(environment.python_of("farm"))
    count, triangles = (2, 500) if bench.quick else (JOBS, TRIANGLES)
    around = surroundings(bench, "http://127.0.0.1:9", "")
    around["env"]["PYTHONPATH"] = str(ROOT)
    plan = _plan(bench, python, count, triangles, around)
    seconds: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(bench.times(1)):
        for workers, found in seconds.items():
            shutil.rmtree(plan / "results", ignore_errors=True)
            with _cluster(bench, python, workers, around) as address:
                found.append(run(cli(python, "work", plan, "--dask", address), timeout_s=7200.0, **around).seconds)
    one, two = Samples.of(seconds[1]), Samples.of(seconds[2])
    ratio = Samples.of([a / b for a, b in zip(one.values, two.values, strict=True)])
    return [
        Row(
            f"{count} local jobs of {triangles:,} triangles through Dask: two workers against one",
            two.text("s", 1),
            f"one worker {one.text('s', 1)}",
            ratio.text("times as fast", 2),
            f"at least {GOAL} times",
            yes_if(ratio.median >= GOAL),
            "Scheduler, workers and the calling process share the cores with the Blenders that do the work."
            " Threads are not pinned: 93 % of a job's processor time are its main thread's.",
        )
    ]


def _plan(bench: Bench, python: str, count: int, triangles: int, around: dict[str, Any]) -> Path:
    scene, jobs, plan = (bench.folder / name for name in ("dask.blend", "dask.csv", "dask-plan"))
    mesh = make_glb(bench.folder / "dask.glb", triangles, 64)
    run(bpy_script(bench, python, "farm_scene.py", scene, count))
    rows = "".join(f"{mesh},B{number:05d}\n" for number in range(count))
    jobs.write_text(f"source,object\n{rows}", encoding="utf-8")
    how = ("--engine", "local", "--texture", TEXTURE_PX, "--facing", "0", "--out", plan)
    run(cli(python, "plan", "--blend", scene, "--jobs", jobs, *how), **around)
    return plan


@contextlib.contextmanager
def _cluster(bench: Bench, python: str, workers: int, around: dict[str, Any]) -> Iterator[str]:
    """A scheduler and so many workers on this machine; gives the scheduler's address."""
    programs: list[subprocess.Popen[bytes]] = []
    try:
        log = bench.folder / "dask-scheduler.log"
        words = ["scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
        programs.append(_start(python, words, log, around))
        address = _said(log, "Scheduler at:").split()[-1]
        for number in range(workers):
            log = bench.folder / f"dask-worker-{number}.log"
            limits = ["--no-nanny", "--nthreads", "1", "--memory-limit", "0", "--no-dashboard"]
            programs.append(_start(python, ["worker", address, *limits], log, around))
            _said(log, "Registered to:")
        yield address
    finally:
        for program in reversed(programs):
            program.kill()
            program.wait()


def _start(python: str, words: list[str], log: Path, around: dict[str, Any]) -> subprocess.Popen[bytes]:
    with log.open("wb") as file:
        return subprocess.Popen([python, "-m", "dask", *words], stdout=file, stderr=subprocess.STDOUT, **around)


def _said(log: Path, words: str) -> str:
    """The line of *log* that has *words* in it, once it is there."""
    end_s = time.monotonic() + START_S
    while time.monotonic() < end_s:
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
            if words in line:
                return line.strip()
        time.sleep(0.1)
    raise TimeoutError(f"{log} never said {words!r}")
