# SPDX-License-Identifier: GPL-3.0-or-later
"""The session browser's stock: the catalogue as last read, its pictures as icons, and the child that fetches more.

Panels only ask. The disk is read by a timer that ends when there is nothing to wait for; the network is the child's.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ...core.errors import CsmError
from ...core.files import session_cache
from ...core.files.session_cache import Entry, SessionCatalog
from ...core.messages import NOTHING, Message
from ..addon.environment import jobs_home
from ..addon.preferences import base_url_now
from ..blender.main_timer import main_timer
from ..blender.redraw import redraw
from ..blender.runtime import Part, part
from .one_shot import OneShotProcess


class SessionList(Part):
    """One service's sessions at a time."""

    def __init__(self) -> None:
        self.catalogue = SessionCatalog()
        self.message = NOTHING
        self.on_change: Callable[[], None] = lambda: None
        self._folder: Path | None = None
        self._base_url: str | None = None
        self._icons: Any = None
        self._errand = OneShotProcess("worker.session_list", self._take)

    @property
    def is_busy(self) -> bool:
        """Whether an answer is awaited."""
        return self._errand.is_running

    def want(self) -> None:
        """See to it that the catalogue of the service in use is read, a little later. No I/O: panels call this."""
        if self._base_url != _base_url():
            main_timer().call(self._read)

    def fetch(self, page: int) -> None:
        """Have a page listed anew. Raises a :class:`CsmError` where nothing may be sent."""
        self._errand.run(str(page))
        self.message = NOTHING

    def icon(self, entry_picture: str) -> int:
        """The icon of a picture, 0 where there is none. Blender reads the file when it first draws it."""
        if not entry_picture or self._icons is None:
            return 0
        preview = self._icons.get(entry_picture)
        if preview is None:
            assert self._folder is not None
            path = self._folder / session_cache.PICTURES / entry_picture
            preview = self._icons.load(entry_picture, str(path), "IMAGE")
        return int(preview.icon_id)

    def stop(self) -> None:
        """Give up on an answer that is awaited, and give the icons back."""
        self._errand.stop()
        main_timer().cancel(self._read)
        if self._icons is not None:
            from bpy.utils import previews  # noqa: PLC0415 - see _read

            previews.remove(self._icons)
            self._icons = None

    def _take(self, answer: dict[str, Any]) -> None:
        self.message = Message.of(answer.get("message") or Message("The sessions could not be listed."))
        self._read()

    def _read(self) -> None:
        """Take in what is on the disk."""
        from bpy.utils import previews  # noqa: PLC0415 - of no use, and not to be had, without a window

        if self._icons is None:
            self._icons = previews.new()
        self._base_url = _base_url()
        self._folder = session_cache.folder_for(jobs_home(), self._base_url)
        self.catalogue = session_cache.load(self._folder)
        self.on_change()
        redraw()


def matches(entry: Entry, words: list[str]) -> bool:
    """Whether an entry holds all *words* (lower case)."""
    text = f"{entry.code} {entry.caption} {entry.state}".lower()
    return all(word in text for word in words)


JUST_NOW_S = 60.0
"""Up to this age something is called new."""


def age_text(seconds: float) -> Message:
    """How long ago, roughly."""
    minutes = max(0.0, seconds) / 60.0
    if seconds < JUST_NOW_S:
        return Message("now")
    hours, days, years = minutes / 60.0, minutes / 1440.0, minutes / 525_600.0
    if hours < 1.0:
        return Message("{minutes} min", minutes=f"{minutes:.0f}")
    if days < 1.0:
        return Message("{hours} h", hours=f"{hours:.0f}")
    return Message("{days} d", days=f"{days:.0f}") if years < 1.0 else Message("{years} y", years=f"{years:.1f}")


def age_of(iso: str) -> Message:
    """The age of a time as the service writes it; empty for anything else."""
    try:
        then = datetime.fromisoformat(iso)
    except ValueError:
        return NOTHING
    return age_text((datetime.now(UTC) - then.astimezone(UTC)).total_seconds())


def _base_url() -> str:
    try:
        return base_url_now()
    except CsmError:
        return ""


def session_list() -> SessionList:
    """The list of the current runtime."""
    return part(SessionList)
