# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide which job gets its next step when: the one scheduler of the command line and the worker.

What differs between the two is in subclasses: which jobs there are, and in which thread a step is done.
:func:`run_blocking` has the one without threads, :mod:`csm_blender.worker.thread_pool` the other one. Many jobs are
under way at the same time because each step of the pipeline is short and says when the next one is due.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ..errors import StoreTrouble
from ..jobs.job import Job
from ..jobs.store import Store
from ..models import JobState
from .pipeline import Pipeline

FOREIGN_LEASE_LOOK_S = 1.0
STORE_PATIENCE_S = 30.0
_URGENCY = (JobState.CONVERTING, JobState.SUBMITTING, JobState.CHECKING, JobState.QUEUED, JobState.DOWNLOADING)
"""Converters and the service work while this process goes on, so they are given their work first. Looks come last."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """What came of a step: the job now, and the seconds until its next step, ``None`` if it needs none here.

    After *trouble* with the store the step is repeated.
    """

    job_id: str
    delay_s: float | None = None
    job: Job | None = None
    trouble: StoreTrouble | None = None


def do_step(pipeline: Pipeline, store: Store, job_id: str) -> Outcome:
    """Do the next step of a job."""
    try:
        return Outcome(job_id, pipeline.advance(job_id), store.get(job_id))
    except StoreTrouble as trouble:
        return Outcome(job_id, trouble=trouble)


class Scheduler(ABC):
    """Has jobs advanced, no more than ``threads`` of them at the same moment. The methods belong to one thread.

    A store in trouble is tried again every ``trouble_pause_s`` seconds, for ``patience_s`` seconds.
    """

    threads = 1
    trouble_pause_s = 1.0
    patience_s = float("inf")

    def __init__(self, *, heartbeat_s: float, longest_pause_s: float) -> None:
        """Leases are renewed every *heartbeat_s* seconds, new jobs looked for every *longest_pause_s*, at least."""
        self._heartbeat_s, self._longest_pause_s = heartbeat_s, longest_pause_s
        self._under_way: dict[str, JobState] = {}
        self._agenda = _Agenda()
        self._steps = 0
        self._beat_at = time.monotonic()
        self._trouble_since: float | None = None

    @abstractmethod
    def _is_over(self) -> bool:
        """Whether to stop."""

    @abstractmethod
    def _new_jobs(self) -> Sequence[str]:
        """Jobs to take up now. Raises :class:`StoreTrouble`."""

    @abstractmethod
    def _heartbeat(self) -> None:
        """Renew the leases of the jobs that are under way. Raises :class:`StoreTrouble`."""

    @abstractmethod
    def _poll_converters(self) -> float | None:
        """See :meth:`.ConverterPool.poll`."""

    @abstractmethod
    def _begin_step(self, job_id: str) -> None:
        """Have the next step of a job done."""

    @abstractmethod
    def _next_outcome(self, wait_s: float) -> Outcome | None:
        """The outcome of a step that has ended, waited for if there is none yet; ``None`` after *wait_s* seconds."""

    def _after_trouble(self) -> None:  # noqa: B027 - not all have something to do
        """Called when the store was in trouble outside a step."""

    def run(self) -> None:
        """Work until it is over. Raises :class:`StoreTrouble` when that has lasted too long."""
        while not self._is_over():
            try:
                if self._under_way and time.monotonic() - self._beat_at > self._heartbeat_s:
                    self._heartbeat()
                    self._beat_at = time.monotonic()
                for job_id in self._new_jobs():
                    self._add(job_id, JobState.QUEUED, 0.0)
            except StoreTrouble as trouble:
                self._note(trouble)
                self._after_trouble()
                pause_s = self.trouble_pause_s
            else:
                pause_s = min(self._longest_pause_s, self._begin_steps(), self._poll_converters() or float("inf"))
            if outcome := self._next_outcome(pause_s):
                self._steps -= 1
                self._take_in(outcome)

    def _begin_steps(self) -> float:
        """Begin the steps that are due. Seconds until another one can begin."""
        while self._steps < self.threads:
            if not (job_id := self._agenda.pop_due()):
                return self._agenda.seconds_to_next()
            self._steps += 1
            self._begin_step(job_id)
        return float("inf")

    def _take_in(self, outcome: Outcome) -> None:
        job_id, state = outcome.job_id, self._under_way[outcome.job_id]
        if outcome.trouble is not None:
            self._note(outcome.trouble)
            self._add(job_id, state, self.trouble_pause_s)
            return
        self._trouble_since = None
        if outcome.delay_s is None:
            del self._under_way[job_id]
        else:
            self._add(job_id, outcome.job.state if outcome.job else state, outcome.delay_s)

    def _add(self, job_id: str, state: JobState, delay_s: float) -> None:
        self._under_way[job_id] = state
        self._agenda.add(job_id, state, delay_s)

    def _note(self, trouble: StoreTrouble) -> None:
        """Raise *trouble* again once it has lasted too long."""
        now = time.monotonic()
        if self._trouble_since is None:
            self._trouble_since = now
            _log.warning("The job store is in trouble: %s", trouble)
        if now - self._trouble_since > self.patience_s:
            raise trouble


class _Agenda:
    """Which job is due when. Of several that are due, the one comes first whose step gives others something to do."""

    def __init__(self) -> None:
        self._later: list[tuple[float, int, JobState, str]] = []
        self._due: list[tuple[int, float, int, str]] = []
        self._order = itertools.count()

    def add(self, job_id: str, state: JobState, delay_s: float) -> None:
        """Have a job that is in *state* come up in *delay_s* seconds."""
        heapq.heappush(self._later, (time.monotonic() + delay_s, next(self._order), state, job_id))

    def pop_due(self) -> str:
        """The most urgent job that is due now; empty if none is."""
        now = time.monotonic()
        while self._later and self._later[0][0] <= now:
            when, order, state, job_id = heapq.heappop(self._later)
            urgency = _URGENCY.index(state) if state in _URGENCY else len(_URGENCY)
            heapq.heappush(self._due, (urgency, when, order, job_id))
        return heapq.heappop(self._due)[-1] if self._due else ""

    def seconds_to_next(self) -> float:
        """Seconds until a job is due, which none is now; endless if there is none."""
        return max(0.0, self._later[0][0] - time.monotonic()) if self._later else float("inf")


def run_blocking(  # noqa: PLR0913 - what to run, how, and who wants to know
    pipeline: Pipeline,
    store: Store,
    job_ids: Sequence[str],
    *,
    concurrency: int,
    on_change: Callable[[Job], None],
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Advance the jobs in the calling thread until none needs a worker, at most *concurrency* of them at a time.

    *on_change* sees a job after each of its steps that changed something. A job that another worker holds is waited
    for. A store that fails is given ``STORE_PATIENCE_S`` seconds before its :class:`StoreTrouble` is passed on.
    ``KeyboardInterrupt`` passes through; the jobs stay as they are in the store.
    """
    seen: dict[str, int] = {}

    def step(job_id: str) -> Outcome:
        outcome = do_step(pipeline, store, job_id)
        job = outcome.job
        if job is None:
            return outcome
        if seen.get(job_id) != job.revision:
            seen[job_id] = job.revision
            on_change(job)
        foreign = outcome.delay_s is None and job.needs_worker
        return replace(outcome, delay_s=FOREIGN_LEASE_LOOK_S) if foreign else outcome

    _BlockingScheduler(pipeline, step, job_ids, concurrency, sleep).run()


