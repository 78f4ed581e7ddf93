# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide which job gets its next step when: the one scheduler of the command line and the worker.

:func:`run_blocking` runs it without threads, :mod:`csm_blender.worker.thread_pool` with some. Many jobs are in progress
at the same time because each step of the pipeline is short and says when the next one is due.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field
from typing import Any

from ..errors import StoreTrouble
from ..jobs.job import Job
from ..jobs.job_records import JobRecords
from ..jobs.states import JobState
from .pipeline import Pipeline

FOREIGN_LEASE_LOOK_S = 1.0
STORE_TROUBLE_LIMIT_S = 30.0
_URGENCY = (JobState.CONVERTING, JobState.SUBMITTING, JobState.CHECKING, JobState.QUEUED, JobState.DOWNLOADING)
"""Converters and the service work while this process goes on, so they are given their work first. Looks come last."""
_NEVER = float("inf")
_log = logging.getLogger(__name__)

StepResult = tuple[float | None, JobState | None]
"""Seconds until the job's next step, ``None`` if it needs none here, and the state it is in now."""


@dataclass
class Scheduler:
    """Has jobs advanced by *executor*, at most *threads* steps at the same moment.

    ``new_jobs`` gets the jobs in progress and gives those to begin now; ``None`` to stop. ``step`` does the next step
    of a job, in a thread of the executor. ``pipeline`` is that of the calling thread. All three may raise
    :class:`StoreTrouble`: then ``after_trouble`` is called, except after a step, and it is tried again every
    ``trouble_pause_s`` seconds, for ``trouble_limit_s`` seconds. Leases are renewed every ``heartbeat_s`` seconds, new
    jobs looked for every ``longest_pause_s``, at least.
    """

    executor: Executor
    threads: int
    new_jobs: Callable[[Collection[str]], Sequence[str] | None]
    step: Callable[[str], StepResult]
    pipeline: Callable[[], Pipeline]
    heartbeat_s: float
    longest_pause_s: float
    trouble_pause_s: float = 1.0
    trouble_limit_s: float = _NEVER
    after_trouble: Callable[[], None] = lambda: None
    _jobs: dict[str, tuple[int, float]] = field(default_factory=dict, init=False)
    """Jobs in progress: how urgent (0 is most) the next step is, and when it is due (never while one is done)."""
    _steps: dict[Future[StepResult], str] = field(default_factory=dict, init=False)
    _beat_at_s: float = field(default_factory=time.monotonic, init=False)
    _trouble_since_s: float | None = field(default=None, init=False)

    def run(self) -> None:
        """Work until there are no jobs. Raises :class:`StoreTrouble` when that has lasted too long."""
        while True:
            try:
                if (found := self.new_jobs(self._jobs)) is None:
                    return
                for job_id in found:
                    self._add(job_id, JobState.QUEUED, 0.0)
                if self._jobs and time.monotonic() - self._beat_at_s > self.heartbeat_s:
                    self.pipeline().heartbeat()
                    self._beat_at_s = time.monotonic()
                pause_s = min(self.longest_pause_s, self._begin_steps(), self.pipeline().poll_converters() or _NEVER)
            except StoreTrouble as trouble:
                self._tolerate(trouble)
                self.after_trouble()
                pause_s = self.trouble_pause_s
            if self._steps:
                for step in wait(self._steps, pause_s, FIRST_COMPLETED).done:
                    self._end_step(step)
            else:
                time.sleep(pause_s)

    def _add(self, job_id: str, state: JobState | None, delay_s: float) -> None:
        urgency = _URGENCY.index(state) if state in _URGENCY else len(_URGENCY)
        self._jobs.pop(job_id, None)  # it goes behind others that are as urgent
        self._jobs[job_id] = urgency, time.monotonic() + delay_s

    def _begin_steps(self) -> float:
        """Begin the steps that are due, the most urgent first. Seconds until another one can begin."""
        while len(self._steps) < self.threads:
            now = time.monotonic()
            due = [job_id for job_id, (_urgency, due_s) in self._jobs.items() if due_s <= now]
            if not due:
                return min((due_s for _urgency, due_s in self._jobs.values()), default=_NEVER) - now
            job_id = min(due, key=self._jobs.__getitem__)
            self._steps[self.executor.submit(self.step, job_id)] = job_id
            self._jobs[job_id] = self._jobs[job_id][0], _NEVER
        return _NEVER

    def _end_step(self, step: Future[StepResult]) -> None:
        job_id = self._steps.pop(step)
        try:
            delay_s, state = step.result()
        except StoreTrouble as trouble:
            self._tolerate(trouble)
            self._jobs[job_id] = self._jobs[job_id][0], time.monotonic() + self.trouble_pause_s
            return
        self._trouble_since_s = None
        if delay_s is None:
            del self._jobs[job_id]
        else:
            self._add(job_id, state, delay_s)

    def _tolerate(self, trouble: StoreTrouble) -> None:
        """Raise *trouble* again once it has lasted too long."""
        now = time.monotonic()
        if self._trouble_since_s is None:
            self._trouble_since_s = now
            _log.warning("The job store is in trouble: %s", trouble)
        if now - self._trouble_since_s > self.trouble_limit_s:
            raise trouble


