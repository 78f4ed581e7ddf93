# SPDX-License-Identifier: GPL-3.0-or-later
"""Open the SQLite file of the job store, whatever state it is in."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from .errors import DiskProblem, StoreTooNew, StoreUnusable

SCHEMA_VERSION = 1
BUSY_TIMEOUT_S = 10.0
_SCHEMA = Path(__file__).with_name("schema.sql")
_log = logging.getLogger(__name__)


def open_database(path: Path) -> sqlite3.Connection:
    """A connection to the store at *path*, made if it is missing, in autocommit mode.

    A file that is no database, or is damaged, is moved aside (never deleted) and a new store is begun. Raises
    :class:`StoreTooNew` for one written by a newer add-on, which is left untouched, :class:`DiskProblem` and
    :class:`StoreUnusable`.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DiskProblem(f"The job folder {path.parent} cannot be made: {error.strerror or error}.") from error
    with storage_faults_explained(path):
        try:
            return _opened(path)
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
            aside = _move_aside(path)
            _log.warning(
                "The job store was damaged (%s). It was moved to %s and a new one was begun.", error, aside.name
            )
            return _opened(path)


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
    try:
        connection.row_factory = sqlite3.Row
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise StoreTooNew(f"The job store {path} was written by a newer CSM Refine (format {version}).")
        _use_best_journal(connection)
        connection.execute("PRAGMA synchronous=FULL")
        if version < SCHEMA_VERSION:
            _make_schema(connection)
        elif connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("database disk image is malformed")
    except BaseException:
        connection.close()
        raise
    return connection


def _make_schema(connection: sqlite3.Connection) -> None:
    connection.executescript(
        f"BEGIN IMMEDIATE;\n{_SCHEMA.read_text(encoding='utf-8')}\nPRAGMA user_version={SCHEMA_VERSION};\nCOMMIT;"
    )


def _use_best_journal(connection: sqlite3.Connection) -> None:
    """Write-ahead log where the file system can share memory; a rollback journal elsewhere (network homes).

    https://www.sqlite.org/wal.html: "WAL does not work over a network filesystem".
    """
    with contextlib.suppress(sqlite3.OperationalError):
        if connection.execute("PRAGMA journal_mode=WAL").fetchone()[0] == "wal":
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            return
    connection.execute("PRAGMA journal_mode=DELETE")


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    return any(words in str(error) for words in ("not a database", "malformed", "file is encrypted"))


def _move_aside(path: Path) -> Path:
    aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
    path.replace(aside)
    for suffix in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).replace(aside.with_name(aside.name + suffix))
    return aside


@contextlib.contextmanager
def storage_faults_explained(path: Path) -> Iterator[None]:
    """Turn what SQLite raises into :class:`DiskProblem` (full, read-only, gone) or :class:`StoreUnusable`."""
    try:
        yield
    except sqlite3.Error as error:
        text = str(error)
        if any(words in text for words in ("full", "readonly", "read-only", "unable to open", "disk I/O")):
            raise DiskProblem(f"The job store {path} cannot be written: {text}.") from error
        if "locked" in text:
            raise StoreUnusable(f"The job store {path} stays locked by another program.") from error
        raise StoreUnusable(f"The job store {path} cannot be used: {text}.") from error
