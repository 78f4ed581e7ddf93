# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection test of the preferences."""

from __future__ import annotations

from typing import Any

from ...core.messages import NOTHING, Message
from ..blender.redraw import redraw_preferences
from ..blender.runtime import Part, part
from .one_shot import OneShotProcess


class ConnectionTest(Part):
    """One test at a time, and the result of the last one."""

    def __init__(self) -> None:
        self.message = NOTHING
        self.is_good = False
        self._process = OneShotProcess("worker.connection_test", self._answered)

    @property
    def is_running(self) -> bool:
        """Whether the answer is awaited."""
        return self._process.is_running

    def begin(self) -> None:
        """Start a test. Raises a :class:`CsmError` where nothing may be sent."""
        self._process.run()
        self.message, self.is_good = Message("Testing…"), True

    def stop(self) -> None:
        """Cancel the test."""
        self._process.stop()

    def _answered(self, answer: dict[str, Any]) -> None:
        self.message = Message.of(answer.get("message") or Message("The test ended without an answer."))
        self.is_good = answer.get("good") is True
        redraw_preferences()


def connection_test() -> ConnectionTest:
    """The test of the current runtime."""
    return part(ConnectionTest)
