# SPDX-License-Identifier: GPL-3.0-or-later
"""The account's sessions as last listed, kept on the disk with their pictures, so that they can be shown offline too.

One folder for each base URL, below ``catalogue`` in the job folder: ``catalogue.json`` and ``pictures``. Links are
signed and are never kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from ..api.session import Session
from ..api.session_code import parse_session_code
from ..errors import BadSessionCode

FILE_NAME = "catalogue.json"
PICTURES = "pictures"
PAGE_SIZE = 50


@dataclass(frozen=True)
class Entry:
    """One session. ``picture`` is the name of a file in the folder of pictures, or empty."""

    code: str
    state: str
    caption: str
    created_at: str
    picture: str = ""


@dataclass(frozen=True)
class Catalogue:
    """What is known of the account's sessions: the newest *pages* pages, as of *fetched_at* (Unix seconds)."""

    entries: tuple[Entry, ...] = ()
    total: int | None = None
    pages: int = 0
    fetched_at: float = 0.0

    @property
    def has_more(self) -> bool:
        """Whether the service knows more sessions than these."""
        if self.total is None:
            return self.pages > 0 and len(self.entries) == self.pages * PAGE_SIZE
        return len(self.entries) < self.total

    def with_page(self, number: int, entries: tuple[Entry, ...], total: int | None, now: float) -> Catalogue:
        """This catalogue after page *number* (from 1) came in. The first page begins it anew."""
        if number <= 1:
            return Catalogue(entries, total, 1, now)
        new = {entry.code for entry in entries}
        kept = tuple(entry for entry in self.entries if entry.code not in new)
        return Catalogue((*kept, *entries), total, number, self.fetched_at)


def folder_for(home: Path, base_url: str) -> Path:
    """Where the catalogue of a service is kept."""
    return home / "catalogue" / hashlib.sha256(base_url.encode()).hexdigest()[:16]


def picture_name(code: str) -> str:
    """The file of a session's picture. Codes come from outside, so they are no file names."""
    return f"{hashlib.sha256(code.encode()).hexdigest()[:24]}.img"


def entry_of(session: Session, pictures: Path) -> Entry | None:
    """The entry of a listed session; ``None`` for one whose code is none."""
    try:
        code = parse_session_code(session.code)
    except BadSessionCode:
        return None
    name = picture_name(code)
    has_picture = (pictures / name).is_file()
    return Entry(code, session.state_text, session.caption, session.created_at, name if has_picture else "")


def load(folder: Path) -> Catalogue:
    """What is kept in *folder*; an empty one where there is nothing, or nothing that can be read."""
    try:
        data = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
        entries = tuple(Entry(**entry) for entry in data.pop("entries"))
        return Catalogue(entries=entries, **data)
    except (OSError, ValueError, TypeError, KeyError):
        return Catalogue()


def save(catalogue: Catalogue, folder: Path) -> None:
    """Keep it: whole, or not at all. Raises :class:`OSError`."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{FILE_NAME}.{os.getpid()}.part"
    try:
        part.write_text(json.dumps(asdict(catalogue)), encoding="utf-8")
        part.replace(folder / FILE_NAME)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
