# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of this computer, whichever file they were made in, read for the panel that lists them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from ...core.errors import CsmError
from ...core.jobs.cleanup import folder_size
from ...core.jobs.job import Job
from ...core.jobs.states import JobState
from ...core.jobs.store import DATABASE_NAME, Store
from ...core.messages import NOTHING, Message
from ..addon.environment import jobs_home
from ..blender.main_timer import main_timer
from ..blender.runtime import Part

MOST_LINES = 200
PAUSE_S = 1.0
"""Between two readings: a refine changes the store several times a second."""

STORE_TIMEOUT_S = 0.2
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Line:
    """One job. ``file`` is empty where that was never saved."""

    job_id: str
    name: str
    source: str
    file: str
    state: JobState
    message: Message
    created_at: str


class AllJobs(Part):
    """The newest jobs of the store, newest first. Reading ``lines`` does no I/O: the timer reads the store."""

    def __init__(self) -> None:
        self.lines: tuple[Line, ...] = ()
        self.message: Message = NOTHING
        """Why they cannot be read."""
        self.on_change: Callable[[], None] = lambda: None
        self._store: Store | None = None
        self._version = -1
        self._wait_s = 0.0
        self._measured = ""
        self._size: int | None = None

    def want(self) -> None:
        """They are shown: have them read, if the store has changed."""
        main_timer().call(self.read, self._wait_s)

    def line(self, job_id: str) -> Line | None:
        """The line of a job."""
        return next((line for line in self.lines if line.job_id == job_id), None)

    def size_of(self, job_id: str) -> int | None:
        """The bytes of a job's files, which the timer measures: ``None`` until then. Of one job at a time."""
        if job_id != self._measured:
            self._measured, self._size = job_id, None
            main_timer().call(self.measure)
        return self._size

    def measure(self) -> None:
        """Measure the size that was asked for last."""
        self._size = folder_size(jobs_home() / self._measured)
        self.on_change()

    def read(self) -> None:
        """Read them now, if the store has changed."""
        self._wait_s = PAUSE_S
        lines, message = self.lines, NOTHING
        try:
            lines = self._changed_lines()
        except CsmError as error:
            lines, message = (), error.message
            self._close()
        if (lines, message) != (self.lines, self.message):
            self.lines, self.message = lines, message
            self.on_change()

    def stop(self) -> None:
        """Close the store."""
        self._close()

    def _changed_lines(self) -> tuple[Line, ...]:
        if self._store is None:
            if not (jobs_home() / DATABASE_NAME).exists():
                return ()  # to look is no reason to make one
            self._store, self._version = Store(jobs_home(), STORE_TIMEOUT_S), -1
        version = self._store.data_version()
        if version == self._version:
            return self.lines
        self._version = version
        if self._measured:
            main_timer().call(self.measure)
        return tuple(map(_line, self._store.latest(MOST_LINES)))

    def _close(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            store.close()


all_jobs = AllJobs.current
"""Those kept in the current runtime."""


def _line(job: Job) -> Line:
    return Line(
        job_id=job.job_id,
        name=job.spec.label or job.spec.source.label,
        source=job.spec.source.label,
        file=job.spec.blend_file,
        state=job.state,
        message=job.message,
        created_at=job.created_at,
    )
