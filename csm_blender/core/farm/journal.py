# SPDX-License-Identifier: GPL-3.0-or-later
"""The journals in the folder of a job: who has it, and what became of it. Safe on folders that machines share.

``claim-1.jsonl``, ``claim-2.jsonl``, … : who creates the next number (exclusively, which network file systems promise)
has the job, and is the only one that ever writes to that file. Nothing is deleted or renamed, so a number is given
once; a worker that was believed dead and wakes up writes to a journal that nobody reads any more.

A line is a JSON object. The first names the holder and holds the whole record as it was taken over; the others hold
what changed (``{"state": …}``), that the holder lives (``{"beat": 7}``) or that it gave the job back (``{"released":
true}``). A line that a killed process or a full disk left unfinished is skipped. No clock is compared: a journal whose
length does not change while another worker watches it, for as long as a lease is, belongs to a dead one.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ..jobs.holder import is_gone
from ..records import Record

_NAME = re.compile(r"claim-([1-9][0-9]*)\.jsonl")
_HOLDER, _BEAT, _RELEASED = "holder", "beat", "released"
_FIRST, _STATE, _POSTS, _GIVEN_BACK = b'{"holder":', b'"state":"', b'"posts":', b'{"released":true}'
_DIGITS = re.compile(rb"[0-9]+")
_GONE = (errno.ENOENT, errno.ENOTDIR)
_BINARY = getattr(os, "O_BINARY", 0)
"""Windows alone has it."""
_CHUNK = 65536


@dataclass(frozen=True)
class Holder(Record):
    """A process that works on jobs. ``owner`` is the name under which it can be seen to live on its own machine."""

    host: str
    pid: int
    owner: str = ""

    @classmethod
    def here(cls, owner: str) -> Holder:
        """This process."""
        return cls(socket.gethostname(), os.getpid(), owner)

    def is_dead(self) -> bool:
        """Whether it is known to have ended, which is known of processes of this machine only."""
        return bool(self.owner) and is_gone(self.owner)


@dataclass(frozen=True)
class Journal:
    """What the newest journals of a job say. ``number`` is that of the newest, 0 where nobody has taken the job yet.

    ``length`` is its length in bytes. ``record`` holds the columns of the job's row in the store's table.
    """

    number: int
    length: int
    record: Mapping[str, Any]
    holder: Holder | None = None
    released: bool = False


NO_JOURNAL = Journal(0, 0, {})


class JournalWriter:
    """The journal that this process created, and nobody else writes to."""

    def __init__(self, path: Path, number: int) -> None:
        self.number = number
        self._path, self._folder = str(path), path.parent
        self._next = f"{path.parent}/claim-{number + 1}.jsonl"
        self._torn = False
        self._beats = 0

    @classmethod
    def create(cls, folder: Path, number: int, record: Mapping[str, Any], owner: str) -> JournalWriter | None:
        """Take the job for *owner* with a journal of this *number*; ``None`` where another worker did.

        The folder is made if need be. Raises :class:`OSError`.
        """
        path = folder / f"claim-{number}.jsonl"
        folder.mkdir(parents=True, exist_ok=True)
        try:
            _write(str(path), _line({_HOLDER: Holder.here(owner).as_dict(), **record}), os.O_EXCL, lasting=False)
        except FileExistsError:
            return None
        return cls(path, number)

    def is_superseded(self) -> bool:
        """Whether another worker has taken the job since."""
        return os.path.exists(self._next)  # noqa: PTH110 - before every write; as for listdir below

    def write(self, changes: Mapping[str, Any], *, lasting: bool = False) -> None:
        """Add *changes*; with *lasting* they are on the disk when this ends. Raises :class:`OSError`."""
        data = _line(changes)
        was_torn, self._torn = self._torn, True
        append(self._path, b"\n" + data if was_torn else data, lasting=lasting)
        self._torn = False
        if lasting:
            sync_folder(self._folder)

    def beat(self) -> None:
        """Show that the holder lives. Raises :class:`OSError`."""
        self._beats += 1
        self.write({_BEAT: self._beats})

    def release(self) -> None:
        """Give the job back; a worker that wants it need not wait."""
        with contextlib.suppress(OSError):  # then others wait as long as for a dead one
            self.write({_RELEASED: True})


def read_journal(folder: Path) -> Journal:
    """The newest state of the job in *folder*. Raises :class:`OSError` for what cannot be read."""
    numbers = _numbers(folder)
    newest = numbers[-1] if numbers else 0
    length, holder, released, record = 0, None, False, None
    for number in reversed(numbers):
        data = (folder / f"claim-{number}.jsonl").read_bytes()
        entries = _entries(data)
        if number == newest:
            length = len(data)
            holder = _holder(entries)
            released = any(_RELEASED in entry for entry in entries)
        if entries and _HOLDER in entries[0]:
            record = _merged(entries)
            break
    return Journal(newest, length, record or {}, holder, released)


class Glance(NamedTuple):
    """What there is to count about a job: its state (empty where nobody has taken it yet), the refine requests sent."""

    state: str
    posts: int
    held: bool


def glance(folder: str | Path) -> Glance:
    """The newest state of the job in *folder*, found without reading all of its journal. Raises :class:`OSError`.

    In JSON a quotation mark inside a text has a backslash before it, so what is looked for is never part of one.
    """
    data = _newest(str(folder))
    if data is None:
        return Glance("", 0, held=False)
    if not data.startswith(_FIRST) or b"\n" not in data:  # its holder has not written a whole line
        record = read_journal(Path(folder)).record
        return Glance(str(record.get("state", "")), int(record.get("posts", 0)), held=True)
    end = data.rfind(b"\n") + 1
    state, posts = data.rfind(_STATE, 0, end) + len(_STATE), data.rfind(_POSTS, 0, end) + len(_POSTS)
    sent = _DIGITS.match(data, posts) if posts >= len(_POSTS) else None
    name = data[state : data.index(b'"', state)] if state >= len(_STATE) else b""
    return Glance(name.decode("ascii", "replace"), int(sent[0]) if sent else 0, held=_GIVEN_BACK not in data)


def _newest(folder: str) -> bytes | None:
    """What the newest journal in *folder* holds; ``None`` where there is none.

    Mostly it is the first. To open that one and ask for the next costs less than to list the folder: no number is left
    out, and none is taken away.
    """
    data = _read(f"{folder}/claim-1.jsonl")
    if data is not None and not os.path.exists(f"{folder}/claim-2.jsonl"):  # noqa: PTH110 - as for listdir below
        return data
    numbers = _numbers(folder)
    return _read(f"{folder}/claim-{numbers[-1]}.jsonl") if numbers else None


def _read(path: str) -> bytes | None:
    """What the file *path* holds; ``None`` where there is none. Raises :class:`OSError`."""
    try:
        descriptor = os.open(path, os.O_RDONLY | _BINARY)
    except OSError as error:
        if error.errno in _GONE:
            return None
        raise
    try:
        data = chunk = os.read(descriptor, _CHUNK)
        while len(chunk) == _CHUNK:
            chunk = os.read(descriptor, _CHUNK)
            data += chunk
        return data
    finally:
        os.close(descriptor)


def append(path: str, data: bytes, *, lasting: bool = False) -> None:
    """Add *data* to the file *path*; with *lasting* it is on the disk when this ends. Raises :class:`OSError`."""
    _write(path, data, os.O_APPEND, lasting=lasting)


def _write(path: str, data: bytes, how: int, *, lasting: bool) -> None:
    """Write *data* with one call, without the layers of ``open``: that is done six times a job.

    Raises ``OSError``, also where the disk takes only a part: the count alone tells that.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | how | _BINARY, 0o666)
    try:
        if os.write(descriptor, data) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
        if lasting:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _numbers(folder: str | Path) -> list[int]:
    try:
        names = os.listdir(folder)  # noqa: PTH208 - called for each of 100,000 jobs: Path objects cost more than this
    except OSError as error:
        if error.errno in _GONE:
            return []
        raise
    return sorted(int(found[1]) for found in map(_NAME.fullmatch, names) if found)


def _entries(data: bytes) -> list[dict[str, Any]]:
    entries = []
    for line in data.splitlines():
        with contextlib.suppress(ValueError):
            entry = json.loads(line)
            if isinstance(entry, dict):
                entries.append(entry)
    return entries


def _merged(entries: list[dict[str, Any]]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for entry in entries:
        record.update(entry)
    for name in (_HOLDER, _BEAT, _RELEASED):
        record.pop(name, None)
    return record


def _holder(entries: list[dict[str, Any]]) -> Holder | None:
    try:
        return Holder.from_dict(entries[0][_HOLDER])
    except (IndexError, KeyError, TypeError, ValueError):
        return None


def _line(data: Mapping[str, Any]) -> bytes:
    return json.dumps(data, separators=(",", ":")).encode() + b"\n"


def sync_folder(folder: Path) -> None:
    """Have the names in *folder* on the disk, where a system can do that: Windows cannot, and need not be told."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
