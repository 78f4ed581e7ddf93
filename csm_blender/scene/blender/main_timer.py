# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's only timer in Blender, and who is to be called by it.

It exists only while somebody waits to be called, survives file loads, and goes with the runtime. Blender knows timers
by the address of their function, which for a method is another one each time; here methods can be taken back.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

import bpy

from .runtime import Part, part

Look = Callable[[], float | None]
"""Called on Blender's main thread; gives the seconds until it wants to be called again, ``None`` for never."""

_log = logging.getLogger(__name__)


@dataclass
class _Due:
    """When a function is to be called, on the monotonic clock."""

    at_s: float


class MainTimer(Part):
    """The functions that wait to be called, and the timer in Blender while there are any."""

    def __init__(self) -> None:
        self._due: dict[Look, _Due] = {}
        self._is_ticking = False
        self._next_s = 0.0
        """When Blender will call, if the timer exists."""

    @property
    def exists(self) -> bool:
        """Whether there is a timer in Blender."""
        return bool(bpy.app.timers.is_registered(_tick))

    def call(self, look: Look, after_s: float = 0.0) -> None:
        """Have *look* called in *after_s* seconds; one that waits already is called when it was to be."""
        if look not in self._due:
            self._due[look] = _Due(time.monotonic() + after_s)
            self._follow()

    def cancel(self, look: Look) -> None:
        """Do not call *look* any more."""
        if self._due.pop(look, None) is not None:
            self._follow()

    def waits(self, look: Look) -> bool:
        """Whether *look* is going to be called."""
        return look in self._due

    def stop(self) -> None:
        """Call nobody any more, and take the timer away."""
        self._due.clear()
        self._follow()

    def tick(self) -> float | None:
        """Call those whose time has come: seconds until the next, ``None`` where nobody waits. Never raises."""
        now = time.monotonic()
        self._is_ticking = True
        try:
            for look, due in list(self._due.items()):
                if due.at_s <= now and self._due.get(look) is due:  # else taken back by one called before it
                    self._call_now(look, due)
        finally:
            self._is_ticking = False
        return self._until_next()

    def _call_now(self, look: Look, due: _Due) -> None:
        wait_s = _called(look)
        if self._due.get(look) is not due:
            return  # it was taken back while it ran, and perhaps entered anew
        if wait_s is None:
            del self._due[look]
        else:
            due.at_s = time.monotonic() + wait_s

    def _until_next(self) -> float | None:
        if not self._due:
            return None
        self._next_s = min(due.at_s for due in self._due.values())
        return max(0.0, self._next_s - time.monotonic())

    def _follow(self) -> None:
        """Make, move or remove the timer in Blender. While it ticks, what :meth:`tick` gives does that."""
        if self._is_ticking:
            return
        earlier_s, wait_s = self._next_s, self._until_next()
        if self.exists and (wait_s is None or self._next_s < earlier_s):
            bpy.app.timers.unregister(_tick)
        if wait_s is not None and not self.exists:
            bpy.app.timers.register(_tick, first_interval=wait_s, persistent=True)


def main_timer() -> MainTimer:
    """The timer of the current runtime."""
    return part(MainTimer)


def _tick() -> float | None:
    return main_timer().tick()


def _called(look: Look) -> float | None:
    try:
        return look()
    except Exception:  # noqa: BLE001 - Blender drops a timer that raises, and with it all who wait
        _log.exception("What the timer called broke")
        return None
