# SPDX-License-Identifier: GPL-3.0-or-later
"""The size of the job folder, for the preferences."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from ...core.jobs.cleanup import folder_size
from ..blender.main_timer import main_timer
from ..blender.redraw import redraw_preferences
from ..blender.runtime import Part
from .environment import jobs_home

FRESH_S = 10.0
MEASURING_S = 0.01
"""How long is measured in one go, so that Blender goes on in between: there may be thousands of jobs."""
PAUSE_S = 0.02


class DiskUsage(Part):
    """The size as last measured. Reading it does no I/O: it is measured a little later, by the timer."""

    _text = ""
    _measured_s = 0.0
    _left: Iterator[Path] | None = None
    _sum = 0

    @property
    def text(self) -> str:
        """The size, such as ``12 MB``, a few seconds old; empty until it is measured."""
        if time.monotonic() - self._measured_s > FRESH_S:
            main_timer().call(self._measure, 0.1)
        return self._text

    def forget(self) -> None:
        """Measure again next time."""
        self._left, self._measured_s = None, 0.0

    def _measure(self) -> float | None:
        if self._left is None:
            home = jobs_home()
            self._left, self._sum = iter(list(home.iterdir()) if home.is_dir() else ()), 0
        until_s = time.perf_counter() + MEASURING_S
        for path in self._left:
            self._sum += folder_size(path)
            if time.perf_counter() >= until_s:
                return PAUSE_S
        self._left, self._measured_s = None, time.monotonic()
        text = size_text(self._sum)
        if text != self._text:
            self._text = text
            redraw_preferences()
        return None


disk_usage = DiskUsage.current
"""The size kept in the current runtime."""


def size_text(size: float) -> str:
    """*size* in bytes as text, such as ``12 MB``."""
    for unit in ("bytes", "KB", "MB"):
        if size < 1000.0:  # noqa: PLR2004 - decimal units
            return f"{size:.0f} {unit}"
        size /= 1000.0
    return f"{size:.1f} GB"
