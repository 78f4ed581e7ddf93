# SPDX-License-Identifier: GPL-3.0-or-later
"""An errand: a child process in plain Python asks the service one thing and prints one JSON object.

A window sends no request itself. The child gets its orders, key included, through its pipe, which stays open while the
answer is awaited: a child that takes long sees by that whether anybody still waits. A timer looks for the answer.
"""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import time
from collections.abc import Callable
from typing import IO, Any

from ...core.messages import from_json
from ...core.processes.launch import start, stop
from ...worker.config import WorkerConfig
from ..addon.environment import interpreters, jobs_home
from ..addon.preferences import settings_now
from ..blender.main_timer import main_timer

LOOK_S = 0.2
WAIT_S = 0.05
LONGEST_S = 180.0


class OneShotProcess:
    """Runs *module* of the worker, one at a time; *on_answer* gets what it printed, or ``{}`` if that is no answer.

    One that takes more than *longest_s* seconds is given up.
    """

    def __init__(self, module: str, on_answer: Callable[[dict[str, Any]], None], longest_s: float = LONGEST_S) -> None:
        self._module = module
        self._on_answer = on_answer
        self._longest_s = longest_s
        self._process: subprocess.Popen[bytes] | None = None
        self._output: IO[bytes] | None = None
        self._begun_s = 0.0

    @property
    def is_running(self) -> bool:
        """Whether the answer is still awaited."""
        return self._process is not None

    def run(self, *arguments: str) -> None:
        """Send the child off, and give up on an earlier one. Raises a :class:`CsmError` where nothing may be sent."""
        settings = settings_now()
        self.stop()
        orders = WorkerConfig(jobs_home(), self._module, settings, interpreters())
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the answer is read
        self._process = start(
            orders.interpreters.plain(self._module, *arguments),
            stdin=subprocess.PIPE,
            stdout=self._output,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it died at once: there will be no answer
            self._process.stdin.write(orders.to_line())
            self._process.stdin.flush()
        self._begun_s = time.monotonic()
        main_timer().call(self._look, LOOK_S)

    def stop(self) -> None:
        """Give up on an answer that is awaited."""
        main_timer().cancel(self._look)
        process, self._process = self._process, None
        if process is not None:
            _end(process)
        if self._output is not None:
            self._output.close()
            self._output = None

    def wait(self) -> None:
        """Stand still until the answer is there and was taken, for scripts."""
        while self._look() is not None:
            time.sleep(WAIT_S)

    def _look(self) -> float | None:
        if self._process is None or self._output is None:
            return None
        if self._process.poll() is None and time.monotonic() - self._begun_s < self._longest_s:
            return LOOK_S
        self._output.seek(0)
        try:
            answer = from_json(self._output.read())
        except ValueError:
            answer = None
        _end(self._process)
        self._output.close()
        self._process = self._output = None
        self._on_answer(answer if isinstance(answer, dict) else {})
        return None


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
    stop(process, 0.2)
