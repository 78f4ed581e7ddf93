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

from ..errors import StoreTrouble
from ..jobs.job import Job
from ..jobs.store import Store
from ..models import JobState
from .pipeline import Pipeline

FOREIGN_LEASE_LOOK_S = 1.0
STORE_TROUBLE_LOOK_S = 1.0
STORE_PATIENCE_S = 30.0
_URGENCY = (JobState.CONVERTING, JobState.SUBMITTING, JobState.CHECKING, JobState.QUEUED, JobState.DOWNLOADING)
"""Converters and the service work while this process goes on, so they are given their work first. Looks come last."""
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
    agenda = _Agenda()
    seen: dict[str, int] = {}
    pause = _Pause(pipeline, sleep)
    while waiting or agenda:
        while waiting and len(agenda) < concurrency:
            agenda.add(waiting.popleft(), JobState.QUEUED, 0.0)
        when, state, job_id = agenda.pop()
        try:
            pause.until(when)
            delay = pipeline.advance(job_id)
            job = store.get(job_id)
        except StoreTrouble as trouble:
            pause.bear(trouble)
            agenda.add(job_id, state, STORE_TROUBLE_LOOK_S)
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
            agenda.add(job_id, job.state, delay)


class _Agenda:
    """Which job is due when. Of several that are due, the one comes first whose step gives others something to do."""

    def __init__(self) -> None:
        self._later: list[tuple[float, int, JobState, str]] = []
        self._due: list[tuple[int, float, int, JobState, str]] = []
        self._order = itertools.count()

    def __len__(self) -> int:
        return len(self._later) + len(self._due)

    def add(self, job_id: str, state: JobState, delay_s: float) -> None:
        """Have a job that is in *state* come up in *delay_s* seconds."""
        heapq.heappush(self._later, (time.monotonic() + delay_s, next(self._order), state, job_id))

    def pop(self) -> tuple[float, JobState, str]:
        """The next job, its state, and when it is due on the monotonic clock: now or earlier, if any job is."""
        now = time.monotonic()
        while self._later and self._later[0][0] <= now:
            when, order, state, job_id = heapq.heappop(self._later)
            urgency = _URGENCY.index(state) if state in _URGENCY else len(_URGENCY)
            heapq.heappush(self._due, (urgency, when, order, state, job_id))
        if self._due:
            _urgency, when, _order, state, job_id = heapq.heappop(self._due)
        else:
            when, _order, state, job_id = heapq.heappop(self._later)
        return when, state, job_id


class _Pause:
    """Waits, with heartbeat and converters in between, and remembers how long the store has been in trouble."""

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
            look_s = self._pipeline.look_at_converters()
            if left <= 0.0:
                return
            part = min(left, self._pipeline.heartbeat_s, look_s or left)
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
