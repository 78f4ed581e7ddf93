# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs that want the same session of the same service share one refine: it is paid for once.

The request of one of them is what the others wait for; when it was accepted they share it, each fitting the mesh to its
own box. A job that asks for a new refine of a refined session (``again``) shares only one that was asked for after it
was made itself, since an older one is what it wants to replace.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..api.session import Phase, Session, phase_after
from ..errors import RefineFailed
from .job import Job
from .states import JobState


def blocking_job(job: Job, others: Sequence[Job]) -> Job | None:
    """The one of *others* because of which *job* must not send a request of its own, if there is one.

    One that was accepted (``accepted_at``) is to be shared; any other is to be waited for.
    """
    return next((other for other in others if _blocks(job, other)), None)


def refined_before(job: Job, session: Session, others: Sequence[Job]) -> Job | None:
    """The one of *others* whose request gave the refined mesh that *session* shows, where *job* wants no newer one.

    Sessions of 2025 say "complete" both before and after a refine; what they showed before it is in the store.
    """
    if job.spec.choices.again:
        return None
    return next((other for other in others if _has_refined(other, session)), None)


def _has_refined(other: Job, session: Session) -> bool:
    if not (other.posted_at and other.baseline):
        return False
    return phase_after(session, other.baseline, seen_running=False) is Phase.REFINED


def _blocks(job: Job, other: Job) -> bool:
    if other.error and other.error["code"] == RefineFailed.code:
        return False
    if other.accepted_at:
        return other.state is JobState.REFINING or other.accepted_at >= job.created_at
    return bool(other.posted_at) and other.state in (JobState.SUBMITTING, JobState.UNCERTAIN)
