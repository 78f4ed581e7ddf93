# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a plan is: counted from the folders of its jobs, without opening the plan's jobs one by one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..jobs.states import ACTIVE, JobState
from .job_folders import JobFolders
from .journal import Holder, Journal

_STATES = {str(state): state for state in JobState}
MOST_NAMED = 1000
"""Jobs in progress and failed jobs that are kept one by one; all are counted."""


@dataclass(frozen=True)
class NamedJob:
    """A job in progress or one that ended without a result. ``holder`` is who has it, if it may live."""

    index: int
    name: str
    source: str
    state: JobState
    progress: float
    message: str
    error: dict[str, Any] | None
    holder: Holder | None

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "index": self.index,
            "object": self.name or None,
            "source": self.source,
            "status": str(self.state),
            "progress": self.progress,
            "message": self.message,
            "error": self.error,
            "worker": self.holder.as_dict() if self.holder else None,
        }


@dataclass(frozen=True)
class Summary:
    """``counts`` are by state, ``requests`` how many refine requests went out. The lists are in the plan's order."""

    jobs: int
    counts: Counter[JobState]
    requests: int
    in_progress: tuple[NamedJob, ...]
    failed: tuple[NamedJob, ...]

    @property
    def is_done(self) -> bool:
        """Whether every job has its result."""
        return self.counts[JobState.READY] == self.jobs

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "jobs": self.jobs,
            "counts": {str(state): self.counts[state] for state in JobState if self.counts[state]},
            "requests": self.requests,
            "in_progress": [job.as_dict() for job in self.in_progress],
            "failed": [job.as_dict() for job in self.failed],
        }


def summarize(folders: JobFolders, indices: Sequence[int] | None = None) -> Summary:
    """How far the jobs with these *indices*, or all, are. Only reads. Raises :class:`StoreDiskProblem`."""
    counts: Counter[JobState] = Counter()
    requests = jobs = 0
    in_progress: list[NamedJob] = []
    failed: list[NamedJob] = []
    for job_id in folders.plan.ids(indices):
        jobs += 1
        seen = folders.glance(job_id)
        state = _STATES.get(seen.state, JobState.QUEUED)
        counts[state] += 1
        requests += seen.posts
        if state in ACTIVE and seen.held:
            kept = in_progress
        elif state in (JobState.FAILED, JobState.UNCERTAIN):
            kept = failed
        else:
            continue
        if len(kept) < MOST_NAMED:
            kept.append(_named(folders, job_id, state, folders.journal(job_id)))
    return Summary(jobs, counts, requests, tuple(in_progress), tuple(failed))


def _named(folders: JobFolders, job_id: str, state: JobState, journal: Journal) -> NamedJob:
    index, record = folders.plan.index_of(job_id), journal.record
    spec = folders.plan.job(index).spec
    error = json.loads(record["error_json"]) if record.get("error_json") else None
    holder = None if journal.released or (journal.holder and journal.holder.is_dead()) else journal.holder
    progress, message = record.get("progress", 0.0), record.get("message", "")
    return NamedJob(index, spec.label, spec.source.text, state, progress, message, error, holder)
