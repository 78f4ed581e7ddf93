# SPDX-License-Identifier: GPL-3.0-or-later
"""The scheduler: in which order jobs get their steps."""

from __future__ import annotations

import time
from pathlib import Path

from jobs_at_hand import spec

from csm_blender.core.jobs.store import Store
from csm_blender.core.models import JobState
from csm_blender.core.pipeline.scheduler import run_blocking

LIFE = (
    JobState.QUEUED, JobState.CHECKING, JobState.SUBMITTING, JobState.REFINING, JobState.DOWNLOADING,
    JobState.CONVERTING, JobState.READY,
)  # fmt: skip


class Steps:
    """Takes each job one state on in each step, all of them due at once, and notes what was done."""

    heartbeat_s = 60.0

    def __init__(self, store: Store) -> None:
        self._store = store
        self.done: list[tuple[str, JobState]] = []

    def heartbeat(self) -> None:
        """Nothing holds a lease here."""

    def poll_converters(self) -> None:
        """Nothing is converted here."""

    def advance(self, job_id: str) -> float | None:
        """One step."""
        job = self._store.get(job_id)
        assert job is not None
        self.done.append((job_id, job.state))
        if job.state is JobState.READY:
            return None
        self._store.update(job, state=LIFE[LIFE.index(job.state) + 1])
        return 0.0


def run(folder: Path, concurrency: int) -> tuple[list[str], list[tuple[str, JobState]]]:
    """Three jobs through all their steps: their ids, and the steps in the order they were done."""
    store = Store(folder)
    ids = [store.add(spec(f"SESSION_{number}"), "http://127.0.0.1:9").job_id for number in range(3)]
    steps = Steps(store)
    run_blocking(steps, store, ids, concurrency=concurrency, on_change=lambda _job: None)
    store.close()
    return ids, steps.done


def test_every_request_goes_out_before_anything_is_watched(tmp_path: Path) -> None:
    _ids, done = run(tmp_path, 3)
    states = [state for _job_id, state in done]
    assert states.index(JobState.REFINING) > max(n for n, state in enumerate(states) if state is JobState.SUBMITTING)


def test_a_mesh_goes_to_the_converter_before_the_next_job_is_watched(tmp_path: Path) -> None:
    ids, done = run(tmp_path, 3)
    watched = [n for n, (_job_id, state) in enumerate(done) if state is JobState.REFINING]
    converted = [n for n, (_job_id, state) in enumerate(done) if state is JobState.CONVERTING]
    assert [done[n][0] for n in watched] == ids
    assert all(conversion < look for conversion, look in zip(converted, watched[1:], strict=False))


def test_no_more_jobs_than_asked_for_are_under_way(tmp_path: Path) -> None:
    ids, done = run(tmp_path, 1)
    order = [job_id for job_id, _state in done]
    assert order == sorted(order, key=ids.index)


def test_a_job_that_is_not_due_keeps_nobody_waiting(tmp_path: Path) -> None:
    class Slow(Steps):
        def advance(self, job_id: str) -> float | None:
            delay = super().advance(job_id)
            return 0.3 if job_id == ids[0] and self.done[-1][1] is JobState.QUEUED else delay

    store = Store(tmp_path)
    ids = [store.add(spec(f"SESSION_{number}"), "http://127.0.0.1:9").job_id for number in range(2)]
    steps = Slow(store)
    begun = time.monotonic()
    run_blocking(steps, store, ids, concurrency=2, on_change=lambda _job: None)
    assert time.monotonic() - begun >= 0.3
    assert [job_id for job_id, _state in steps.done[1:8]] == [ids[1]] * 7
    store.close()
