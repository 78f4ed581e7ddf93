# SPDX-License-Identifier: GPL-3.0-or-later
"""What the steps of a job work with: its record under this worker's lease, the service, and what need not be stored."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..api.client import CsmClient
from ..api.session import Session
from ..jobs.job import Job
from ..jobs.store import LeaseLost, Store
from ..processes.converter_pool import ConverterPool
from ..settings import Settings

LONGEST_STEP_S = 120.0


@dataclass
class VolatileState:
    """What is known about a job beyond its record. Losing it costs a request or a little patience, never money.

    ``fresh_url`` is a signed link, which must not be stored. ``checked`` says that this process has just looked at the
    session, ``accepted`` that its refine request was accepted, in case the store could not be told, ``file_known`` that
    the delivered file is the one that was downloaded.
    """

    fresh_url: str = ""
    checked: bool = False
    accepted: bool = False
    file_known: bool = False
    unwritten_gets: int = 0
    link_tries: int = 0
    bad_files: int = 0
    refusals: int = 0
    stumbles: int = 0
    waiting_since: float | None = None
    last_step_at: float | None = None
    expected_s: float = 0.0
    leased_at: float = float("-inf")


class VolatileStates:
    """What is known about all jobs of a process.

    Pipelines in several threads share one: a job is in one of them at a time, and single operations of a dictionary are
    safe.
    """

    def __init__(self) -> None:
        self._memories: defaultdict[str, VolatileState] = defaultdict(VolatileState)

    def of(self, job_id: str) -> VolatileState:
        """The memory of a job, empty at first."""
        return self._memories[job_id]

    def forget(self, job_id: str) -> None:
        """The job is done with here."""
        self._memories.pop(job_id, None)


class StepContext:
    """The tools of one pipeline. Not for sharing between threads, except for *converters* and *states*."""

    def __init__(  # noqa: PLR0913, PLR0917 - each is a collaborator of its own
        self,
        store: Store,
        settings: Settings,
        client: CsmClient,
        converters: ConverterPool,
        owner: str,
        states: VolatileStates,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.store = store
        self.settings = settings
        self.client = client
        self.converters = converters
        self.owner = owner
        self.monotonic = monotonic
        self._states = states

    def memory(self, job: Job) -> VolatileState:
        """What is known about the job beyond its record."""
        return self._states.of(job.job_id)

    def drop(self, job_id: str) -> None:
        """Let go of a job: nothing of it goes on in this process."""
        self.converters.stop(job_id)
        self._states.forget(job_id)

    # --- the record ------------------------------------------------------------------------------------------------
    def update(self, job: Job, **changes: Any) -> Job:
        """Write *changes*, along with the time the job was worked on. Raises :class:`LeaseLost`."""
        memory = self.memory(job)
        changes = {"watched_s": job.watched_s, "fault_s": job.fault_s, **changes}
        if memory.unwritten_gets:
            changes["gets"] = job.gets + memory.unwritten_gets
        fresh = self.store.update(job, owner=self.owner, **changes)
        memory.unwritten_gets = 0
        return fresh

    def current(self, job: Job) -> Job:
        """The job as the store has it now, with the times of *job*. Raises :class:`LeaseLost`."""
        fresh = self.store.get(job.job_id)
        if fresh is None:
            raise LeaseLost(job.job_id)
        return replace(fresh, watched_s=job.watched_s, fault_s=job.fault_s)

    def folder(self, job: Job) -> Path:
        """The job's folder, made if need be."""
        folder = self.store.folder(job.job_id)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    # --- the service -----------------------------------------------------------------------------------------------
    def session(self, job: Job) -> Session:
        """Ask the service for the job's session."""
        self.memory(job).unwritten_gets += 1
        return self.client.session(job.session_code)

    # --- time ------------------------------------------------------------------------------------------------------
    def with_elapsed_time(self, job: Job) -> Job:
        """*job* with the time since its last step added. A gap much longer than was planned is a sleeping machine."""
        memory = self.memory(job)
        now = self.monotonic()
        since = now - (now if memory.last_step_at is None else memory.last_step_at)
        since = min(max(since, 0.0), memory.expected_s + LONGEST_STEP_S)
        memory.last_step_at = now
        in_trouble_s = since if job.faults else 0.0
        return replace(job, watched_s=job.watched_s + since, fault_s=job.fault_s + in_trouble_s)

    def hold_lease(self, job_id: str) -> bool:
        """Take the lease on the job, or renew it when it is time; ``False`` while another worker holds it."""
        memory = self._states.of(job_id)
        now = self.monotonic()
        if now - memory.leased_at < self.settings.lease_s / 4.0:
            return True
        held = self.store.claim(job_id, self.owner, self.settings.lease_s)
        if held:
            memory.leased_at = now
        return held


def now_text() -> str:
    """This moment, as the store writes times."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
