# SPDX-License-Identifier: GPL-3.0-or-later
"""How much the job folder holds, for the preferences."""

from __future__ import annotations

import time

import bpy

from ...core.jobs.cleanup import folder_size
from ..blender.redraw import redraw_preferences
from .environment import jobs_home

FRESH_S = 10.0


class Usage:
    """The size of the job folder as last measured. Asking never touches the disk: it is measured a little later."""

    def __init__(self) -> None:
        self._text = ""
        self._measured_s = 0.0

    @property
    def text(self) -> str:
        """The size for people, from a few seconds ago, or empty."""
        if time.monotonic() - self._measured_s > FRESH_S and not bpy.app.timers.is_registered(self._measure):
            bpy.app.timers.register(self._measure, first_interval=0.1)
        return self._text

    def forget(self) -> None:
        """Measure anew next time."""
        self._measured_s = 0.0

    def stop(self) -> None:
        """Do not measure any more."""
        if bpy.app.timers.is_registered(self._measure):
            bpy.app.timers.unregister(self._measure)

    def _measure(self) -> None:
        self._measured_s = time.monotonic()
        text = size_text(folder_size(jobs_home()))
        if text != self._text:
            self._text = text
            redraw_preferences()


usage = Usage()


def size_text(size: float) -> str:
    """Bytes for people."""
    for unit in ("bytes", "KB", "MB"):
        if size < 1000.0:  # noqa: PLR2004 - decimal units
            return f"{size:.0f} {unit}"
        size /= 1000.0
    return f"{size:.1f} GB"
