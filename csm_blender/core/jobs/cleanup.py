# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the job folder from growing for ever, and never delete what is still needed.

What is always kept: every record; the files of a job that is not finished; the files of the jobs that the caller names,
which are those of the scenes it has open. What goes first are leftovers of killed processes, then the copies of
previews and the files of finished jobs, oldest first, until the folder is within its limit. A placed result lives in
its .blend: what goes is the copy for "place again", which is then fetched again and costs nothing.
"""

from __future__ import annotations

import re
import shutil
import time
import uuid
from collections.abc import Collection
from pathlib import Path

from ..file_system import remove_file
from ..files import preview_cache
from .job import Job
from .states import FINISHED
from .store import DATABASE_NAME, Store

DEFAULT_LIMIT_BYTES = 5 * 1024**3
LEFTOVER_AGE_S = 3600.0
_JOB_FOLDER = re.compile(r"[0-9a-f]{32}")
_LEFTOVERS = ("*.part", "converting-*")


def clean(store: Store, needed: Collection[str] = (), limit_bytes: int = DEFAULT_LIMIT_BYTES) -> int:
    """Delete leftovers, then copies of previews, then files of finished jobs until the folder is within *limit_bytes*.

    Gives the bytes freed. *needed* are the ids of jobs whose files must stay: those of open scenes. With a limit of 0
    all that may go goes.
    """
    freed = sum(_delete(path) for path in _leftovers(store))
    to_free = freed + folder_size(store.home) - limit_bytes
    for copy in preview_cache.copies(store.home):
        freed += _delete(copy) if freed < to_free else 0
    for job in _expendable(store, needed):
        freed += _delete_files_of(store, job) if freed < to_free else 0
    return freed


def _expendable(store: Store, needed: Collection[str]) -> list[Job]:
    """Finished jobs that have files and are not needed, longest finished first."""
    jobs = [job for job in store.jobs(FINISHED) if job.job_id not in needed and store.folder(job.job_id).is_dir()]
    return sorted(jobs, key=lambda job: job.finished_at)


def _leftovers(store: Store) -> list[Path]:
    """What a killed process left: half downloads, attempts of converters, folders of jobs that are no more."""
    known = store.job_ids()
    found = list((store.home / preview_cache.FOLDER).glob(f"{preview_cache.WORK_PREFIX}*"))
    for folder in store.home.glob("*"):
        if folder.name in known:
            found += (path for pattern in _LEFTOVERS for path in folder.glob(pattern))
        elif _JOB_FOLDER.fullmatch(folder.name) and folder.is_dir():
            found.append(folder)
    return [path for path in found if _is_old(path)]


def _is_old(path: Path) -> bool:
    """Whether nothing in *path* has changed for an hour: a running process would have written to it."""
    try:
        newest = max(part.stat().st_mtime for part in (path, *path.rglob("*")))
    except OSError:
        return False
    return time.time() - newest > LEFTOVER_AGE_S


def _delete_files_of(store: Store, job: Job) -> int:
    """Delete a job's folder while holding its lease, so that no worker begins with the job again meanwhile."""
    owner = uuid.uuid4().hex
    if not store.claim(job.job_id, owner, lease_s=60.0):
        return 0
    try:
        current = store.get(job.job_id)
        return _delete(store.folder(job.job_id)) if current and current.state in FINISHED else 0
    finally:
        store.release(owner)


def _delete(path: Path) -> int:
    before = folder_size(path)
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        remove_file(path)
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
