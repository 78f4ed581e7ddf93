# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker as a child process: started when there is work, restarted when it died.

It reads one line from its standard input (which holds the key) and ends when that closes, so also if Blender crashes.
"""

from __future__ import annotations

import logging
import time
import uuid
from pathlib import Path

from ...core.errors import CsmError
from ...core.jobs.store import Store
from ...core.messages import Message
from ...core.processes.child_process import ChildProcess
from ...core.settings import Settings
from ...worker.config import WorkerConfig
from ..addon.environment import interpreters

SHORT_LIFE_S = 5.0
GRACE_S = 0.5
_log = logging.getLogger(__name__)


class WorkerBroken(CsmError, hint="Its output is in the job folder. Jobs are kept; they continue when it works again."):
    """The worker cannot be started, or ends at once each time."""


class WorkerProcess:
    """At most one worker. No call blocks, except for :meth:`stop`, for up to ``GRACE_S`` seconds."""

    def __init__(self) -> None:
        self._process: ChildProcess | None = None
        self._retired: list[ChildProcess] = []
        """Workers that were asked to end and still run."""
        self._settings: Settings | None = None
        self._owner = ""
        self._started_s = 0.0
        self._short_lives = 0
        self._not_before_s = 0.0

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process and self._process.is_running() else None

    def ensure(self, store: Store, settings: Settings) -> None:
        """Start a worker with these *settings* unless it runs. Raises :class:`WorkerBroken`."""
        if self.pid is not None:
            if settings == self._settings:
                return
            self._retire()
        self.check(store)
        if time.monotonic() >= self._not_before_s:
            self._start(store.home, settings)

    def check(self, store: Store) -> None:
        """Check whether the worker has ended, and release its leases then. Raises :class:`WorkerBroken`."""
        self._retired = [old for old in self._retired if old.is_running()]
        process = self._process
        if process is None or process.is_running():
            return
        self._process = None
        store.release(self._owner)
        now = time.monotonic()
        if process.status:
            _log.warning("The worker ended with status %s", process.status)
        if not process.status or now - self._started_s > SHORT_LIFE_S:
            self._short_lives = 0
            return
        self._short_lives += 1
        self._not_before_s = now + min(60.0, 2.0**self._short_lives)
        if self._short_lives > 1:
            output = process.last_output() or Message("no output")
            raise WorkerBroken("The background process ends at once: {output}", output=output)

    def stop(self, *, in_mid_request: bool = False) -> None:
        """End the worker. With *in_mid_request* it may first wait for the answer to its refine request."""
        self._retire()
        for old in () if in_mid_request else self._retired:
            old.stop(GRACE_S)
        self._retired.clear()

    def _retire(self) -> None:
        """Ask the worker to end when it can; its jobs go to the next one."""
        if self._process is not None:
            self._process.cancel(grace_s=float("inf"))
            self._retired.append(self._process)
            self._process = None

    def _start(self, home: Path, settings: Settings) -> None:
        self._owner, self._settings, self._started_s = uuid.uuid4().hex, settings, time.monotonic()
        config = WorkerConfig(home, self._owner, settings, interpreters())
        log = home / "logs" / "worker-output.log"
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
            self._process = ChildProcess(config.interpreters.plain("worker"), log=log)
        except OSError as error:
            self._not_before_s = time.monotonic() + 10.0
            raise WorkerBroken("The background process cannot be started: {reason}.", reason=error) from error
        self._process.send(config.to_line())  # if it has died already, check() finds that
