# SPDX-License-Identifier: GPL-3.0-or-later
"""Attend to the jobs of the store with a few threads, until there is nothing to do or nobody to do it for.

Threading rules: a pipeline, its store and its client belong to the thread that made them; converters and the memories
of jobs are shared; what is due when is known to the main thread only, which hears from the others through a queue.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from ..core.errors import CsmError
from ..core.jobs.store import Store
from ..core.pipeline.context import VolatileStates
from ..core.pipeline.pipeline import Pipeline
from ..core.processes.converter_pool import Converters
from .config import WorkerConfig

STORE_LOOK_S = 0.25
FULL_LOOK_S = 5.0
AFTER_STORE_TROUBLE_S = 5.0
_log = logging.getLogger(__name__)


def attend(orders: WorkerConfig, parent_is_gone: Callable[[], bool]) -> None:
    """Work until *parent_is_gone* or nothing has been to do for ``orders.idle_s`` seconds."""
    converters = Converters(orders.interpreters)
    team = _Team(orders, converters)
    try:
        with ThreadPoolExecutor(orders.threads) as pool:
            scheduler = _Scheduler(orders, team, pool)
            while not parent_is_gone() and not scheduler.idle():
                try:
                    scheduler.turn()
                except CsmError as error:  # full disk, locked or deleted file: it may come back, and so may the jobs
                    _log.warning("The job store is in trouble: %s", error)
                    scheduler.reopen_store()
    finally:
        converters.stop_all()
        with contextlib.suppress(CsmError), contextlib.closing(Store(orders.home)) as store:
            store.release(orders.owner)


class _Team:
    """The pipelines, one to a thread. One whose store fails is thrown away, so that the store is opened anew."""

    def __init__(self, orders: WorkerConfig, converters: Converters) -> None:
        self._orders = orders
        self._converters = converters
        self._attention = VolatileStates()
        self._own = threading.local()

    def look_at_converters(self) -> float:
        """Have converters that are done go on. Seconds until the next look is worth it."""
        return self._converters.look() or STORE_LOOK_S

    def advance(self, job_id: str) -> float | None:
        """One step of a job, in the calling thread."""
        try:
            delay: float | None = self._pipeline().advance(job_id)
        except CsmError as error:
            _log.warning("The job store is in trouble: %s", error)
            self._dismiss()
            return AFTER_STORE_TROUBLE_S
        except Exception:  # noqa: BLE001 - a mistake must not end the worker: the other jobs go on, and the log has the traceback
            _log.exception("A step of job %s broke", job_id)
            return AFTER_STORE_TROUBLE_S
        return delay

    def _pipeline(self) -> Pipeline:
        if getattr(self._own, "pipeline", None) is None:
            orders = self._orders
            self._own.store = Store(orders.home)
            self._own.pipeline = Pipeline(
                self._own.store, orders.settings, self._converters, orders.owner, attention=self._attention
            )
        pipeline: Pipeline = self._own.pipeline
        return pipeline

    def _dismiss(self) -> None:
        if getattr(self._own, "pipeline", None) is not None:
            self._own.pipeline.close()
            self._own.store.close()
            self._own.pipeline = None


class _Scheduler:
    """Knows which job is due when, and finds new ones."""

    def __init__(self, orders: WorkerConfig, team: _Team, pool: ThreadPoolExecutor) -> None:
        self._orders = orders
        self._team = team
        self._pool = pool
        self._store: Store | None = None
        self._due: list[tuple[float, int, str]] = []
        self._order = itertools.count()
        self._attended: set[str] = set()
        self._answers: queue.SimpleQueue[tuple[str, float | None]] = queue.SimpleQueue()
        self._version = -1
        self._looked_at = self._beat_at = 0.0
        self._busy_at = time.monotonic()

    def idle(self) -> bool:
        """Whether there has been nothing to do for long."""
        return time.monotonic() - self._busy_at > self._orders.idle_s

    def reopen_store(self) -> None:
        """Open the store anew at the next turn, after a pause in which running steps are still heard."""
        if self._store is not None:
            self._store.close()
            self._store = None
        self._hear(AFTER_STORE_TROUBLE_S)

    def turn(self) -> None:
        """Find jobs, start the steps that are due, hear one that has ended. Raises a :class:`StoreTrouble`."""
        if self._store is None:
            self._store, self._version = Store(self._orders.home), -1
        now = time.monotonic()
        self._beat(self._store, now)
        self._find_jobs(self._store, now)
        while self._due and self._due[0][0] <= now:
            self._pool.submit(self._run, heapq.heappop(self._due)[2])
        if self._attended:
            self._busy_at = now
        pause = self._team.look_at_converters()
        if self._due:
            pause = min(pause, max(0.0, self._due[0][0] - now))
        self._hear(max(0.005, pause))

    def _beat(self, store: Store, now: float) -> None:
        lease_s = self._orders.settings.lease_s
        if self._attended and now - self._beat_at > lease_s / 4.0:
            store.renew(self._orders.owner, lease_s)
            self._beat_at = now

    def _find_jobs(self, store: Store, now: float) -> None:
        current = store.data_version()
        if current == self._version and now - self._looked_at <= FULL_LOOK_S:
            return
        self._version, self._looked_at = current, now
        for job_id in store.waiting_for_worker(self._orders.settings.base_url, self._orders.owner):
            if job_id not in self._attended and len(self._attended) < self._orders.concurrency:
                self._attended.add(job_id)
                heapq.heappush(self._due, (now, next(self._order), job_id))

    def _run(self, job_id: str) -> None:
        delay: float | None = AFTER_STORE_TROUBLE_S
        try:
            delay = self._team.advance(job_id)
        finally:
            self._answers.put((job_id, delay))

    def _hear(self, wait_s: float) -> None:
        try:
            job_id, delay = self._answers.get(timeout=wait_s)
        except queue.Empty:
            return
        if delay is None:
            self._attended.discard(job_id)
        else:
            heapq.heappush(self._due, (time.monotonic() + delay, next(self._order), job_id))
