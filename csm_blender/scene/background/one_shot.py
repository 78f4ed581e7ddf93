# SPDX-License-Identifier: GPL-3.0-or-later
"""A child process in plain Python that asks the service one thing and gives one answer.

A window sends no request itself. The child gets its configuration, key included, through its pipe, which stays open
while the answer is awaited: the child ends when nobody waits any more. A timer looks for the answer.
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

LOOK_S = 0.2
WAIT_S = 0.05
LONGEST_S = 180.0
GRACE_S = 0.2


class OneShotProcess:
    """Runs *module* of the worker, one at a time; *on_answer* gets its answer, or ``{}`` if it has ended without one.

    One that takes more than *longest_s* seconds is ended.
    """

    def __init__(self, module: str, on_answer: Callable[[dict[str, Any]], None], longest_s: float = LONGEST_S) -> None:
        self._module = module
        self._on_answer = on_answer
        self._longest_s = longest_s
        self._process: ChildProcess | None = None

    @property
    def is_running(self) -> bool:
        """Whether the answer is still awaited."""
        return self._process is not None

    def run(self, *arguments: str) -> None:
        """Send the child off, and give up on an earlier one. Raises a :class:`CsmError` where nothing may be sent."""
        settings = settings_now()
        self.stop()
        config = WorkerConfig(jobs_home(), self._module, settings, interpreters())
        self._process = ChildProcess(config.interpreters.plain(self._module, *arguments), deadline_s=self._longest_s)
        self._process.send(config.to_line())  # if it has died already, there will be no answer
        main_timer().call(self._look, LOOK_S)

    def stop(self) -> None:
        """Give up on an answer that is awaited."""
        main_timer().cancel(self._look)
        process, self._process = self._process, None
        if process is not None:
            process.stop(GRACE_S)

    def wait(self) -> None:
        """Stand still until the answer is there and was taken, for scripts."""
        while self._look() is not None:
            time.sleep(WAIT_S)

    def _look(self) -> float | None:
        process = self._process
        if process is None:
            return None
        if process.is_running():
            if process.answer is not None:
                process.cancel(GRACE_S)
            return LOOK_S
        self._process = None
        self._on_answer(process.answer or {})
        return None
