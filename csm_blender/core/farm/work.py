# SPDX-License-Identifier: GPL-3.0-or-later
"""Work on the jobs of a plan, in this process. The same pipeline as everywhere; only where its jobs lie is different.

May be called for the same jobs any number of times, at the same time on any machines: what is done is left as it is,
what was killed goes on, what another worker has is waited for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ..errors import DiskProblem
from ..files.whole_file import check_room
from ..jobs import actions
from ..jobs.job import Job
from ..jobs.states import JobState
from ..pipeline.run import run_jobs
from ..processes.converter_pool import BLEND_NAME, ConverterPool
from ..settings import Settings
from .job_folders import JobFolders
from .plan import RESULTS

_MAY_BE_TRIED_AGAIN = (JobState.FAILED, JobState.UNCERTAIN, JobState.CANCELLED)


def work(  # noqa: PLR0913 - each is a collaborator or a choice of its own
    folders: JobFolders,
    indices: Sequence[int] | None,
    settings: Settings,
    converters: ConverterPool,
    *,
    concurrency: int,
    on_change: Callable[[Job], None],
    send_again: bool = False,
) -> None:
    """Work until the jobs with these *indices*, or all, are READY or have ended, here or elsewhere.

    What had failed before this call is tried once more, as Retry does: without paying again. Only where a person has
    decided to *send_again* is the request of a job sent once more that was not answered before this call. *on_change*
    gets each job after a change and, last, as it ended, while it is still this process's; one that is done already
    once. Raises :class:`BadPlan` for an index that does not exist, and :class:`StorageError`.
    """
    ids = folders.plan.ids(indices)
    _check_writable(folders.plan.folder)
    tried_before = {job_id for job_id in ids if _state(folders, job_id) in _MAY_BE_TRIED_AGAIN}

    def begin(job_id: str, owner: str) -> bool | None:
        if not _state(folders, job_id):  # nobody has begun it: most of all jobs
            return True
        job = folders.get(job_id)
        if job is None or job.needs_worker:
            tried_before.discard(job_id)  # else another worker tries it just now: that counts
            return job is not None
        is_whole = job.state is JobState.READY and (folders.folder(job_id) / BLEND_NAME).exists()
        if is_whole or (job.state is not JobState.READY and job_id not in tried_before):
            return False
        if not folders.claim(job_id, owner, settings.lease_s):
            return None
        tried_before.discard(job_id)
        return _begin_again(folders, job_id, owner, send_again=send_again)

    def told(job: Job) -> None:
        on_change(job)
        if not job.needs_worker:
            folders.let_go(job.job_id)

    run_jobs(folders, ids, settings, converters, concurrency=concurrency, on_change=told, begin=begin)


def _begin_again(folders: JobFolders, job_id: str, owner: str, *, send_again: bool) -> bool:
    """Have a job that had ended go on, where that makes sense now that nobody else has it."""
    job = folders.get(job_id)
    assert job is not None
    if job.state is JobState.READY:
        if not (folders.folder(job_id) / BLEND_NAME).exists():
            actions.bring_again(folders, job)
    elif job.state is JobState.UNCERTAIN and not (send_again and folders.forget_request(job, owner)):
        actions.look_again(folders, job)
    elif not job.needs_worker:
        actions.retry(folders, job)
    fresh = folders.get(job_id)
    if fresh is None or not fresh.needs_worker:
        folders.let_go(job_id)
        return False
    return True


def _state(folders: JobFolders, job_id: str) -> str:
    return folders.glance(job_id).state


def _check_writable(folder: Path) -> None:
    """Raise :class:`DiskProblem` where nothing can be written, before anything is begun."""
    try:
        (folder / RESULTS).mkdir(exist_ok=True)
        check_room(folder / RESULTS)
    except OSError as error:
        words = "The folder {folder} cannot be written: {reason}."
        raise DiskProblem(words, folder=folder, reason=error) from error
