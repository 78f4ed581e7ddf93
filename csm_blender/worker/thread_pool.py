# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker's way of running jobs: found in the store, their steps done by a few threads.

Threading rules: a pipeline, its store and its client belong to the thread that made them; converters and the volatile
states of jobs are shared; what is due when is known to the main thread only, which hears from the others through a
queue.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from ..core.errors import CsmError, StoreTrouble
from ..core.jobs.store import Store
from ..core.pipeline.context import VolatileStates
from ..core.pipeline.pipeline import Pipeline
from ..core.pipeline.scheduler import Outcome, Scheduler, do_step
from ..core.processes.converter_pool import ConverterPool
from .config import WorkerConfig

FIND_JOBS_S = 0.25
FIND_ALL_JOBS_S = 5.0
AFTER_STORE_TROUBLE_S = 5.0
_log = logging.getLogger(__name__)


def run_worker(config: WorkerConfig, parent_is_gone: Callable[[], bool]) -> None:
    """Work until *parent_is_gone* or nothing has been to do for ``config.idle_s`` seconds."""
    converters = ConverterPool(config.interpreters)
    try:
        with ThreadPoolExecutor(config.threads) as pool:
            ThreadedScheduler(config, converters, pool, parent_is_gone).run()
    finally:
        converters.stop_all()
        with contextlib.suppress(CsmError), contextlib.closing(Store(config.home)) as store:
            store.release(config.owner)


class ThreadedScheduler(Scheduler):
    """Finds the jobs that wait in the store, and has their steps done by *pool*.

    Each thread has a pipeline and a store of its own. One whose store fails is thrown away, so that the store is opened
    anew.
    """

    trouble_pause_s = AFTER_STORE_TROUBLE_S

    def __init__(
        self,
        config: WorkerConfig,
        converters: ConverterPool,
        pool: ThreadPoolExecutor,
        parent_is_gone: Callable[[], bool],
    ) -> None:
        super().__init__(heartbeat_s=config.settings.lease_s / 4.0, longest_pause_s=FIND_JOBS_S)
        self.threads = config.threads
        self._config, self._converters, self._pool = config, converters, pool
        self._parent_is_gone = parent_is_gone
        self._states = VolatileStates()
        self._of_thread = threading.local()
        self._store: Store | None = None
        self._version = -1
        self._found_at_s = 0.0
        self._busy_at_s = time.monotonic()
        self._outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()

    def _is_over(self) -> bool:
        now = time.monotonic()
        if self._under_way:
            self._busy_at_s = now
        return self._parent_is_gone() or now - self._busy_at_s > self._config.idle_s

    def _new_jobs(self) -> Sequence[str]:
        store = self._opened_store()
        version, now = store.data_version(), time.monotonic()
        if version == self._version and now - self._found_at_s <= FIND_ALL_JOBS_S:
            return ()
        self._version, self._found_at_s = version, now
        found = store.waiting_for_worker(self._config.settings.base_url, self._config.owner)
        room = self._config.concurrency - len(self._under_way)
        return [job_id for job_id in found if job_id not in self._under_way][:room]

    def _heartbeat(self) -> None:
        self._opened_store().renew(self._config.owner, self._config.settings.lease_s)

    def _poll_converters(self) -> float | None:
        return self._converters.poll()

    def _begin_step(self, job_id: str) -> None:
        self._pool.submit(lambda: self._outcomes.put(self._step(job_id)))

    def _next_outcome(self, wait_s: float) -> Outcome | None:
        try:
            return self._outcomes.get(timeout=wait_s)
        except queue.Empty:
            return None

    def _after_trouble(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None  # it is opened anew

    def _opened_store(self) -> Store:
        if self._store is None:
            self._store, self._version = Store(self._config.home), -1
        return self._store

    # --- in the threads of the pool --------------------------------------------------------------------------------
    def _step(self, job_id: str) -> Outcome:
        try:
            outcome = do_step(self._pipeline(), self._of_thread.store, job_id)
        except StoreTrouble as trouble:  # it cannot be opened
            outcome = Outcome(job_id, trouble=trouble)
        except Exception:  # noqa: BLE001 - a mistake must not end the worker: the other jobs go on, and the log has the traceback
            _log.exception("A step of job %s broke", job_id)
            return Outcome(job_id, AFTER_STORE_TROUBLE_S)
        if outcome.trouble is not None:
            self._drop_pipeline()
        return outcome

    def _pipeline(self) -> Pipeline:
        own, config = self._of_thread, self._config
        if getattr(own, "pipeline", None) is None:
            own.store = Store(config.home)
            own.pipeline = Pipeline(own.store, config.settings, self._converters, config.owner, states=self._states)
        pipeline: Pipeline = own.pipeline
        return pipeline

    def _drop_pipeline(self) -> None:
        if getattr(self._of_thread, "pipeline", None) is not None:
            self._of_thread.pipeline.close()
            self._of_thread.store.close()
            self._of_thread.pipeline = None
