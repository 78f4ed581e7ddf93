# SPDX-License-Identifier: GPL-3.0-or-later
"""``work``: do the jobs of a plan, all or some, next to any number of others.

It needs no Blender until a mesh is converted. What a person sees is on stderr; so are the lines that a farm with OpenJD
reads, which takes both streams as one.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence

from ...core.errors import StoreDiskProblem, UsageError, WorkerLost
from ...core.farm.job_folders import JobFolders
from ...core.farm.work import work
from ...core.files.whole_file import write_whole
from ...core.jobs.job import Job
from ...core.jobs.states import JobState
from ...core.processes.converter_pool import ConverterPool
from ...core.processes.launch import Interpreters
from ...core.settings import Settings
from ..console import Progress, say
from ..job_arguments import typed_path
from ..report import job_entry

REPORT_NAME = "report.json"
_RANGE = re.compile(r"(\d+)-(\d+)")
_FETCHED = (JobState.CONVERTING, JobState.READY)


def do_jobs(  # noqa: PLR0913, PLR0917 - each is a collaborator or a choice of its own
    folders: JobFolders,
    indices: Sequence[int] | None,
    settings: Settings,
    interpreters: Interpreters | None,
    concurrency: int,
    on_change: Callable[[Job], None] = lambda _job: None,
    *,
    send_again: bool = False,
) -> Counter[JobState]:
    """Work until the jobs with these *indices*, or all, are READY or have ended. Gives how many ended in which state.

    Each that ended here has its report in its folder before *on_change* is told. Without *interpreters* jobs of the
    service come as far as they can.
    """
    ended: Counter[JobState] = Counter()

    def told(job: Job) -> None:
        if not job.needs_worker:
            write_report(folders, job)  # first: it may have to be tried again
            ended[job.state] += 1
        on_change(job)

    converters = ConverterPool(interpreters)
    work(folders, indices, settings, converters, concurrency=concurrency, on_change=told, send_again=send_again)
    return ended


def has_ended(job: Job) -> bool:
    """Whether this call does no more for *job*: it needs no worker any more, or the workers were lost with it."""
    return not job.needs_worker or bool(job.error and job.error["code"] == WorkerLost.code)


def write_report(folders: JobFolders, job: Job) -> None:
    """Write the report of a job that has ended beside its files, if this process has it or nobody has written one.

    Raises :class:`StoreDiskProblem`.
    """
    path = folders.folder(job.job_id) / REPORT_NAME
    if path.exists() and not folders.holds(job.job_id):
        return
    try:
        write_whole(path, json.dumps(entry_of(folders, job)) + "\n")
    except OSError as error:
        raise StoreDiskProblem("The report {path} cannot be written: {reason}.", path=path, reason=error) from error


def entry_of(folders: JobFolders, job: Job) -> dict[str, object]:
    """A job as reports and lines of JSON hold it: its index in the plan, and what the report of ``refine`` holds."""
    return {"index": folders.plan.index_of(job.job_id), **job_entry(job)}


def chosen_indices(index: int | None, text: str | None) -> list[int] | None:
    """The indices of ``--index`` or ``--range``; ``None`` for all. Raises :class:`UsageError`."""
    if index is not None and text is not None:
        raise UsageError("--index and --range contradict each other.", "Give one of the two.")
    if text is None:
        return None if index is None else [index]
    found = _RANGE.fullmatch(text.strip())
    first, last = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= first <= last:
        raise UsageError(
            "--range needs two numbers with a hyphen between, not {text}.", "For example: 1-100", text=text
        )
    return list(range(first, last + 1))


def asks_service(folders: JobFolders, indices: Sequence[int] | None) -> bool:
    """Whether one of the jobs has yet to ask the service for something."""
    plan = folders.plan
    if not plan.head.needs_service:
        return False
    for job_id in plan.ids(indices):
        state = folders.glance(job_id).state
        if state not in _FETCHED and plan.job(plan.index_of(job_id)).spec.needs_service:
            return True
    return False


def blender_at(path: str, python: str) -> Interpreters:
    """The Blender at *path* as what converts. Raises :class:`UsageError` where there is none."""
    file = typed_path(path)
    if not file.is_file():
        raise UsageError("There is no Blender at {path}.", path=file)
    return Interpreters(python, (), str(file))


class FarmProgress(Progress):
    """Shows how far the *count* jobs of a call are; for OpenJD in its form."""

    def __init__(self, folders: JobFolders, count: int, *, openjd: bool) -> None:
        super().__init__(lambda job: str(folders.plan.index_of(job.job_id)))
        self._count, self._openjd = count, openjd
        self._ended = 0

    def _show(self, job: Job, line: str) -> None:
        if not job.needs_worker:
            del self._shown[job.job_id]
            self._ended += 1
        if not self._openjd:
            say(line)
            return
        share = self._ended + sum(progress / 10.0 for _state, progress, _faults in self._shown.values()) * 0.5
        say(f"openjd_progress: {100.0 * share / self._count:.1f}")
        say(f"openjd_status: {' '.join(line.split())}")
