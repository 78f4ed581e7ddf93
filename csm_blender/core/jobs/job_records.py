# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pipeline asks of the place where jobs are kept: the job store of a machine, or the folders of a plan.

:class:`.store.Store` and :class:`..farm.job_folders.JobFolders` are the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from .job import Job
from .states import FINISHED, JobState, may_move

_LASTING = frozenset({"posted_at", "accepted_at", "finished_at", "cancel_requested"})


class LeaseLost(Exception):
    """Another worker holds the lease now: the job is dropped silently."""


class IllegalMove(Exception):
    """A move the state machine does not know: a programming error, or a state that changed meanwhile."""


class SentBefore(Exception):
    """The refine request of this job went out before, and must not go out again."""


class JobRecords(Protocol):
    """Jobs that are changed by one worker at a time, which holds a lease on them."""

    def folder(self, job_id: str) -> Path:
        """Where the files of a job lie; not necessarily there yet."""

    def get(self, job_id: str) -> Job | None:
        """The job, or ``None`` if there is none of this id."""

    def siblings(self, job: Job) -> list[Job]:
        """The other jobs for the same session of the same service whose request may count for *job*."""

    def update(self, job: Job, *, owner: str | None = None, **changes: Any) -> Job:
        """Write *changes* and give the job as it is now. Raises :class:`LeaseLost` and :class:`IllegalMove`."""

    def begin_post(self, job: Job, owner: str) -> Job | None:
        """Note, durably, that the refine request is about to go out; ``None`` means go, a job that it has to wait.

        Raises :class:`SentBefore`, :class:`LeaseLost` and :class:`IllegalMove`.
        """

    def unbegin_post(self, job: Job, owner: str) -> Job:
        """Take the note back: it is certain that nothing of the request left this machine."""

    def claim(self, job_id: str, owner: str, lease_s: float) -> bool:
        """Take or renew the lease on a job; ``False`` while another worker holds it."""

    def renew(self, owner: str, lease_s: float) -> None:
        """Renew every lease of *owner*."""

    def release(self, owner: str) -> None:
        """Give back every lease of *owner*."""


def is_lasting(changes: Mapping[str, Any]) -> bool:
    """Whether payments or people's decisions depend on *changes*: they are on the disk before anything follows."""
    return bool(_LASTING & changes.keys()) or changes.get("state") in FINISHED


def check_move(old: JobState, expected: JobState, new: JobState) -> None:
    """Raise :class:`IllegalMove` unless a job in state *old*, *expected* by who changes it, may become *new*."""
    if old is not expected or not may_move(old, new):
        raise IllegalMove(f"{old} to {new} (expected to be in {expected})")
