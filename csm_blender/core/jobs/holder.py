# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the process that holds leases is still there, so that the jobs of a killed one go on at once.

A process that takes leases holds a lock on a file of its own as long as it lives (:class:`.process_lock.ProcessLock`).
The file lies in this machine's folder for temporary files, and its name tells the machine: on another machine, which
may share the job folder but cannot see such a lock, it is not found. Where it is not found nothing is known, and a
lease counts until it runs out. So the file of a killed process is of use until all its leases are over, and is removed
by a later process of this machine.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import logging
import platform
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from ..file_system import remove_file
from ..processes.process_lock import ProcessLock

KEPT_S = 24 * 3600.0
"""How long the file of a killed process is kept, in seconds; no lease is that long."""
_MOST_REMOVED = 200
"""So many such files are looked at by one process: it has its own work."""
_SUFFIX = ".alive"
_log = logging.getLogger(__name__)


@contextlib.contextmanager
def alive_as(owner: str) -> Iterator[None]:
    """Be seen as *owner*, a name that no process had before, until this ends. Begin it before the first lease is taken.

    Where temporary files cannot be locked it does nothing: others then wait until the leases run out.
    """
    lock = ProcessLock(_file_of(owner))
    try:
        lock.acquire()
    except sqlite3.Error as error:
        _log.warning("No lock shows that this process is alive: %s", error)
    _forget_long_gone()
    try:
        yield
    finally:
        lock.release()
        forget(owner)


def is_gone(owner: str) -> bool:
    """Whether the process *owner* ran on this machine and has ended. ``False`` where that is not certain."""
    with ProcessLock(_file_of(owner)) as lock:
        try:
            return lock.acquire(create=False)
        except sqlite3.Error:
            return False


def forget(owner: str) -> None:
    """Delete the file of a process that has ended."""
    remove_file(_file_of(owner))  # on Windows it stays while another process asks about it


def _forget_long_gone() -> None:
    """Delete the files of processes that were killed long ago."""
    beginning = _beginning()
    with contextlib.suppress(OSError):
        found = Path(tempfile.gettempdir()).glob(f"{beginning}*{_SUFFIX}")
        old = (path for path in found if time.time() - path.stat().st_mtime > KEPT_S)
        for path in itertools.islice(old, _MOST_REMOVED):
            owner = path.name.removeprefix(beginning).removesuffix(_SUFFIX)
            if is_gone(owner):
                forget(owner)


def _file_of(owner: str) -> Path:
    return Path(tempfile.gettempdir()) / f"{_beginning()}{owner}{_SUFFIX}"


def _beginning() -> str:
    """How the names of this machine's files begin."""
    return f"csm-refine-{hashlib.sha256(platform.node().encode()).hexdigest()[:12]}-"
