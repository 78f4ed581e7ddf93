# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of ``work --dask`` that runs in a Dask worker: one job of a plan, in the thread that Dask gave it.

What the client sends holds no key: the worker finds it in its own environment (``CSM_API_KEY``), as ``work`` does.
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...core.errors import CsmError, ErrorData, JobError
from ...core.farm.job_folders import JobFolders
from ...core.farm.plan import Plan
from ...core.jobs.job import Job
from ..environment import Surroundings
from .commands import interpreters_for, settings_for_work
from .work import do_jobs

TASK_MODULE = "csm_blender.cli.farm.dask_task"


@dataclass(frozen=True)
class DaskTask:
    """One job for a Dask worker. ``plan`` and ``blender`` are paths that mean the same on every worker.

    ``package`` is where this package lies on the client, for workers that do not have it installed.
    """

    plan: str
    index: int
    package: str
    blender: str = ""
    timeout: float | None = None
    poll_interval: float | None = None


@dataclass(frozen=True)
class DaskAnswer:
    """What became of a task: ``record`` is the job's as its journal holds it.

    Where this worker could not even begin (no key, no Blender, no such folder), ``error`` says why, as
    ``CsmError.as_dict`` does, and ``exit_status`` is what ``work`` would have ended with.
    """

    record: dict[str, Any] | None = None
    error: ErrorData | None = None
    exit_status: int = 0
    worker: str = ""


class TaskCancelled(BaseException):
    """The client took the task back or is gone. Like ``KeyboardInterrupt`` it must pass all that handles errors."""


class _StoppableJobs(JobFolders):
    """Jobs of a plan, whose worker can be stopped between two steps."""

    def __init__(self, plan: Plan, stop: Callable[[], None]) -> None:
        super().__init__(plan)
        self._stop = stop

    def claim(self, job_id: str, owner: str, lease_s: float) -> bool:
        self._stop()
        return super().claim(job_id, owner, lease_s)

    def renew(self, owner: str, lease_s: float) -> None:
        self._stop()
        super().renew(owner, lease_s)


def do_task(data: dict[str, Any]) -> dict[str, Any]:
    """Do the :class:`DaskTask` in *data*, in a Dask worker; gives a :class:`DaskAnswer`."""
    task = DaskTask(**data)
    worker: Any = importlib.import_module("distributed").get_worker()
    stop = _stop_of(worker)
    try:
        answer = DaskAnswer(record=_do(task, stop))
    except TaskCancelled:
        answer = DaskAnswer()  # nobody waits for it
    except CsmError as error:
        answer = DaskAnswer(error=error.as_dict(), exit_status=error.exit_status)
    return {**asdict(answer), "worker": worker.address}


def _do(task: DaskTask, stop: Callable[[], None]) -> dict[str, Any]:
    folders, indices = _StoppableJobs(Plan.read(Path(task.plan)), stop), [task.index]
    options = argparse.Namespace(
        base_url=None, timeout=task.timeout, poll_interval=task.poll_interval, blender=task.blender
    )
    around = Surroundings()
    settings = settings_for_work(options, around, folders, indices)
    interpreters = interpreters_for(options, around, folders, indices)
    if interpreters is None:
        raise JobError("There is no Blender on this worker.", "Install bpy there, or give work --blender FILE.")

    def on_change(_job: Job) -> None:
        stop()

    do_jobs(folders, indices, settings, interpreters, 1, on_change)
    return dict(folders.journal(folders.plan.job_id(task.index)).record)


def _stop_of(worker: Any) -> Callable[[], None]:
    """A function that raises :class:`TaskCancelled` once Dask does not want this task any more."""
    key = worker.get_current_task()

    def stop() -> None:
        known = worker.state.tasks.get(key)
        if known is None or known.state == "cancelled":
            raise TaskCancelled

    return stop
