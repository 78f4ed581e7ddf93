# SPDX-License-Identifier: GPL-3.0-or-later
"""How much the job folder holds, and deleting what nobody needs any more."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import bpy

from .redraw import redraw_preferences
from .service import jobs_home

FRESH_S = 10.0
_JOB_FOLDER = re.compile(r"[0-9a-f]{32}")


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


def folder_size(folder: Path) -> int:
    """Bytes in all files of *folder*."""
    return sum(_size(path) for path in folder.rglob("*"))


def clean(home: Path, busy: set[str]) -> int:
    """Delete the folders of all jobs but the *busy* ones; bytes freed."""
    freed = 0
    for folder in _job_folders(home):
        if folder.name not in busy:
            freed += folder_size(folder)
            shutil.rmtree(folder, ignore_errors=True)
    return freed


def size_text(size: float) -> str:
    """Bytes for people."""
    for unit in ("bytes", "KB", "MB"):
        if size < 1000.0:  # noqa: PLR2004 - decimal units
            return f"{size:.0f} {unit}"
        size /= 1000.0
    return f"{size:.1f} GB"


def _job_folders(home: Path) -> Iterator[Path]:
    yield from (path for path in home.iterdir() if _JOB_FOLDER.fullmatch(path.name) and path.is_dir())


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:  # deleted meanwhile
        return 0
