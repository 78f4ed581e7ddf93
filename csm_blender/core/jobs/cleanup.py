# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the job folder from growing for ever, and never delete what somebody still needs.

What is always kept: every record; the files of a job that is not finished; the files of the jobs that the caller names,
which are those of the scenes it has open. What goes first are leftovers of killed processes, then the copies of
previews and the files of finished jobs, oldest first, until the folder is within its limit. A placed result lives in
its .blend: what goes is the copy for "place again", which is then fetched again and costs nothing.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import time
import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..files import preview_cache
from ..models import FINISHED
from .job import Job
from .store import DATABASE_NAME, Store

DEFAULT_LIMIT_BYTES = 5 * 1024**3
LEFTOVER_AGE_S = 3600.0
_JOB_FOLDER = re.compile(r"[0-9a-f]{32}")
_LEFTOVERS = ("*.part", "converting-*")
_CLAIM_S = 60.0


@dataclass(frozen=True)
class Usage:
    """Bytes in the job folder: all of them, and those that :func:`clean` with a limit of 0 would free."""

    total_bytes: int
    freeable_bytes: int


def usage(store: Store, needed: Collection[str] = ()) -> Usage:
    """What the job folder takes; *needed* are the ids of jobs whose files must stay."""
    freeable = sum(folder_size(path) for path in _leftovers(store, LEFTOVER_AGE_S))
    freeable += sum(folder_size(path) for path in preview_cache.copies(store.home))
    freeable += sum(folder_size(store.folder(job.job_id)) for job in _expendable(store, needed))
    return Usage(folder_size(store.home), freeable)


def clean(store: Store, needed: Collection[str] = (), limit_bytes: int = DEFAULT_LIMIT_BYTES) -> int:
    """Delete leftovers, then copies of previews, then files of finished jobs until the folder is within *limit_bytes*.

    Gives the bytes freed. *needed* are the ids of jobs whose files must stay: those of open scenes. With a limit of 0
    all that may go goes.
    """
    freed = 0
    for path in _leftovers(store, LEFTOVER_AGE_S):
        freed += _delete(path)
    excess = folder_size(store.home) - limit_bytes
    for copy in preview_cache.copies(store.home):
        if excess <= 0:
            break
        gone = _delete(copy)
        freed += gone
        excess -= gone
    for job in _expendable(store, needed):
        if excess <= 0:
            break
        gone = _delete_files_of(store, job)
        freed += gone
        excess -= gone
    return freed


def _expendable(store: Store, needed: Collection[str]) -> list[Job]:
    """Finished jobs that have files and are not needed, longest finished first."""
    jobs = [job for job in store.jobs(FINISHED) if job.job_id not in needed and store.folder(job.job_id).is_dir()]
    return sorted(jobs, key=lambda job: job.finished_at)


def _leftovers(store: Store, age_s: float) -> Iterator[Path]:
    """What a killed process left: half downloads, attempts of converters, folders of jobs that are no more."""
    known = {job.job_id for job in store.jobs()}
    for folder in _folders(store.home):
        if folder.name not in known:
            if _is_older(folder, age_s):
                yield folder
            continue
        for pattern in _LEFTOVERS:
            yield from (path for path in folder.glob(pattern) if _is_older(path, age_s))
    works = (store.home / preview_cache.FOLDER).glob(f"{preview_cache.WORK_PREFIX}*")
    yield from (folder for folder in works if _is_older(folder, age_s))


def _folders(home: Path) -> list[Path]:
    try:
        return [path for path in home.iterdir() if _JOB_FOLDER.fullmatch(path.name) and path.is_dir()]
    except OSError:
        return []


def _is_older(path: Path, age_s: float) -> bool:
    """Whether nothing in *path* has changed for *age_s* seconds: a running process would have written to it."""
    try:
        newest = max((part.stat().st_mtime for part in (path, *path.rglob("*"))), default=0.0)
    except OSError:
        return False
    return time.time() - newest > age_s


def _delete_files_of(store: Store, job: Job) -> int:
    """Delete a job's folder while holding its lease, so that nobody takes the job up again meanwhile."""
    owner = uuid.uuid4().hex
    if not store.claim(job.job_id, owner, _CLAIM_S):
        return 0
    try:
        current = store.get(job.job_id)
        if current is None or current.state not in FINISHED:
            return 0
        return _delete(store.folder(job.job_id))
    finally:
        store.release(owner)


def _delete(path: Path) -> int:
    before = folder_size(path)
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):  # on Windows: somebody reads it just now
            path.unlink(missing_ok=True)
    return before - folder_size(path)


def folder_size(path: Path) -> int:
    """Bytes in a file or folder. What disappears while it is being counted does not count."""
    total = 0
    for part in (path, *path.rglob("*")):
        try:
            if part.is_file() and not part.is_symlink() and not part.name.startswith(f"{DATABASE_NAME}-"):
                total += part.stat().st_size
        except OSError:
            continue
    return total
