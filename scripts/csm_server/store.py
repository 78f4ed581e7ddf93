# SPDX-License-Identifier: GPL-3.0-or-later
"""The sessions and their files: one SQLite table and one folder a session, so that a restart loses nothing.

``DATA/sessions.sqlite`` holds the table ``sessions``, a row each, readable with any SQLite tool.
``DATA/sessions/CODE/preview/mesh.glb`` is the preview; ``refined-N/mesh.glb`` the N-th refined mesh. Other
formats and the picture are made beside the GLB when somebody asks for them.
"""

from __future__ import annotations

import json
import re
import secrets
import sqlite3
import time
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

CODE = re.compile(r"SESSION_[A-Za-z0-9]+(?:_[A-Za-z0-9]+){0,3}")
STYLES = ("2024", "2025")
_DICTS = ("job", "behaviour", "request")


class StoreError(ValueError):
    """A session that cannot be added: bad code, taken code, or a file that is no GLB."""


@dataclass
class Session:
    """One session. Times are Unix seconds; ``status`` is in the words of the 2024 style."""

    code: str
    caption: str = ""
    style: str = "2025"
    status: str = "preview_done"
    created_at: float = 0.0
    updated_at: float = 0.0
    refined: int = 0
    """How many refines have ended well; the newest is in the folder ``refined-N``."""
    message: str = ""
    """Why the last refine failed."""
    request: dict[str, Any] = field(default_factory=dict)
    """``scaled_bbox`` and ``pivot_point`` of the newest refine call, as far as they were sent."""
    job: dict[str, Any] = field(default_factory=dict)
    """The refine under way: ``started`` (Unix seconds) and ``trial_key``; empty when none is."""
    behaviour: dict[str, Any] = field(default_factory=dict)
    """Departures from the norm that a test asked for; empty otherwise."""

    @property
    def current(self) -> str:
        """Name of the folder with the newest mesh."""
        return f"refined-{self.refined}" if self.refined else "preview"


def new_code() -> str:
    """A session code of the form the cloud gives: Unix seconds and seven digits."""
    return f"SESSION_{int(time.time())}_{secrets.randbelow(9_000_000) + 1_000_000}"


class Store:
    """The sessions under one data folder. Every call reads or writes the database; nothing is cached."""

    def __init__(self, data: Path) -> None:
        """Open (and make, where it is new) the folder ``data``. Raises OSError where that cannot be."""
        self.data = data
        data.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(data / "sessions.sqlite", isolation_level=None, timeout=10, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS sessions (code TEXT PRIMARY KEY, caption TEXT, style TEXT, status TEXT,"
            " created_at REAL, updated_at REAL, refined INTEGER, message TEXT, request TEXT, job TEXT, behaviour TEXT)"
        )

    def secret(self) -> bytes:
        """The key that signs mesh URLs; made once, so that URLs outlive a restart."""
        path = self.data / "url.secret"
        if not path.exists():
            path.write_bytes(secrets.token_bytes(32))
            path.chmod(0o600)
        return path.read_bytes()

    def folder(self, code: str, name: str = "") -> Path:
        """The folder of a session, or the folder ``name`` in it."""
        return self.data / "sessions" / code / name

    def add(self, glb: bytes, *, code: str | None = None, **values: Any) -> Session:
        """Add a session with this preview mesh; ``values`` are other fields of Session. Raises StoreError.

        The mesh is taken as it is: see :mod:`csm_server.incoming`.
        """
        code = code or new_code()
        if not CODE.fullmatch(code) or len(code) > 64:
            raise StoreError(f"{code!r} is no session code: it must look like SESSION_1700000000_1234567")
        if self.get(code):
            raise StoreError(f"there is a session {code} already")
        if not glb.startswith(b"glTF"):
            raise StoreError("the file is no GLB (binary glTF)")
        now = time.time()
        session = Session(code=code, **{"created_at": now, "updated_at": now, **values})
        preview = self.folder(code, "preview")
        preview.mkdir(parents=True, exist_ok=True)
        (preview / "mesh.glb").write_bytes(glb)
        self.save(session)
        return session

    def save(self, session: Session) -> None:
        """Write the session's row."""
        values = {f.name: getattr(session, f.name) for f in fields(Session)}
        row = {name: json.dumps(value) if name in _DICTS else value for name, value in values.items()}
        marks = ", ".join(f":{name}" for name in row)
        self._db.execute(f"INSERT OR REPLACE INTO sessions ({', '.join(row)}) VALUES ({marks})", row)

    def get(self, code: str) -> Session | None:
        """The session with that code, or None."""
        rows = self._select("WHERE code = ?", code)
        return rows[0] if rows else None

    def page(self, limit: int, offset: int) -> tuple[list[Session], int]:
        """``limit`` sessions after the first ``offset``, newest first, and how many there are in all."""
        total = self._db.execute("SELECT count(*) FROM sessions").fetchone()[0]
        return self._select("ORDER BY created_at DESC, code DESC LIMIT ? OFFSET ?", limit, offset), total

    def unfinished(self) -> list[Session]:
        """Sessions whose refine was under way when the service ended."""
        return self._select("WHERE job != '{}'")

    def _select(self, clause: str, *values: Any) -> list[Session]:
        rows = self._db.execute(f"SELECT * FROM sessions {clause}", values).fetchall()
        return [
            Session(**{name: json.loads(value) if name in _DICTS else value for name, value in dict(row).items()})
            for row in rows
        ]


def replace_file(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` so that no reader sees half of it."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    part.write_bytes(data)
    part.replace(path)
