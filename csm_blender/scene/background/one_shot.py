# SPDX-License-Identifier: GPL-3.0-or-later
"""A child process in plain Python that asks the service one thing and gives one answer.

A Blender with a window sends no request itself. The child gets its configuration, key included, through its pipe, and
ends when that is closed. The timer checks for the answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ...core.processes.child_process import ChildProcess
from ...worker.config import WorkerConfig
from ..addon.environment import interpreters, jobs_home
from ..addon.preferences import settings_now
from ..blender.main_timer import main_timer

CHECK_S = 0.2
DEADLINE_S = 180.0
GRACE_S = 0.2


class OneShotProcess:
    """Runs *module* of the package, one at a time; *on_answer* gets its answer, or ``{}`` if it ended without one.

    It is ended after *deadline_s* seconds.
    """

    def __init__(
        self, module: str, on_answer: Callable[[dict[str, Any]], None], deadline_s: float = DEADLINE_S
    ) -> None:
        self._module, self._on_answer, self._deadline_s = module, on_answer, deadline_s
        self._process: ChildProcess | None = None

    @property
    def is_running(self) -> bool:
        """Whether the answer is awaited."""
        return self._process is not None

    def run(self, *arguments: str) -> None:
        """Start the child in place of an earlier one. Raises a :class:`CsmError` where nothing may be sent."""
        settings = settings_now()
        self.stop()
        config = WorkerConfig(jobs_home(), self._module, settings, interpreters())
        self._process = ChildProcess(config.interpreters.plain(self._module, *arguments), deadline_s=self._deadline_s)
        self._process.send(config.to_line())  # if it has died already, there will be no answer
        main_timer().call(self._check, CHECK_S)

    def stop(self) -> None:
        """End the child without its answer."""
        main_timer().cancel(self._check)
        process, self._process = self._process, None
        if process is not None:
            process.stop(GRACE_S)

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
            return CHECK_S
        self._process = None
        self._on_answer(process.answer or {})
        return None
