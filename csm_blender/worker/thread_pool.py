# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker's way of running jobs: found in the store, their steps done by a few threads.

Threading rules: a pipeline, its store and its client belong to the thread that made them; converters and the volatile
states of jobs are shared; what is due when is known to the main thread only.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor

from ..core.errors import CsmError, StoreTrouble
from ..core.jobs.holder import alive_as
from ..core.jobs.store import Store
from ..core.pipeline.context import VolatileStates
from ..core.pipeline.pipeline import Pipeline
from ..core.pipeline.scheduler import Scheduler, StepResult
from ..core.processes.converter_pool import ConverterPool
from .config import WorkerConfig

FIND_JOBS_S = 0.25
FIND_ALL_JOBS_S = 5.0
AFTER_STORE_TROUBLE_S = 5.0
_log = logging.getLogger(__name__)


def run_worker(config: WorkerConfig, parent_is_gone: Callable[[], bool]) -> None:
    """Work until *parent_is_gone* or nothing has been to do for ``config.idle_s`` seconds."""
    with alive_as(config.owner):
        _run(config, parent_is_gone)


def _run(config: WorkerConfig, parent_is_gone: Callable[[], bool]) -> None:
    converters = ConverterPool(config.interpreters)
    try:
        with ThreadPoolExecutor(config.threads) as pool:
            jobs = _StoredJobs(config, converters, parent_is_gone)
            Scheduler(
                pool,
                config.threads,
                jobs.new,
                jobs.step,
                jobs.pipeline,
                heartbeat_s=config.settings.lease_s / 4.0,
                longest_pause_s=FIND_JOBS_S,
                trouble_pause_s=AFTER_STORE_TROUBLE_S,
                after_trouble=jobs.open_again,
            ).run()
    finally:
        converters.stop_all()
        with contextlib.suppress(CsmError), contextlib.closing(Store(config.home)) as store:
            store.release(config.owner)


class _StoredJobs:
    """Finds the jobs that wait in the store, and does their steps.

    Each thread has a pipeline and a store of its own, which are closed and opened again when the store fails.
    """

    def __init__(self, config: WorkerConfig, converters: ConverterPool, parent_is_gone: Callable[[], bool]) -> None:
        self._config, self._converters, self._parent_is_gone = config, converters, parent_is_gone
        self._states = VolatileStates()
        self._of_thread = threading.local()
        self._version = -1
        self._found_at_s = 0.0
        self._busy_at_s = time.monotonic()

    def new(self, in_progress: Collection[str]) -> Sequence[str] | None:
        """Jobs to begin; ``None`` when it is time to end."""
        now = time.monotonic()
        if in_progress:
            self._busy_at_s = now
        if self._parent_is_gone() or now - self._busy_at_s > self._config.idle_s:
            return None
        self.pipeline()
        store: Store = self._of_thread.store
        version = store.data_version()
        if version == self._version and now - self._found_at_s <= FIND_ALL_JOBS_S:
            return ()
        self._version, self._found_at_s = version, now
        found = store.waiting_for_worker(self._config.settings.base_url, self._config.owner)
        room = self._config.concurrency - len(in_progress)
        return [job_id for job_id in found if job_id not in in_progress][:room]

    def step(self, job_id: str) -> StepResult:
        """Do the next step of a job."""
        try:
            pipeline = self.pipeline()
            delay_s, job = pipeline.advance(job_id), pipeline.store.get(job_id)
        except StoreTrouble:
            self._close_pipeline()
            raise
        except Exception:  # noqa: BLE001 - a mistake must not end the worker: the other jobs go on, and the log has the traceback
            _log.exception("A step of job %s broke", job_id)
            return AFTER_STORE_TROUBLE_S, None
        return delay_s, job.state if job else None

    def pipeline(self) -> Pipeline:
        """The calling thread's own."""
        own, config = self._of_thread, self._config
        if getattr(own, "pipeline", None) is None:
            own.store = Store(config.home)
            own.pipeline = Pipeline(own.store, config.settings, self._converters, config.owner, states=self._states)
        pipeline: Pipeline = own.pipeline
        return pipeline

    def open_again(self) -> None:
        """Have the store opened again, and all jobs found again."""
        self._close_pipeline()
        self._version = -1

    def _close_pipeline(self) -> None:
        pipeline: Pipeline | None = getattr(self._of_thread, "pipeline", None)
        if pipeline is not None:
            pipeline.close()
            self._of_thread.store.close()
            self._of_thread.pipeline = None
