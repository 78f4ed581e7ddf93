# SPDX-License-Identifier: GPL-3.0-or-later
"""Run jobs to their end in the calling process: the command line, Blender without a window, a task of a farm."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence

from ..jobs.holder import alive_as
from ..jobs.job import Job
from ..jobs.job_records import JobRecords
from ..processes.converter_pool import ConverterPool
from ..settings import Settings
from .pipeline import Pipeline
from .scheduler import run_blocking


def run_jobs(  # noqa: PLR0913 - each is a collaborator or a choice of its own
    records: JobRecords,
    job_ids: Sequence[str],
    settings: Settings,
    converters: ConverterPool,
    *,
    concurrency: int,
    on_change: Callable[[Job], None],
    begin: Callable[[str, str], bool | None] = lambda _job_id, _owner: True,
) -> None:
    """Run the jobs until they are READY or have ended, blocking. Their leases are released in any case.

    *on_change* and *concurrency* are as for :func:`.run_blocking`. *begin* is called with a job's id and the owner of
    the leases before its first step, and gives what :func:`.run_blocking` says.
    """
    owner = uuid.uuid4().hex
    pipeline = Pipeline(records, settings, converters, owner)
    with alive_as(owner):
        try:
            run_blocking(
                pipeline,
                records,
                job_ids,
                concurrency=concurrency,
                on_change=on_change,
                begin=lambda job_id: begin(job_id, owner),
            )
        finally:
            converters.stop_all()
            records.release(owner)
            pipeline.close()
