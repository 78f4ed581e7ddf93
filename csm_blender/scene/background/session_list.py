# SPDX-License-Identifier: GPL-3.0-or-later
"""The sessions for the session browser. Panels do no I/O: the timer reads the cache, a child process the network."""

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
from .one_shot import OneShotProcess


class SessionList(OneShotProcess):
    """The sessions of the service in use."""

    module = "worker.session_list"

    def __init__(self) -> None:
        self.catalog = SessionCatalog()
        self.message = NOTHING
        self.on_change: Callable[[], None] = lambda: None
        self._folder: Path | None = None
        self._base_url: str | None = None
        self._icons: Any = None

    def want(self) -> None:
        """Have the list of the service in use read from the cache, a little later. No I/O: panels call this."""
        if self._base_url != _base_url():
            main_timer().call(self._read)

    def fetch(self, page: int) -> None:
        """Have a page fetched. Raises a :class:`CsmError` where nothing may be sent."""
        self.run(str(page))
        self.message = NOTHING

    def icon(self, picture: str) -> int:
        """The icon id of an entry's picture, 0 without one. Blender reads the file when it first draws it."""
        if not picture or self._icons is None or self._folder is None:
            return 0
        if picture not in self._icons:
            self._icons.load(picture, str(self._folder / session_cache.PICTURES / picture), "IMAGE")
        return int(self._icons[picture].icon_id)

    def stop(self) -> None:
        """Cancel a fetch, and release the icons."""
        self.cancel()
        if self._icons is not None:
            from bpy.utils import previews  # noqa: PLC0415 - see _read

            previews.remove(self._icons)
            self._icons = None

    def progressed(self) -> None:
        """Show the list, which is kept by now; its pictures follow."""
        self._read()

    def answered(self, answer: dict[str, Any]) -> None:
        """Read the cache, which the child has updated."""
        self.message = Message.of(answer.get("message", Message("The sessions could not be listed.")))
        self._read()

    def _read(self) -> None:
        from bpy.utils import previews  # noqa: PLC0415 - not available without a window

        if self._icons is None:
            self._icons = previews.new()
        self._base_url = _base_url()
        self._folder = session_cache.folder_for(jobs_home(), self._base_url)
        self.catalog = session_cache.load(self._folder)
        self.on_change()
        redraw()


def matches(entry: Entry, words: list[str]) -> bool:
    """Whether code, caption and state of *entry* contain all *words* (lower case)."""
    text = f"{entry.code} {entry.caption} {entry.state}".lower()
    return all(word in text for word in words)


JUST_NOW_S = 60.0


def age_text(seconds: float) -> Message:
    """An age, rounded; ``now`` below ``JUST_NOW_S``."""
    if seconds < JUST_NOW_S:
        return Message("now")
    hours = seconds / 3600.0
    days, years = hours / 24.0, hours / 8760.0
    if hours < 1.0:
        return Message("{minutes} min", minutes=f"{hours * 60.0:.0f}")
    if days < 1.0:
        return Message("{hours} h", hours=f"{hours:.0f}")
    return Message("{days} d", days=f"{days:.0f}") if years < 1.0 else Message("{years} y", years=f"{years:.1f}")


def age_of(iso: str) -> Message:
    """The age of an ISO 8601 time; empty for any other text."""
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


session_list = SessionList.current
"""The list of the current runtime."""
