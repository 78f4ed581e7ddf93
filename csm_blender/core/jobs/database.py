# SPDX-License-Identifier: GPL-3.0-or-later
"""Open the SQLite file of the job store, whatever state it is in."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from ..errors import StoreDiskProblem, StoreTooNew, StoreUnusable
from ..file_system import replace_file
from ..messages import NOTHING, Message
from ..processes.process_lock import ProcessLock
from .rows import NEWEST_FORMAT

SCHEMA_VERSION = 1
"""The format of a store without jobs; see :data:`.rows.NEWEST_FORMAT`."""
BUSY_TIMEOUT_S = 10.0
_SCHEMA = Path(__file__).with_name("schema.sql")
_COMPANIONS = ("-wal", "-shm", "-journal")
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_DISK_FAULTS = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR})
_LOCKED = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_log = logging.getLogger(__name__)


class _Damaged(sqlite3.DatabaseError):
    """SQLite can open the file but finds it inconsistent."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT


def open_database(path: Path, busy_timeout_s: float = BUSY_TIMEOUT_S) -> tuple[sqlite3.Connection, Message]:
    """The store at *path*, made if it is missing, in autocommit mode; a lock is waited for *busy_timeout_s* seconds.

    The message is a sentence for people when the file had to be replaced, else empty.

    A file that is no database, or is damaged, is moved aside (never deleted) and a new store is created. Raises
    :class:`StoreTooNew` for one written by a newer add-on, which is left untouched, :class:`StoreDiskProblem` and
    :class:`StoreUnusable`.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        words = "The job folder {folder} cannot be created: {reason}."
        raise StoreDiskProblem(words, folder=path.parent, reason=error) from error
    with storage_faults_explained(path):
        try:
            return _opened(path, busy_timeout_s), NOTHING
        except sqlite3.DatabaseError as error:
            if _primary_code(error) not in _DAMAGED:
                raise
            return _replaced(path, busy_timeout_s, error)


def identity(path: Path) -> tuple[int, int]:
    """Which file *path* is at the moment; (0, 0) where there is none."""
    try:
        status = os.stat(path)  # noqa: PTH116 - called before every write: Path.stat costs four times as much
    except OSError:
        return (0, 0)
    return (status.st_dev, status.st_ino)


def _opened(path: Path, busy_timeout_s: float) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=busy_timeout_s, isolation_level=None)
    try:
        _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Create the schema, or check and complete the one that is there."""
    connection.row_factory = sqlite3.Row
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > NEWEST_FORMAT:
        words = "The job store {path} was written by a newer CSM Refine (format {version})."
        raise StoreTooNew(words, path=path, version=version)
    _use_best_journal(connection)
    connection.execute("PRAGMA synchronous=FULL")
    if version < SCHEMA_VERSION:
        # Every statement of the schema may run twice: two processes may create the store at the same time.
        schema = _SCHEMA.read_text(encoding="utf-8")
        connection.executescript(f"BEGIN IMMEDIATE;\n{schema}\nPRAGMA user_version={SCHEMA_VERSION};\nCOMMIT;")
    elif connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        raise _Damaged("the integrity check failed")
    elif not _has_message_column(connection):
        _add_message_column(connection)


def _add_message_column(connection: sqlite3.Connection) -> None:
    try:
        connection.execute("BEGIN IMMEDIATE")
        if not _has_message_column(connection):  # another process may have added it in between
            connection.execute("ALTER TABLE jobs ADD COLUMN message_json TEXT NOT NULL DEFAULT ''")
        connection.execute("COMMIT")
    except sqlite3.OperationalError as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if _primary_code(error) not in _DISK_FAULTS:  # a read-only store can still be read
            raise


def _has_message_column(connection: sqlite3.Connection) -> bool:
    """Whether the table of jobs has the column that version 1.0.0, which may use the same file, does not know."""
    return any(row["name"] == "message_json" for row in connection.execute("PRAGMA table_info(jobs)"))


def _use_best_journal(connection: sqlite3.Connection) -> None:
    """Write-ahead log where the file system can share memory; a rollback journal elsewhere (network homes).

    https://www.sqlite.org/wal.html: "WAL does not work over a network filesystem".
    """
    with contextlib.suppress(sqlite3.OperationalError):
        if connection.execute("PRAGMA journal_mode=WAL").fetchone()[0] == "wal":
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            return
    connection.execute("PRAGMA journal_mode=DELETE")


def _primary_code(error: sqlite3.Error) -> int:
    """SQLite's primary result code (https://www.sqlite.org/rescode.html); 0 where there is none."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _replaced(path: Path, busy_timeout_s: float, damage: sqlite3.DatabaseError) -> tuple[sqlite3.Connection, Message]:
    """A new store in place of the damaged one, and the sentence that says so.

    Two processes may find the damage at the same time, and the second must not move the first one's new store away: so
    they go one by one, and each looks again when it is its turn.
    """
    with ProcessLock(path.with_name(f"{path.name}.lock")) as lock:
        if not lock.acquire(busy_timeout_s):
            raise StoreUnusable("The job store {path} stays locked by another program.", path=path)
        try:
            return _opened(path, busy_timeout_s), NOTHING
        except sqlite3.DatabaseError as error:
            if _primary_code(error) not in _DAMAGED:
                raise
        # The file itself is renamed last: from then on another process may create a new store, and the companions
        # beside it would be that one's.
        aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:6]}")
        try:
            for suffix in _COMPANIONS:
                with contextlib.suppress(FileNotFoundError):
                    replace_file(path.with_name(path.name + suffix), aside.with_name(aside.name + suffix))
            replace_file(path, aside)
        except OSError as error:
            raise StoreUnusable(
                "The job store {path} is damaged and cannot be moved aside: {reason}.",
                "Close all Blender windows and try again.",
                path=path,
                reason=error,
            ) from error
        notice = Message(
            "The job store was damaged. It was renamed to {name} and a new one was created.", name=aside.name
        )
        _log.warning("%s (%s)", notice, damage)
        return _opened(path, busy_timeout_s), notice


@contextlib.contextmanager
def storage_faults_explained(path: Path) -> Iterator[None]:
    """Turn what SQLite raises into :class:`StoreDiskProblem` (full, read-only, gone) or :class:`StoreUnusable`."""
    try:
        yield
    except sqlite3.Error as error:
        code, text = _primary_code(error), str(error)
        if code in _DISK_FAULTS:
            words = "The job store {path} cannot be written: {reason}."
            raise StoreDiskProblem(words, path=path, reason=text) from error
        if code in _LOCKED:
            raise StoreUnusable("The job store {path} stays locked by another program.", path=path) from error
        raise StoreUnusable("The job store {path} cannot be used: {reason}.", path=path, reason=text) from error
