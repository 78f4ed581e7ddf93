# SPDX-License-Identifier: GPL-3.0-or-later
"""What the steps of a job work with: its record under this worker's lease, the service, and what need not be stored."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..api.client import CsmClient
from ..api.session import Session
from ..jobs.job import Job
from ..jobs.job_records import JobRecords, LeaseLost
from ..messages import Message
from ..processes.converter_pool import ConverterPool
from ..settings import Settings

LONGEST_STEP_S = 120.0


@dataclass
class VolatileState:
    """What is known about a job beyond its record. Losing it costs a request or a little patience, never money.

    ``fresh_url`` is a signed link, which must not be stored. ``checked`` says that this process has just looked at the
    session, ``accepted`` that its refine request was accepted, in case that could not be stored, ``file_known`` that
    the delivered file is the one that was downloaded.
    """

    fresh_url: str = ""
    source_seen: tuple[int, int] | None = None
    checked: bool = False
    accepted: bool = False
    file_known: bool = False
    unwritten_gets: int = 0
    link_tries: int = 0
    bad_files: int = 0
    refusals: int = 0
    crashes: int = 0
    waiting_since_s: float | None = None
    last_step_s: float | None = None
    expected_s: float = 0.0
    leased_s: float = float("-inf")


class VolatileStates(defaultdict[str, VolatileState]):
    """What is known about the jobs of a process, by job id.

    Pipelines in several threads share one: a job is in one of them at a time, and single operations of a dictionary are
    safe.
    """

    def __init__(self) -> None:
        super().__init__(VolatileState)


@dataclass(frozen=True)
class StepContext:
    """The tools of one pipeline. Not for sharing between threads, except for *converters* and *states*."""

    store: JobRecords
    settings: Settings
    client: CsmClient
    converters: ConverterPool
    owner: str
    states: VolatileStates
    monotonic: Callable[[], float] = time.monotonic

    def memory(self, job: Job) -> VolatileState:
        """What is known about the job beyond its record."""
        return self.states[job.job_id]

    def drop(self, job_id: str) -> None:
        """Stop working on a job in this process."""
        self.converters.stop(job_id)
        self.states.pop(job_id, None)

    def update(self, job: Job, **changes: Any) -> Job:
        """Write *changes*, along with the time the job was worked on. Raises :class:`LeaseLost`."""
        memory = self.memory(job)
        changes = {"watched_s": job.watched_s, "fault_s": job.fault_s, **changes}
        if memory.unwritten_gets:
            changes["gets"] = job.gets + memory.unwritten_gets
        fresh = self.store.update(job, owner=self.owner, **changes)
        memory.unwritten_gets = 0
        return fresh

    def advance(self, job: Job, message: Message, **changes: Any) -> Job:
        """Like :meth:`update`, after an answer that was of use: the faults before it count no more."""
        return self.update(job, message=message, faults=0, fault_s=0.0, **changes)

    def current(self, job: Job) -> Job:
        """The job as the store has it now, with the times of *job*. Raises :class:`LeaseLost`."""
        if fresh := self.store.get(job.job_id):
            return replace(fresh, watched_s=job.watched_s, fault_s=job.fault_s)
        raise LeaseLost(job.job_id)

    def folder(self, job: Job) -> Path:
        """The job's folder, made if need be."""
        folder = self.store.folder(job.job_id)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def session(self, job: Job) -> Session:
        """Ask the service for the job's session."""
        self.memory(job).unwritten_gets += 1
        return self.client.session(job.session_code)

    def with_elapsed_time(self, job: Job) -> Job:
        """*job* with the time since its last step added. A gap much longer than was planned is a sleeping machine."""
        memory, now_s = self.memory(job), self.monotonic()
        since_s = 0.0 if memory.last_step_s is None else max(0.0, now_s - memory.last_step_s)
        since_s = min(since_s, memory.expected_s + LONGEST_STEP_S)
        memory.last_step_s = now_s
        return replace(job, watched_s=job.watched_s + since_s, fault_s=job.fault_s + (since_s if job.faults else 0.0))

    def hold_lease(self, job_id: str) -> bool:
        """Take the lease on the job, or renew it when it is time; ``False`` while another worker holds it."""
        memory, now_s = self.states[job_id], self.monotonic()
        if now_s - memory.leased_s < self.settings.lease_s / 4.0:
            return True
        if not self.store.claim(job_id, self.owner, self.settings.lease_s):
            return False
        memory.leased_s = now_s
        return True
