# SPDX-License-Identifier: GPL-3.0-or-later
"""A job as the store keeps it, and what a person may decide about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ..api.session import Baseline
from ..conversion import JobResult
from ..errors import ErrorData, RefineFailed, SessionFailed
from ..messages import NOTHING, Message
from ..models import JobSpec
from .states import ACTIVE, FINISHED, JobState


@dataclass(frozen=True)
class Job:
    """One row of the store. Times are ISO 8601 in UTC, or empty.

    ``progress`` is 0 to 1. ``watched_s`` counts the seconds a worker really watched the refine, so that a closed
    laptop or a jumping clock does not use up the deadline. ``faults`` counts passing faults in a row, ``fault_s`` the
    watched seconds since the first of them. ``posted_at`` is written before the refine request goes out and
    ``accepted_at`` when it is known to have been accepted: with the first and without the second, the answer was lost.
    ``result`` is there once the mesh was converted.
    """

    job_id: str
    revision: int
    state: JobState
    spec: JobSpec
    base_url: str
    progress: float = 0.0
    message: Message = NOTHING
    error: ErrorData | None = None
    created_at: str = ""
    updated_at: str = ""
    posted_at: str = ""
    accepted_at: str = ""
    finished_at: str = ""
    baseline: Baseline | None = None
    seen_running: bool = False
    watched_s: float = 0.0
    faults: int = 0
    fault_s: float = 0.0
    looks_left: int = 0
    gets: int = 0
    posts: int = 0
    download_bytes: int = 0
    glb_sha256: str = ""
    result: JobResult | None = None
    cancel_requested: bool = False
    lease_owner: str = ""
    lease_until: float = 0.0

    @property
    def session_code(self) -> str:
        """Code of the session to refine."""
        return self.spec.session_code

    @property
    def needs_worker(self) -> bool:
        """Whether a worker has something to do for this job."""
        return self.state in ACTIVE or (self.state is JobState.UNCERTAIN and self.looks_left > 0) or self.cancel_pending

    @property
    def cancel_pending(self) -> bool:
        """Whether a cancel was asked for and not yet carried out."""
        return self.cancel_requested and self.state not in FINISHED


class Decision(StrEnum):
    """What a person may ask for about a job."""

    CANCEL = "CANCEL"
    RETRY = "RETRY"
    LOOK_AGAIN = "LOOK_AGAIN"
    SEND_AGAIN = "SEND_AGAIN"
    PLACE = "PLACE"
    REMOVE = "REMOVE"


_NEEDS_NEW_REQUEST = frozenset({RefineFailed.code, SessionFailed.code})


def decisions(job: Job) -> frozenset[Decision]:
    """What makes sense for *job* in its state. Never empty, so that no job is left with a dead button."""
    match job.state:
        case JobState.UNCERTAIN:
            return frozenset({Decision.LOOK_AGAIN, Decision.SEND_AGAIN, Decision.CANCEL})
        case JobState.READY:
            return frozenset({Decision.PLACE, Decision.CANCEL})
        case JobState.PLACED:
            return frozenset({Decision.PLACE, Decision.REMOVE})
        case JobState.FAILED if job.error and job.error["code"] in _NEEDS_NEW_REQUEST:
            return frozenset({Decision.SEND_AGAIN, Decision.REMOVE})
        case JobState.FAILED | JobState.CANCELLED:
            return frozenset({Decision.RETRY, Decision.REMOVE})
        case _:
            return frozenset({Decision.CANCEL})
