# SPDX-License-Identifier: GPL-3.0-or-later
"""What a tick of the pump costs with jobs in the scene, with nothing new and while one job changes."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).parent))
from common import Steps, file_state, module, new_block_out
from inside import frames


def ticks(counts: list[int], times: int) -> Steps:
    """For each of *counts* (ascending) jobs in flight: seconds of so many ticks, quiet and with one change each."""
    yield from frames(12)
    pump, store = module("scene.jobs.job_updates"), file_state().open_store()
    file_state().worker.ensure = lambda *_: None  # nothing is sent here
    other = module("core.jobs.store").Store(store.home)  # the worker's, as it were
    found: list[dict[str, list[float]]] = []
    for count in counts:
        for number in range(len(file_state().jobs), count):
            _new_job(number)
        pump.step()
        module("scene.blender.main_timer").main_timer().cancel(pump.step)  # no ticks but these
        found.append({"quiet": _timed(times, lambda: None), "change": _timed(times, _Changes(other))})
    other.close()
    return found


def _new_job(number: int) -> None:
    obj = new_block_out(number)
    obj.location.x = 3.0 * number
    choices = module("core.models").Choices()
    depsgraph = bpy.context.evaluated_depsgraph_get()
    spec = module("scene.jobs.planning").plan_for_objects("SESSION_1_2", [obj], bpy.context.scene, depsgraph, choices)
    job = file_state().open_store().add(spec, os.environ["CSM_BASE_URL"])
    module("scene.jobs.record_sync").add_record(job, bpy.context.scene, obj)


class _Changes:
    """One job more has got on, each time it is called, as written by another process."""

    def __init__(self, store: Any) -> None:
        self._store, self._count = store, 0
        self._states = module("core.jobs.states").JobState

    def __call__(self) -> None:
        ids = list(file_state().jobs)
        store = self._store
        job = store.get(ids[self._count % len(ids)])
        self._count += 1
        if job.state is self._states.QUEUED:
            job = store.update(job, state=self._states.CHECKING)
        store.update(job, progress=(self._count % 97) / 100.0, message=f"Refining ({self._count})")


def _timed(times: int, before: Callable[[], None]) -> list[float]:
    """Each tick after *before*, all within one round of the event loop, so that no drawing is in between."""
    pump = module("scene.jobs.job_updates")
    seconds = []
    for _ in range(times):
        before()
        begun = time.perf_counter()
        pump.step()
        seconds.append(time.perf_counter() - begun)
    return seconds
