# SPDX-License-Identifier: GPL-3.0-or-later
"""A child process in plain Python that asks the service one thing and gives one answer.

A Blender with a window sends no request itself. The child gets its configuration, key included, through its pipe, and
ends when that is closed. The timer checks for the answer.
"""

from __future__ import annotations

import time
from typing import Any

from ...core.processes.child_process import ChildProcess
from ...core.settings import Settings
from ...worker.config import WorkerConfig
from ..addon.environment import interpreters, jobs_home
from ..addon.preferences import settings_now
from ..blender.main_timer import main_timer
from ..blender.runtime import Part

CHECK_S = 0.2
GRACE_S = 0.2


class OneShotProcess(Part):
    """Runs ``module`` of the package, one at a time, for up to ``deadline_s`` seconds."""

    module = ""
    deadline_s = 180.0
    _process: ChildProcess | None = None
    _progress_seen = 0.0

    def settings(self) -> Settings:
        """The settings for the child. Raises a :class:`CsmError` where nothing may be sent."""
        return settings_now()

    def answered(self, answer: dict[str, Any]) -> None:
        """Process the *answer* of the child, ``{}`` if it ended without one."""
        raise NotImplementedError

    def progressed(self) -> None:
        """The child reported progress. Does nothing here."""

    @property
    def is_running(self) -> bool:
        """Whether the answer is awaited."""
        return self._process is not None

    def run(self, *arguments: str) -> None:
        """Start the child in place of an earlier one. Raises a :class:`CsmError` where nothing may be sent."""
        settings = self.settings()
        self.cancel()
        config = WorkerConfig(jobs_home(), self.module, settings, interpreters())
        self._process = ChildProcess(config.interpreters.plain(self.module, *arguments), deadline_s=self.deadline_s)
        self._progress_seen = 0.0
        self._process.send(config.to_line())  # if it has died already, there will be no answer
        main_timer().call(self._check, CHECK_S)

    def cancel(self) -> None:
        """End the child without its answer."""
        main_timer().cancel(self._check)
        process, self._process = self._process, None
        if process is not None:
            process.stop(0.0)  # it has nothing to clean up, and the user waits

    stop = cancel

    def wait(self) -> None:
        """Block until the answer has been processed, for scripts."""
        while self._check() is not None:
            time.sleep(0.05)

    def _check(self) -> float | None:
        process = self._process
        if process is None:
            return None
        if process.is_running():
            if process.answer is not None:
                process.cancel(GRACE_S)
            elif process.progress.share > self._progress_seen:
                self._progress_seen = process.progress.share
                self.progressed()
            return CHECK_S
        self._process = None
        self.answered(process.answer or {})
        return None