def run_blocking(  # noqa: PLR0913 - the last is for farms only
    pipeline: Pipeline,
    store: JobRecords,
    job_ids: Sequence[str],
    *,
    concurrency: int,
    on_change: Callable[[Job], None],
    begin: Callable[[str], bool | None] = lambda _job_id: True,
) -> None:
    """Advance the jobs in the calling thread until none needs a worker, at most *concurrency* of them at a time.

    *on_change* gets a job after each of its steps that changed something. *begin* is called before the first step of a
    job; ``False`` means that it has ended, ``None`` that another worker holds it though it seems to have ended. Jobs
    that other workers hold are waited for, after all others, and are done here should those workers die. A store that
    fails is given ``STORE_TROUBLE_LIMIT_S`` seconds before its :class:`StoreTrouble` is passed on.
    ``KeyboardInterrupt`` passes through; the jobs stay as they are in the store.
    """
    waiting = deque(job_ids)
    seen: dict[str, int] = {}
    begun: set[str] = set()
    elsewhere: set[str] = set()  # held by other workers
    watched: set[str] = set()  # those of them that are looked at, since nothing else waits

    def new_jobs(in_progress: Collection[str]) -> Sequence[str] | None:
        room = concurrency - (len(in_progress) - len(watched))
        found = [waiting.popleft() for _ in range(min(len(waiting), room))]
        if not waiting and not found:
            found = [job_id for job_id in elsewhere if job_id not in watched]
            watched.update(found)
        return found if found or in_progress else None

    def step(job_id: str) -> StepResult:
        may_begin = job_id in begun or begin(job_id)
        delay_s = pipeline.advance(job_id) if may_begin else None
        if delay_s is not None:
            begun.add(job_id)
        job = store.get(job_id)
        if job is None:
            return delay_s, None
        if seen.get(job_id) != job.revision and may_begin is not None:
            on_change(job)
            seen[job_id] = job.revision  # only now: a step whose store fails is repeated
        if may_begin is None or (delay_s is None and job.needs_worker):
            elsewhere.add(job_id)
            return FOREIGN_LEASE_LOOK_S if job_id in watched else None, job.state
        elsewhere.discard(job_id)
        watched.discard(job_id)
        if delay_s is None:
            begun.discard(job_id)
        return delay_s, job.state

    beat_s = pipeline.heartbeat_s
    Scheduler(
        _CallingThread(), 1, new_jobs, step, lambda: pipeline, beat_s, beat_s, trouble_limit_s=STORE_TROUBLE_LIMIT_S
    ).run()


class _CallingThread(Executor):
    """Does what it is given at once."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except StoreTrouble as trouble:
            future.set_exception(trouble)
        return future
