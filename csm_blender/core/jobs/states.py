# SPDX-License-Identifier: GPL-3.0-or-later
"""The states of a job, and which change of state is allowed. docs/job-store.md has the same table with reasons."""

from __future__ import annotations

from enum import StrEnum


class JobState(StrEnum):
    """Where a job is, in the order in which a job without problems passes through."""

    QUEUED = "QUEUED"
    CHECKING = "CHECKING"
    SUBMITTING = "SUBMITTING"
    REFINING = "REFINING"
    DOWNLOADING = "DOWNLOADING"
    CONVERTING = "CONVERTING"
    READY = "READY"
    PLACED = "PLACED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    UNCERTAIN = "UNCERTAIN"


_S = JobState
ACTIVE = frozenset({_S.QUEUED, _S.CHECKING, _S.SUBMITTING, _S.REFINING, _S.DOWNLOADING, _S.CONVERTING})
"""States in which a worker has something to do. UNCERTAIN is checked a few times as well, then waits for the user."""

FINISHED = frozenset({_S.PLACED, _S.FAILED, _S.CANCELLED})

_RETRIED = frozenset({_S.QUEUED, _S.REFINING, _S.UNCERTAIN, _S.CONVERTING, _S.READY})
TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    _S.QUEUED: frozenset({_S.CHECKING, _S.DOWNLOADING, _S.CONVERTING}),
    _S.CHECKING: frozenset({_S.SUBMITTING, _S.REFINING, _S.DOWNLOADING}),
    _S.SUBMITTING: frozenset({_S.CHECKING, _S.REFINING, _S.UNCERTAIN}),
    _S.UNCERTAIN: frozenset({_S.REFINING}),
    _S.REFINING: frozenset({_S.DOWNLOADING}),
    _S.DOWNLOADING: frozenset({_S.CONVERTING}),
    _S.CONVERTING: frozenset({_S.READY, _S.DOWNLOADING, _S.QUEUED}),
    _S.READY: frozenset({_S.PLACED, _S.DOWNLOADING, _S.CONVERTING}),
    # Undone in Blender, or placed in a file that was never saved.
    _S.PLACED: frozenset({_S.READY, _S.DOWNLOADING, _S.CONVERTING}),
    _S.FAILED: _RETRIED,
    _S.CANCELLED: _RETRIED,
}
"""Where a job may go from each state; every unfinished one may also become FAILED or CANCELLED."""


def may_move(old: JobState, new: JobState) -> bool:
    """Whether a job in state *old* may become *new*. Staying is always allowed."""
    stopped = old not in FINISHED and new in (JobState.FAILED, JobState.CANCELLED)
    return old is new or new in TRANSITIONS[old] or stopped
