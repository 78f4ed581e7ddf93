# SPDX-License-Identifier: GPL-3.0-or-later
"""Attend to the jobs of the store with a few threads, until there is nothing to do or nobody to do it for.

Threading rules: a pipeline, its store and its client belong to the thread that made them; converters are shared and
lock for themselves; what is due when is known to the main thread only, which hears from the others through a queue.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from ..core.conversion import Converters
from ..core.errors import CsmError
from ..core.pipeline import Pipeline
from ..core.store import Store
from .protocol import Orders

STORE_LOOK_S = 0.25
FULL_LOOK_S = 5.0
AFTER_STORE_TROUBLE_S = 5.0
_log = logging.getLogger(__name__)


def attend(orders: Orders, parent_is_gone: Callable[[], bool]) -> None:
    """Work until *parent_is_gone* or nothing has been to do for ``orders.idle_s`` seconds."""
    converters = Converters(orders.interpreters)
    local = threading.local()
    pipelines: list[Pipeline] = []

    def advance(job_id: str) -> float | None:
        if not hasattr(local, "pipeline"):
            local.pipeline = Pipeline(Store(orders.home), orders.settings, converters, orders.owner)
            pipelines.append(local.pipeline)
        try:
            delay: float | None = local.pipeline.advance(job_id)
        except CsmError as error:  # the store itself: full disk, locked file; the job is still in it
            _log.warning("The job store is in trouble: %s", error)
            return AFTER_STORE_TROUBLE_S
        return delay

    store = Store(orders.home)
    try:
        with ThreadPoolExecutor(orders.threads) as pool:
            _schedule(orders, store, pool, advance, parent_is_gone)
    finally:
        converters.stop_all()
        store.release(orders.owner)
        store.close()


def _schedule(
    orders: Orders,
    store: Store,
    pool: ThreadPoolExecutor,
    advance: Callable[[str], float | None],
    parent_is_gone: Callable[[], bool],
) -> None:
    due: list[tuple[float, int, str]] = []
    order = itertools.count()
    attended: set[str] = set()
    answers: queue.SimpleQueue[tuple[str, float | None]] = queue.SimpleQueue()
    version, looked_at, busy_at = -1, 0.0, time.monotonic()

    def run(job_id: str) -> None:
        delay: float | None = AFTER_STORE_TROUBLE_S
        try:
            delay = advance(job_id)
        except Exception:  # a bug must not end the worker: the other jobs go on, and the log has the traceback
            _log.exception("A step of job %s broke", job_id)
        finally:
            answers.put((job_id, delay))

    while not parent_is_gone():
        now = time.monotonic()
        if (current := store.data_version()) != version or now - looked_at > FULL_LOOK_S:
            version, looked_at = current, now
            for job_id in store.waiting_for_worker(orders.settings.base_url):
                if job_id not in attended and len(attended) < orders.concurrency:
                    attended.add(job_id)
                    heapq.heappush(due, (now, next(order), job_id))
        while due and due[0][0] <= now:
            pool.submit(run, heapq.heappop(due)[2])
        if attended:
            busy_at = now
        elif now - busy_at > orders.idle_s:
            return
        pause = min(STORE_LOOK_S, max(0.0, due[0][0] - now)) if due else STORE_LOOK_S
        try:
            job_id, delay = answers.get(timeout=max(0.005, pause))
        except queue.Empty:
            continue
        if delay is None:
            attended.discard(job_id)
        else:
            heapq.heappush(due, (time.monotonic() + delay, next(order), job_id))
