# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the connection from the preferences."""

from __future__ import annotations

from typing import Any

from ...core.messages import NOTHING, Message
from ..blender.redraw import redraw_preferences
from ..blender.runtime import Part, part
from .one_shot import OneShotProcess


class ConnectionTest(Part):
    """One test at a time, and what the last one found."""

    def __init__(self) -> None:
        self.message = NOTHING
        self.is_good = False
        self._errand = OneShotProcess("worker.connection_test", self._take)

    @property
    def is_running(self) -> bool:
        """Whether the answer is still awaited."""
        return self._errand.is_running

    def begin(self) -> None:
        """Send the question. Raises a :class:`CsmError` where nothing may be sent."""
        self._errand.run()
        self.message, self.is_good = Message("Testing…"), True

    def stop(self) -> None:
        """Give up on a test that runs."""
        self._errand.stop()

    def _take(self, answer: dict[str, Any]) -> None:
        self.message = Message.of(answer.get("message") or Message("The test ended without an answer."))
        self.is_good = answer.get("good") is True
        redraw_preferences()


def connection_test() -> ConnectionTest:
    """The test of the current runtime."""
    return part(ConnectionTest)
