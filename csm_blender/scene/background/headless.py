# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the pipeline in this process, for the command line and for Blender without a window."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence

from ...core.jobs.holder import alive_as
from ...core.jobs.job import Job
from ...core.jobs.store import Store
from ...core.pipeline.pipeline import Pipeline
from ...core.pipeline.scheduler import run_blocking
from ...core.processes.converter_pool import ConverterPool
from ...core.settings import Settings
from ..addon.environment import interpreters


def run_pipeline(
    store: Store, job_ids: Sequence[str], settings: Settings, *, concurrency: int, on_change: Callable[[Job], None]
) -> None:
    """Run the jobs until they are READY or have ended, blocking. Their leases are released in any case."""
    owner, converters = uuid.uuid4().hex, ConverterPool(interpreters())
    pipeline = Pipeline(store, settings, converters, owner)
    with alive_as(owner):
        try:
            run_blocking(pipeline, store, job_ids, concurrency=concurrency, on_change=on_change)
        finally:
            converters.stop_all()
            store.release(owner)
            pipeline.close()
