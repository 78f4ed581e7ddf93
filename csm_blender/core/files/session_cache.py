# SPDX-License-Identifier: GPL-3.0-or-later
"""The account's sessions as last listed, kept on the disk with their pictures, so that they can be shown offline too.

One folder for each base URL, below ``catalogue`` in the job folder: ``catalogue.json`` and ``pictures``. Links are
signed and are never kept.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from ..api.session import Session
from ..api.session_code import parse_session_code
from ..errors import BadSessionCode
from ..records import Record
from ..redaction import hashed
from .whole_file import write_whole

FILE_NAME = "catalogue.json"  # as version 1.0.0 spells it
PICTURES = "pictures"
PAGE_SIZE = 50


@dataclass(frozen=True)
class Entry(Record):
    """One session. ``picture`` is the name of a file in the folder of pictures, or empty."""

    code: str
    state: str
    caption: str
    created_at: str
    picture: str = ""


@dataclass(frozen=True)
class SessionCatalog(Record):
    """The known sessions of the account: the newest *pages* pages, as of *fetched_at* (Unix seconds)."""

    entries: tuple[Entry, ...] = ()
    total: int | None = None
    pages: int = 0
    fetched_at: float = 0.0

    @property
    def has_more(self) -> bool:
        """Whether the service has more sessions than these."""
        if self.total is None:
            return self.pages > 0 and len(self.entries) == self.pages * PAGE_SIZE
        return len(self.entries) < self.total

    def with_page(self, number: int, entries: tuple[Entry, ...], total: int | None, now: float) -> SessionCatalog:
        """This catalog after page *number* (from 1) came in. The first page begins it again."""
        if number <= 1:
            return SessionCatalog(entries, total, 1, now)
        new = {entry.code for entry in entries}
        kept = tuple(entry for entry in self.entries if entry.code not in new)
        return SessionCatalog((*kept, *entries), total, number, self.fetched_at)


def folder_for(home: Path, base_url: str) -> Path:
    """Where the catalog of a service is kept."""
    return home / "catalogue" / hashed(base_url, 16)


def picture_name(code: str) -> str:
    """The file of a session's picture. Codes come from outside, so they are no file names."""
    return f"{hashed(code, 24)}.img"


def entry_of(session: Session, pictures: Path) -> Entry | None:
    """The entry of a listed session; ``None`` for one whose code is not valid."""
    try:
        code = parse_session_code(session.code)
    except BadSessionCode:
        return None
    name = picture_name(code)
    has_picture = (pictures / name).is_file()
    return Entry(code, session.state_text, session.caption, session.created_at, name if has_picture else "")


def load(folder: Path) -> SessionCatalog:
    """The catalog that *folder* holds; an empty one where there is none that can be read."""
    try:
        return SessionCatalog.from_dict(json.loads((folder / FILE_NAME).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return SessionCatalog()


def save(catalog: SessionCatalog, folder: Path) -> None:
    """Keep it in *folder*, which is made if need be. Raises :class:`OSError`."""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / FILE_NAME, json.dumps(catalog.as_dict()))
