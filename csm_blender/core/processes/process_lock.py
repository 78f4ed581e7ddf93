# SPDX-License-Identifier: GPL-3.0-or-later
"""A lock on a file that ends with the process that holds it, however that ends, on Linux, macOS and Windows alike.

It is an exclusive transaction of SQLite, which locks the file with what the system has (``fcntl``, ``LockFileEx``). The
system takes such a lock back when the process ends. A process id would have to be compared with a start time, which
Python reads on no two systems in the same way. And a plain ``fcntl`` lock is lost when any part of the process closes
the same file; SQLite takes care of that (https://www.sqlite.org/src/file/src/os_unix.c, "Posix Advisory Locking").
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path, PurePath
from types import TracebackType
from typing import Self
from urllib.parse import quote


def sqlite_address(path: PurePath, mode: str) -> str:
    """The URI of the absolute *path*, also of one on a share of Windows, where ``as_uri`` gives what SQLite refuses.

    https://www.sqlite.org/uri.html: two slashes, and then an absolute path that begins with one.
    """
    quoted = quote(path.as_posix(), safe="/:")
    return f"file://{'' if quoted.startswith('/') else '/'}{quoted}?mode={mode}"


class ProcessLock:
    """A lock on the file *path*. To be used in one thread; also locks out the rest of the same process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def acquire(self, timeout_s: float = 0.0, *, create: bool = True) -> bool:
        """Take the lock; ``False`` while it is held elsewhere, after *timeout_s* seconds.

        The file is made where it is missing; without *create* that raises :class:`sqlite3.OperationalError`, as does
        one that cannot be locked.
        """
        address = sqlite_address(self._path.absolute(), "rwc" if create else "rw")
        connection = sqlite3.connect(address, timeout=timeout_s, isolation_level=None, uri=True)
        try:
            connection.execute("PRAGMA journal_mode=OFF")  # no second file: nothing is ever written
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            connection.close()
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                return False
            raise
        self._connection = connection
        return True

    def release(self) -> None:
        """Give the lock back, if it is held. The file stays."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(sqlite3.Error):
            self.release()
