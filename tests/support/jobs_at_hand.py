# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs for tests without a scene: a plain box by numbers, and drivers that stop where a test wants to look."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from typing import Any

from common import load_script

from csm_blender.core.geometry import box
from csm_blender.core.jobs.job import Job
from csm_blender.core.jobs.states import JobState
from csm_blender.core.jobs.store import Store
from csm_blender.core.models import Choices, JobSpec
from csm_blender.core.pipeline.pipeline import Pipeline
from csm_blender.core.processes.converter_pool import ConverterPool
from csm_blender.core.processes.launch import Interpreters
from csm_blender.core.settings import Settings

QUICK = {"connect_timeout_s": 1.0, "read_timeout_s": 1.0, "poll_interval_s": 0.05, "give_up_unpaid_s": 1.0}
"""Settings for impatient tests."""


class QuickDraw(random.Random):
    """Takes the short end of every wait."""

    def uniform(self, a: float, b: float) -> float:
        return min(b, a + 0.02)


def spec(code: str, *, again: bool = False, **changes: Any) -> JobSpec:
    """What to do with session *code*: a box of half a meter."""
    changes.setdefault("choices", Choices(again=again))
    refinement, placement = box.plan_for_numbers((0.5, 0.9, 0.5), None, scale_length=1.0)
    return JobSpec(session_code=code, result_name="Chair", refinement=refinement, placement=placement, **changes)


def settings(url: str, key: str, **changes: Any) -> Settings:
    """Quick settings for a service."""
    return Settings(base_url=url, key=key, **{**QUICK, "deadline_s": 60.0, **changes})


def blender_python(version: str = "4.2") -> str:
    """A Python that has bpy."""
    return str(load_script("environment.py").python_of(f"bpy-{version}"))


def interpreters() -> Interpreters:
    """Real converters: child processes of a Python that has bpy."""
    return Interpreters(blender_python())


def idle_converters() -> ConverterPool:
    """For tests that end before CONVERTING: real ones, of a Python without bpy. None of them is ever started."""
    return ConverterPool(Interpreters(sys.executable))


def drive(
    pipeline: Pipeline,
    store: Store,
    job_id: str,
    *,
    until: Callable[[Job], bool] = lambda job: False,
    before: Callable[[Job], None] = lambda job: None,
    limit_s: float = 30.0,
) -> Job:
    """Advance one job until it needs no worker or *until* says so; *before* sees it before each step."""
    end = time.monotonic() + limit_s
    while True:
        job = store.get(job_id)
        assert job is not None
        if until(job) or not job.needs_worker:
            return job
        assert time.monotonic() < end, f"still {job.state}: {job.message}"
        before(job)
        delay = pipeline.advance(job_id)
        time.sleep(min(delay if delay is not None else 0.05, 1.0))


def delivered(job: Job) -> bool:
    """Whether the mesh has arrived and passed the check."""
    return job.state is JobState.CONVERTING
