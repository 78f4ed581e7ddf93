# SPDX-License-Identifier: GPL-3.0-or-later
"""The mark that precedes the refine request of a session: durable, exclusive, never removed.

It lies in the folder of the first job of the plan that wants the session, so that all of them meet there:
``request-1.json`` names the job that asks. Only where it is certain that the service has nothing to act on (no
connection was made, or it said no), ``request-1.void`` is put beside it, and the next request may go out with
``request-2.json``. Files are created exclusively and never deleted: a mark stands until its own writer voids it.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from .journal import sync_folder

_NAME = re.compile(r"request-([1-9][0-9]*)\.(json|void)")


def standing_mark(folder: Path) -> tuple[int, str]:
    """The number of the newest mark in *folder*, and the job that asks. Raises :class:`OSError`.

    The job is empty where the mark is void or there is none, and unknown (``"?"``) where the writer of the mark was
    killed before it had written that.
    """
    found = _found(folder)
    number = max((each for each, _kind in found), default=0)
    return number, "" if number == 0 or (number, "void") in found else asking_job(folder, number)


def asking_job(folder: Path, number: int) -> str:
    """The job that has set the mark of this *number*; see :func:`standing_mark`. Raises :class:`OSError`."""
    try:
        return str(json.loads((folder / f"request-{number}.json").read_bytes())["job_id"])
    except (KeyError, TypeError, ValueError):
        return "?"


def set_mark(folder: Path, number: int, content: Mapping[str, Any]) -> bool:
    """Set the mark of this *number*; ``False`` where there is one. On the disk when this ends.

    Raises :class:`OSError`, and then nobody has asked: what this has made of the mark is void, if that can be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        file = (folder / f"request-{number}.json").open("xb")
    except FileExistsError:
        return False
    try:
        _write_lasting(file, folder, content)
    except OSError:
        with contextlib.suppress(OSError):
            void_mark(folder, number, content)
        raise
    return True


def void_mark(folder: Path, number: int, content: Mapping[str, Any]) -> None:
    """Say that the request of this *number* was none. Raises :class:`OSError`, and then the mark stands."""
    with contextlib.suppress(FileExistsError):
        _write_lasting((folder / f"request-{number}.void").open("xb"), folder, content)


def _write_lasting(file: BinaryIO, folder: Path, content: Mapping[str, Any]) -> None:
    """Write *content* into the new *file* in *folder*, and close it. On the disk when this ends, with its name."""
    with file:
        file.write(json.dumps(content).encode())
        file.flush()
        os.fsync(file.fileno())
    sync_folder(folder)
    sync_folder(folder.parent)


def _found(folder: Path) -> set[tuple[int, str]]:
    try:
        names = os.listdir(folder)  # noqa: PTH208 - only names are wanted
    except FileNotFoundError:
        return set()
    return {(int(found[1]), found[2]) for found in map(_NAME.fullmatch, names) if found}
