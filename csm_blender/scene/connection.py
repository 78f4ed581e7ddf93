# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the connection from the preferences. The request is sent by a child process, as all requests of a window are."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from typing import IO

import bpy

from ..core.child import start, stop
from ..worker.protocol import Orders
from .readiness import settings_now
from .redraw import redraw_preferences
from .service import interpreters, jobs_home

LOOK_S = 0.2
LONGEST_S = 90.0


class ConnectionTest:
    """One test at a time, and what the last one found."""

    def __init__(self) -> None:
        self.message = ""
        self.is_good = False
        self._process: subprocess.Popen[bytes] | None = None
        self._output: IO[bytes] | None = None
        self._begun_s = 0.0

    @property
    def is_running(self) -> bool:
        """Whether the answer is still awaited."""
        return self._process is not None

    def begin(self) -> None:
        """Send the question. Raises a :class:`CsmError` where nothing may be sent."""
        settings = settings_now()
        self.stop()
        orders = Orders(jobs_home(), "connection test", settings, interpreters())
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the answer is read
        self._process = start(
            orders.interpreters.plain("worker.probe"),
            stdin=subprocess.PIPE,
            stdout=self._output,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdin is not None
        self._process.stdin.write(orders.to_line())
        self._process.stdin.close()
        self._begun_s = time.monotonic()
        self.message, self.is_good = "Testing…", True
        if not bpy.app.timers.is_registered(self._look):
            bpy.app.timers.register(self._look, first_interval=LOOK_S)

    def stop(self) -> None:
        """Give up on a test that runs."""
        if bpy.app.timers.is_registered(self._look):
            bpy.app.timers.unregister(self._look)
        process, self._process = self._process, None
        if process is not None:
            stop(process, 0.2)
        if self._output is not None:
            self._output.close()
            self._output = None

    def _look(self) -> float | None:
        process, output = self._process, self._output
        if process is None or output is None:
            return None
        if process.poll() is None and time.monotonic() - self._begun_s < LONGEST_S:
            return LOOK_S
        try:
            output.seek(0)
            answer = json.loads(output.read())
            self.message, self.is_good = str(answer["message"]), bool(answer["good"])
        except (ValueError, KeyError):
            self.message, self.is_good = "The test ended without an answer.", False
        self._process = None
        stop(process, 0.2)
        output.close()
        self._output = None
        redraw_preferences()
        return None


connection_test = ConnectionTest()
