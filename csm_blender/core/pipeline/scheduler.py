# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide which job gets its next step when: the one scheduler of the command line and the worker.

What differs between the two is a :class:`Driver`: which jobs there are, and in which thread a step is done.
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
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

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
    """What came of a step: the job's state now, and the seconds until its next step; ``None`` if it needs none here.

    After *trouble* with the store the step is repeated.
    """

    job_id: str
    state: JobState = JobState.QUEUED
    delay_s: float | None = None
    trouble: StoreTrouble | None = None


class Driver(ABC):
    """Where jobs come from and who does their steps. All methods are called by one thread."""

    heartbeat_s: float
    """Seconds between two calls of :meth:`heartbeat`."""
    longest_pause_s: float
    """Seconds after which to look for new jobs."""
    trouble_pause_s = 1.0
    """Seconds after which to use a store again that was in trouble."""
    patience_s = float("inf")
    """Seconds for which a store may be in trouble before the :class:`StoreTrouble` is passed on."""

    @abstractmethod
    def is_over(self, under_way: AbstractSet[str]) -> bool:
        """Whether to stop."""

    @abstractmethod
    def new_jobs(self, under_way: AbstractSet[str]) -> Sequence[str]:
        """Jobs to take up now. Raises :class:`StoreTrouble`, as do the others that use the store."""

    @abstractmethod
    def heartbeat(self) -> None:
        """Renew the leases of the jobs that are under way."""

    @abstractmethod
    def poll_converters(self) -> float | None:
        """See :meth:`.ConverterPool.poll`."""

    @abstractmethod
    def has_room(self) -> bool:
        """Whether one more step can begin."""

    @abstractmethod
    def begin_step(self, job_id: str) -> None:
        """Have the next step of a job done."""

    @abstractmethod
    def next_outcome(self, wait_s: float) -> Outcome | None:
        """The outcome of a step that has ended, waited for if there is none yet; ``None`` after *wait_s* seconds."""

    def after_trouble(self) -> None:  # noqa: B027 - most have nothing to do
        """Called when one of the methods that use the store has raised."""


class Scheduler:
    """Has the jobs of a driver advanced."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._agenda = _Agenda()
        self._under_way: dict[str, JobState] = {}
        self._beat_at = time.monotonic()
        self._trouble_since: float | None = None

    def run(self) -> None:
        """Work until the driver says it is over. Raises :class:`StoreTrouble` when the driver's patience is over."""
        while not self._driver.is_over(self._under_way.keys()):
            pause_s = self._driver.longest_pause_s
            try:
                self._beat()
                self._take_up_jobs()
            except StoreTrouble as trouble:
                self._note(trouble)
                self._driver.after_trouble()
                pause_s = self._driver.trouble_pause_s
            else:
                pause_s = min(pause_s, self._begin_steps(), self._driver.poll_converters() or pause_s)
            if outcome := self._driver.next_outcome(pause_s):
                self._take_in(outcome)

    def _beat(self) -> None:
        now = time.monotonic()
        if self._under_way and now - self._beat_at > self._driver.heartbeat_s:
            self._driver.heartbeat()
            self._beat_at = now

    def _take_up_jobs(self) -> None:
        for job_id in self._driver.new_jobs(self._under_way.keys()):
            self._under_way[job_id] = JobState.QUEUED
            self._agenda.add(job_id, JobState.QUEUED, 0.0)

    def _begin_steps(self) -> float:
        """Begin the steps that are due. Seconds until the next one is."""
        while self._driver.has_room() and (job_id := self._agenda.pop_due()):
            self._driver.begin_step(job_id)
        return self._agenda.seconds_to_next() if self._driver.has_room() else float("inf")

    def _take_in(self, outcome: Outcome) -> None:
        job_id = outcome.job_id
        if outcome.trouble is not None:
            self._note(outcome.trouble)
            self._agenda.add(job_id, self._under_way[job_id], self._driver.trouble_pause_s)
            return
        self._trouble_since = None
        if outcome.delay_s is None:
            del self._under_way[job_id]
        else:
            self._under_way[job_id] = outcome.state
            self._agenda.add(job_id, outcome.state, outcome.delay_s)

    def _note(self, trouble: StoreTrouble) -> None:
        """Raise *trouble* again once it has lasted too long."""
        now = time.monotonic()
        if self._trouble_since is None:
            self._trouble_since = now
            _log.warning("The job store is in trouble: %s", trouble)
        if now - self._trouble_since > self._driver.patience_s:
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
    Scheduler(_InlineDriver(pipeline, store, job_ids, concurrency, on_change, sleep)).run()


class _InlineDriver(Driver):
    """A fixed list of jobs; a step is done when it begins."""

    patience_s = STORE_PATIENCE_S

    def __init__(  # noqa: PLR0913, PLR0917 - as those of run_blocking
        self,
        pipeline: Pipeline,
        store: Store,
        job_ids: Sequence[str],
        concurrency: int,
        on_change: Callable[[Job], None],
        sleep: Callable[[float], None],
    ) -> None:
        self._pipeline, self._store, self._on_change, self._sleep = pipeline, store, on_change, sleep
        self._waiting, self._concurrency = deque(job_ids), concurrency
        self._revisions: dict[str, int] = {}
        self._outcome: Outcome | None = None
        self.heartbeat_s = self.longest_pause_s = pipeline.heartbeat_s

    def is_over(self, under_way: AbstractSet[str]) -> bool:
        return not (self._waiting or under_way)

    def new_jobs(self, under_way: AbstractSet[str]) -> Sequence[str]:
        return [self._waiting.popleft() for _ in range(min(len(self._waiting), self._concurrency - len(under_way)))]

    def heartbeat(self) -> None:
        self._pipeline.heartbeat()

    def poll_converters(self) -> float | None:
        return self._pipeline.poll_converters()

    def has_room(self) -> bool:
        return self._outcome is None

    def begin_step(self, job_id: str) -> None:
        try:
            delay_s = self._pipeline.advance(job_id)
            job = self._store.get(job_id)
        except StoreTrouble as trouble:
            self._outcome = Outcome(job_id, trouble=trouble)
            return
        if job is None:
            self._outcome = Outcome(job_id)
            return
        if self._revisions.get(job_id) != job.revision:
            self._revisions[job_id] = job.revision
            self._on_change(job)
        if delay_s is None and job.needs_worker:
            delay_s = FOREIGN_LEASE_LOOK_S
        self._outcome = Outcome(job_id, job.state, delay_s)

    def next_outcome(self, wait_s: float) -> Outcome | None:
        outcome, self._outcome = self._outcome, None
        if outcome is None:
            self._sleep(wait_s)
        return outcome
