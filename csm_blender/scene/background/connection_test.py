# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection test of the preferences."""

from __future__ import annotations

from typing import Any

from ...core.messages import NOTHING, Message
from ..blender.redraw import redraw_preferences
from .one_shot import OneShotProcess


class ConnectionTest(OneShotProcess):
    """One test at a time, and the result of the last one."""

    module = "worker.connection_test"
    message = NOTHING
    is_good = False

    def begin(self) -> None:
        """Start a test. Raises a :class:`CsmError` where nothing may be sent."""
        self.run()
        self.message, self.is_good = Message("Testing…"), True

    def answered(self, answer: dict[str, Any]) -> None:
        """Keep and show the result."""
        self.message = Message.of(answer.get("message") or Message("The test ended without an answer."))
        self.is_good = answer.get("good") is True
        redraw_preferences()


connection_test = ConnectionTest.current
"""The test of the current runtime."""
