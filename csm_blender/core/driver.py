# SPDX-License-Identifier: GPL-3.0-or-later
"""Drive jobs through the pipeline in the calling process, blocking: for the command line and background Blender.

No threads: many refines are under way at once because each step of the pipeline is short and says when it wants to be
called again.
"""

from __future__ import annotations

import heapq
import itertools
import time
from collections import deque
from collections.abc import Callable, Sequence

from .jobs import Job
from .pipeline import Pipeline
from .store import Store

FOREIGN_LEASE_LOOK_S = 1.0


def run_blocking(
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
    waited for. ``KeyboardInterrupt`` passes through; the jobs stay as they are in the store.
    """
    waiting = deque(job_ids)
    due: list[tuple[float, int, str]] = []
    order = itertools.count()
    seen: dict[str, int] = {}
    while waiting or due:
        while waiting and len(due) < concurrency:
            heapq.heappush(due, (time.monotonic(), next(order), waiting.popleft()))
        when, _, job_id = heapq.heappop(due)
        if (pause := when - time.monotonic()) > 0.0:
            sleep(pause)
        delay = pipeline.advance(job_id)
        job = store.get(job_id)
        if job is None:
            continue
        if seen.get(job_id) != job.revision:
            seen[job_id] = job.revision
            on_change(job)
        if delay is None and job.needs_worker:
            delay = FOREIGN_LEASE_LOOK_S
        if delay is not None:
            heapq.heappush(due, (time.monotonic() + delay, next(order), job_id))
