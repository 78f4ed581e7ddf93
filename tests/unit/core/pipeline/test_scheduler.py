# SPDX-License-Identifier: GPL-3.0-or-later
"""The scheduler: in which order jobs get their steps, with threads and without, and what it does meanwhile."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from jobs_at_hand import spec

from csm_blender.core.errors import StoreTrouble, StoreUnusable
from csm_blender.core.jobs.states import JobState
from csm_blender.core.jobs.store import Store
from csm_blender.core.pipeline import scheduler
from csm_blender.core.pipeline.scheduler import Scheduler, StepResult, run_blocking

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


def test_ctrl_c_passes_through(tmp_path: Path) -> None:
    class Interrupted(Steps):
        def advance(self, job_id: str) -> float | None:
            raise KeyboardInterrupt

    store = Store(tmp_path)
    job = store.add(spec("SESSION_1"), "http://127.0.0.1:9")
    with pytest.raises(KeyboardInterrupt):
        run_blocking(Interrupted(store), store, [job.job_id], concurrency=1, on_change=lambda _job: None)
    store.close()


def test_a_job_of_another_worker_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Foreign(Steps):
        def advance(self, job_id: str) -> float | None:
            job = self._store.get(job_id)
            assert job is not None
            self.done.append((job_id, job.state))
            if len(self.done) == 3:
                self._store.update(job, state=JobState.CANCELLED)
            return None

    monkeypatch.setattr(scheduler, "FOREIGN_LEASE_LOOK_S", 0.01)
    store = Store(tmp_path)
    job = store.add(spec("SESSION_1"), "http://127.0.0.1:9")
    steps, seen = Foreign(store), []
    run_blocking(steps, store, [job.job_id], concurrency=1, on_change=lambda job: seen.append(job.state))
    assert len(steps.done) == 3
    assert seen == [JobState.QUEUED, JobState.CANCELLED], "told of changes only"
    store.close()


class Recording(ThreadPoolExecutor):
    """Notes what is begun, in order, and how many steps were in progress at most."""

    def __init__(self) -> None:
        super().__init__(8)
        self.begun: list[str] = []
        self.running: list[Future[StepResult]] = []
        self.most_at_once = 0

    def submit(self, step: Callable[[str], StepResult], job_id: str) -> Future[StepResult]:
        self.begun.append(job_id)
        future = super().submit(step, job_id)
        self.running = [each for each in (*self.running, future) if not each.done()]
        self.most_at_once = max(self.most_at_once, len(self.running))
        return future


class Scripted:
    """Jobs whose steps end as a test says: *delays* are given to each step in turn, an error is raised."""

    def __init__(
        self,
        jobs: Sequence[str],
        delays: Sequence[float | StoreTrouble | None],
        *,
        step_s: float = 0.0,
        poll_s: float | None = None,
    ) -> None:
        self.steps = Recording()
        self._step_s, self._poll_s = step_s, poll_s
        self._new, self._delays = list(jobs), deque(delays)
        self.beats = self.reopened = 0
        self.polls: list[float] = []
        self.fails: deque[StoreTrouble] = deque()

    def run(self, *, threads: int = 1, **settings: float) -> None:
        chosen = {"heartbeat_s": 60.0, "longest_pause_s": 0.02, "trouble_pause_s": 0.01, **settings}
        Scheduler(
            self.steps, threads, self.new_jobs, self.step, lambda: self, after_trouble=self.reopen, **chosen
        ).run()

    def new_jobs(self, in_progress: Collection[str]) -> Sequence[str] | None:
        if self.fails:
            raise self.fails.popleft()
        found, self._new = self._new, []
        return found if found or in_progress else None

    def heartbeat(self) -> None:
        self.beats += 1

    def poll_converters(self) -> float | None:
        self.polls.append(time.monotonic())
        return self._poll_s

    def step(self, job_id: str) -> StepResult:
        delay = self._delays.popleft()
        time.sleep(self._step_s)
        if isinstance(delay, StoreTrouble):
            raise delay
        return delay, None

    def reopen(self) -> None:
        self.reopened += 1


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_as_many_steps_at_once_as_there_is_room_for(threads: int) -> None:
    jobs = Scripted("abcd", [0.0, None, None, None, None], step_s=0.05)
    jobs.run(threads=threads)
    assert jobs.steps.begun == ["a", "b", "c", "d", "a"]
    assert jobs.steps.most_at_once == min(threads, 4)


def test_leases_are_renewed_while_nothing_is_due() -> None:
    jobs = Scripted("a", [0.3, None])
    jobs.run(heartbeat_s=0.05)
    assert 2 <= jobs.beats <= 6


def test_converters_are_polled_often_while_a_job_waits_in_line() -> None:
    jobs = Scripted("a", [0.2, None], poll_s=0.02)
    jobs.run(longest_pause_s=60.0)
    assert 4 <= len(jobs.polls) <= 14


def test_a_store_in_trouble_is_opened_again_and_steps_are_repeated() -> None:
    jobs = Scripted("a", [StoreUnusable("locked"), None])
    jobs.fails.append(StoreUnusable("locked"))
    jobs.run()
    assert jobs.steps.begun == ["a", "a"]
    assert jobs.reopened == 1


def test_patience_with_a_store_ends() -> None:
    jobs = Scripted("a", [StoreUnusable("locked")] * 99)
    with pytest.raises(StoreUnusable):
        jobs.run(trouble_limit_s=0.1)
    assert 3 <= len(jobs.steps.begun) <= 12


def test_patience_begins_again_when_a_step_succeeds() -> None:
    trouble = StoreUnusable("locked")
    jobs = Scripted("a", [trouble, trouble, 0.25, trouble, 0.25, trouble, None])
    jobs.run(trouble_limit_s=0.4)
    assert len(jobs.steps.begun) == 7
