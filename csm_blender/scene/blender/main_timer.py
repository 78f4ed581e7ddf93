# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's only timer in Blender, and the functions it calls.

It exists only while a call is due, survives file loads, and is removed with the runtime. Blender identifies a timer by
the address of its function, which is different each time a method is looked up; here methods can be cancelled.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import bpy

from .runtime import Part

Call = Callable[[], float | None]
"""Called on Blender's main thread; gives the seconds until it wants to be called again, ``None`` for never."""

RETRY_S = 1.0
_log = logging.getLogger(__name__)


class MainTimer(Part):
    """The functions to be called, and the timer in Blender while there are any."""

    def __init__(self) -> None:
        self._due: dict[Call, float] = {}
        """When each is to be called, by ``time.perf_counter``, which is exact enough to tell two entries apart."""
        self._next_s = 0.0
        """When Blender will call, if the timer exists."""

    def call(self, function: Call, after_s: float = 0.0) -> None:
        """Have *function* called in *after_s* seconds; if it is due already, its time does not change."""
        if function not in self._due:
            self._due[function] = time.perf_counter() + after_s
            self._update_timer()

    def cancel(self, function: Call) -> None:
        """Do not call *function* any more."""
        if self._due.pop(function, None) is not None:
            self._update_timer()

    def waits(self, function: Call) -> bool:
        """Whether *function* is going to be called."""
        return function in self._due

    def stop(self) -> None:
        """Cancel all calls, also those of parts that stop later."""
        self._due.clear()
        self._update_timer()

    def tick(self) -> float | None:
        """Make the calls that are due: seconds until the next, ``None`` if there is none. Never raises.

        A function that raises is called again after ``RETRY_S`` seconds: Blender would drop the timer, and all calls.
        """
        now = time.perf_counter()
        for function, at_s in list(self._due.items()):
            if at_s > now or self._due.get(function) != at_s:  # cancelled by a function called before it
                continue
            try:
                wait_s = function()
            except Exception:  # noqa: BLE001 - see above
                _log.exception("A call of the timer failed")
                wait_s = RETRY_S
            if self._due.get(function) != at_s:  # cancelled in its own call, and perhaps entered again
                continue
            if wait_s is None:
                del self._due[function]
            else:
                self._due[function] = time.perf_counter() + wait_s
        return self._until_next()

    def _until_next(self) -> float | None:
        if not self._due:
            return None
        self._next_s = min(self._due.values())
        return max(0.0, self._next_s - time.perf_counter())

    def _update_timer(self) -> None:
        """Make, move or remove the timer in Blender."""
        exists, earlier_s, wait_s = bpy.app.timers.is_registered(_tick), self._next_s, self._until_next()
        if exists and (wait_s is None or self._next_s < earlier_s):
            bpy.app.timers.unregister(_tick)
            exists = False
        if wait_s is not None and not exists:
            bpy.app.timers.register(_tick, first_interval=wait_s, persistent=True)


main_timer = MainTimer.current
"""The timer of the current runtime."""


def _tick() -> float | None:
    return main_timer().tick()
