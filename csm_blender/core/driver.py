# SPDX-License-Identifier: GPL-3.0-or-later
"""Drive jobs through the pipeline in the calling process, blocking: for the command line and background Blender.

No threads: many refines are under way at once because each step of the pipeline is short and says when it wants to be
called again.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence

from .errors import StoreTrouble
from .jobs import Job
from .pipeline import Pipeline
from .store import Store

FOREIGN_LEASE_LOOK_S = 1.0
STORE_TROUBLE_LOOK_S = 1.0
STORE_PATIENCE_S = 30.0
_log = logging.getLogger(__name__)


def run_blocking(  # noqa: PLR0913 - what to run, how, and who wants to know
    pipeline: Pipeline,
    store: Store,
    job_ids: Sequence[str],
    *,
    concurrency: int,
    on_change: Callable[[Job], None],
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Advance the jobs until none of them needs a worker, at most *concurrency* of them at a time.

    *on_change* sees a job after each of its steps that changed something. A job that another worker attends to is
    waited for. A store that fails is given ``STORE_PATIENCE_S`` seconds before its :class:`StoreTrouble` is passed on.
    ``KeyboardInterrupt`` passes through; the jobs stay as they are in the store.
    """
    waiting = deque(job_ids)
    due: list[tuple[float, int, str]] = []
    order = itertools.count()
    seen: dict[str, int] = {}
    pause = _Pause(pipeline, sleep)
    while waiting or due:
        while waiting and len(due) < concurrency:
            heapq.heappush(due, (time.monotonic(), next(order), waiting.popleft()))
        when, _, job_id = heapq.heappop(due)
        try:
            pause.until(when)
            delay = pipeline.advance(job_id)
            job = store.get(job_id)
        except StoreTrouble as trouble:
            pause.bear(trouble)
            heapq.heappush(due, (time.monotonic() + STORE_TROUBLE_LOOK_S, next(order), job_id))
            continue
        pause.trouble_since = None
        if job is None:
            continue
        if seen.get(job_id) != job.revision:
            seen[job_id] = job.revision
            on_change(job)
        if delay is None and job.needs_worker:
            delay = FOREIGN_LEASE_LOOK_S
        if delay is not None:
            heapq.heappush(due, (time.monotonic() + delay, next(order), job_id))


class _Pause:
    """Waits, with the heartbeat in between, and remembers how long the store has been in trouble."""

    def __init__(self, pipeline: Pipeline, sleep: Callable[[float], None]) -> None:
        self._pipeline = pipeline
        self._sleep = sleep
        self._beat_at = time.monotonic()
        self.trouble_since: float | None = None

    def until(self, when: float) -> None:
        """Sleep until the monotonic time *when*."""
        left = when - time.monotonic()
        while True:
            if time.monotonic() - self._beat_at > self._pipeline.heartbeat_s:
                self._pipeline.heartbeat()
                self._beat_at = time.monotonic()
            if left <= 0.0:
                return
            part = min(left, self._pipeline.heartbeat_s)
            self._sleep(part)
            left -= part

    def bear(self, trouble: StoreTrouble) -> None:
        """Raise *trouble* again once it has lasted too long."""
        now = time.monotonic()
        if self.trouble_since is None:
            self.trouble_since = now
            _log.warning("The job store is in trouble: %s", trouble)
        if now - self.trouble_since > STORE_PATIENCE_S:
            raise trouble