class _BlockingScheduler(Scheduler):
    """A fixed list of jobs; a step is done when it begins."""

    patience_s = STORE_PATIENCE_S

    def __init__(
        self,
        pipeline: Pipeline,
        step: Callable[[str], Outcome],
        job_ids: Sequence[str],
        concurrency: int,
        sleep: Callable[[float], None],
    ) -> None:
        super().__init__(heartbeat_s=pipeline.heartbeat_s, longest_pause_s=pipeline.heartbeat_s)
        self._pipeline, self._step, self._sleep = pipeline, step, sleep
        self._waiting, self._concurrency = deque(job_ids), concurrency
        self._outcome: Outcome | None = None

    def _is_over(self) -> bool:
        return not (self._waiting or self._under_way)

    def _new_jobs(self) -> Sequence[str]:
        room = self._concurrency - len(self._under_way)
        return [self._waiting.popleft() for _ in range(min(len(self._waiting), room))]

    def _heartbeat(self) -> None:
        self._pipeline.heartbeat()

    def _poll_converters(self) -> float | None:
        return self._pipeline.poll_converters()

    def _begin_step(self, job_id: str) -> None:
        self._outcome = self._step(job_id)

    def _next_outcome(self, wait_s: float) -> Outcome | None:
        outcome, self._outcome = self._outcome, None
        if outcome is None:
            self._sleep(wait_s)
        return outcome
