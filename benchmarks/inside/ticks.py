# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a tick of the pump takes with many jobs in flight. Somebody else's lease keeps the worker away from them."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).parent))
from common import Steps, desk, module, new_block_out
from inside import frames

OTHER = "benchmark"


def ticks(counts: list[int], repeats: int) -> Steps:
    """For each of *counts* jobs: seconds of ticks with nothing new, one change, and the look once a second."""
    models, pump = module("core.models"), module("scene.pump")
    foreign = module("core.store").Store(module("scene.service").jobs_home())
    pump.sleep()
    found: dict[str, dict[str, list[float]]] = {}
    jobs: list[Any] = []
    for count in counts:
        desk().worker.stop()  # or it would be faster than the lease; it runs again from the next tick on
        while len(jobs) < count:
            jobs.append(_job(foreign, new_block_out(len(jobs)), len(jobs)))
        pump.sleep()
        yield from frames(2)
        _settle(pump)
        times: dict[str, list[float]] = {"quiet": [], "one_change": [], "slow_look": []}
        for number in range(repeats):
            pump._slow_look = time.monotonic()  # noqa: SLF001 - not due
            times["quiet"].append(_tick(pump))
            job = jobs[number % count] = foreign.update(jobs[number % count], message=f"Refining {number}")
            assert job.state is models.JobState.CHECKING
            times["one_change"].append(_tick(pump))
            pump._slow_look = 0.0  # noqa: SLF001 - due
            times["slow_look"].append(_tick(pump))
            if number % 20 == 0:
                yield
        found[str(count)] = times
    for job in jobs:
        foreign.update(foreign.get(job.job_id), state=models.JobState.CANCELLED)
    _settle(pump)
    foreign.close()
    return found


def _job(foreign: Any, obj: bpy.types.Object, number: int) -> Any:
    starting, models = module("scene.starting"), module("core.models")
    choices = module("scene.planning").Choices()
    job = starting.start_job(f"SESSION_{1000 + number}_1", obj, bpy.context, choices)
    module("scene.pump").sleep()
    foreign.claim(job.job_id, OTHER, 300.0)
    return foreign.update(foreign.get(job.job_id), owner=OTHER, state=models.JobState.CHECKING, message="Waits")


def _tick(pump: Any) -> float:
    begun = time.perf_counter()
    pump.step()
    return time.perf_counter() - begun


def _settle(pump: Any) -> None:
    """Until everything is taken in: the pump reads a few changes at a time."""
    for _ in range(len(desk().jobs) + 10):
        pump.step()


os.environ.setdefault("CSM_API_KEY", "benchmark")
os.environ.setdefault("CSM_BASE_URL", "http://127.0.0.1:9")
