# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the pipeline in this process, for the command line and for Blender without a window."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...core.jobs.job import Job
from ...core.jobs.job_records import JobRecords
from ...core.pipeline.run import run_jobs
from ...core.processes.converter_pool import ConverterPool
from ...core.settings import Settings
from ..addon.environment import interpreters


def run_pipeline(
    store: JobRecords, job_ids: Sequence[str], settings: Settings, *, concurrency: int, on_change: Callable[[Job], None]
) -> None:
    """Run the jobs until they are READY or have ended, blocking. Their leases are released in any case."""
    converters = ConverterPool(interpreters())
    run_jobs(store, job_ids, settings, converters, concurrency=concurrency, on_change=on_change)
