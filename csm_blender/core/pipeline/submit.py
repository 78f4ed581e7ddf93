# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps up to the answer of the refine request: check the session, send it once, find out about a lost answer.

See :mod:`.retrieve` for what a step is.
"""

from __future__ import annotations

from typing import Any

from ..api.backoff import poll_delay_s
from ..api.client import NotSent
from ..api.session import Baseline, Phase, phase_before, shows_refine_started
from ..errors import (
    AnswerLost,
    CsmError,
    OtherJobUncertain,
    RefineFailed,
    SessionFailed,
    SessionNotReady,
    sanitized_error,
)
from ..jobs.job import Job
from ..jobs.job_records import SentBefore
from ..jobs.shared_refine import refined_before
from ..jobs.states import JobState
from ..jobs.store import now_text
from ..messages import Message
from .context import StepContext
from .retrieve import RetrieveSteps, status_word

LOOKS_AFTER_LOST_ANSWER = 6
OTHER_JOB_LOOK_S = 2.0
OTHER_JOB_WAIT_S = 120.0


class SubmitSteps:
    """The steps, over the tools of one pipeline."""

    def __init__(self, context: StepContext, retrieve: RetrieveSteps) -> None:
        self._context = context
        self._retrieve = retrieve

    def begin(self, job: Job) -> float:
        """QUEUED: begin the job. Also for SUBMITTING, where another process checked the session some time ago."""
        self._context.update(job, state=JobState.CHECKING, message=Message("Checking the session"))
        return 0.0

    def check(self, job: Job) -> float:
        """CHECKING: read the session, and send no request where nothing has to be paid."""
        session = self._context.session(job)
        memory, phase = self._context.memory(job), phase_before(session)
        again, is_refine = job.spec.choices.again, "refine" in session.status
        state = JobState.DOWNLOADING
        changes: dict[str, Any] = {"baseline": Baseline.of(session)}
        if phase is Phase.REFINED and not again:
            note = Message("The session is already refined: downloading that mesh, no credits are spent")
        elif phase is Phase.REFINING:
            state = JobState.REFINING
            note = Message("The session is already being refined: waiting for it, nothing is sent")
            changes |= {"accepted_at": now_text(), "seen_running": True, "watched_s": 0.0}
        elif phase is Phase.NOT_READY:
            raise SessionNotReady("The session is not ready to be refined ({state}).", state=status_word(session))
        elif phase is Phase.FAILED and not (again and is_refine):
            hint = RefineFailed.default_hint if is_refine else None
            raise SessionFailed("The session has failed ({state}).", hint, state=status_word(session))
        elif earlier := refined_before(job, session, self._context.store.siblings(job)):
            note = Message("An earlier job refined this session: downloading that mesh, no credits are spent")
            changes |= {"accepted_at": now_text(), "baseline": earlier.baseline}
        else:
            state, note = JobState.SUBMITTING, Message("Requesting the refined mesh")
        if state is JobState.DOWNLOADING:
            memory.fresh_url = session.best_mesh_url()
        self._context.advance(job, note, state=state, **changes)
        memory.checked = True
        return 0.0

    def submit(self, job: Job) -> float:
        """SUBMITTING: send the refine request, at most once in the life of a job."""
        memory, store = self._context.memory(job), self._context.store
        if memory.accepted:  # and the store could not be written at once
            return self._accepted(job)
        if not (memory.checked or job.posted_at):
            return self.begin(job)
        try:
            other = store.begin_post(job, self._context.owner)
        except SentBefore:
            # By a process that was killed, perhaps. Never send it twice.
            return self._answer_lost(job, AnswerLost("The program ended while the refine request was being sent."))
        if other is not None:
            return self._share(job, other)
        try:
            self._context.client.refine(job.session_code, job.spec.refinement)
        except NotSent as nothing:
            store.unbegin_post(self._context.current(job), self._context.owner)
            raise nothing.error from nothing.error.__cause__
        except AnswerLost as error:
            return self._answer_lost(job, error)
        except CsmError:
            self._context.update(job, posted_at="")  # refused: nothing was started, so a person may ask again
            raise
        memory.accepted = True
        return self._accepted(job)

    def _accepted(self, job: Job) -> float:
        note = Message("Accepted by the service")
        self._context.advance(job, note, state=JobState.REFINING, accepted_at=now_text(), watched_s=0.0)
        self._context.memory(job).accepted = False
        return poll_delay_s(0.0, None, self._context.settings.poll_interval_s)

    def _share(self, job: Job, other: Job) -> float:
        """Share the refine of *other*, or wait until it is known whether it was accepted."""
        if other.accepted_at:
            self._context.update(
                job,
                state=JobState.REFINING,
                baseline=other.baseline or job.baseline,
                seen_running=other.seen_running,
                accepted_at=now_text(),
                watched_s=0.0,
                message=Message("Another job has requested this refine: sharing its result, nothing is sent"),
            )
            return 0.0
        memory, now_s = self._context.memory(job), self._context.monotonic()
        if memory.waiting_since_s is None:
            memory.waiting_since_s = now_s
        if not other.needs_worker or now_s - memory.waiting_since_s > OTHER_JOB_WAIT_S:
            raise OtherJobUncertain("Another job requested the refine of this session, and its answer was lost.")
        note = Message("Another job has requested this refine: waiting for its answer")
        self._context.update(job, state=JobState.CHECKING, message=note)
        memory.checked = False
        return OTHER_JOB_LOOK_S

    def _answer_lost(self, job: Job, error: AnswerLost) -> float:
        self._context.advance(
            job,
            Message("No answer came back: checking whether the refine has started"),
            state=JobState.UNCERTAIN,
            error=sanitized_error(error, self._context.settings.key),
            looks_left=LOOKS_AFTER_LOST_ANSWER,
            watched_s=0.0,
        )
        return self._look_delay_s(LOOKS_AFTER_LOST_ANSWER)

    def look_after_lost_answer(self, job: Job) -> float | None:
        """UNCERTAIN: check whether the session shows a refine."""
        session = self._context.session(job)
        started = phase_before(session) in (Phase.REFINING, Phase.REFINED)
        if job.baseline is not None:
            started = shows_refine_started(session, job.baseline)
        if started:
            job = self._context.advance(
                job,
                Message("The refine has started: waiting for it"),
                state=JobState.REFINING,
                accepted_at=now_text(),
                error=None,
                seen_running=session.is_running(),
            )
            return self._retrieve.follow(job, session)
        left = job.looks_left - 1
        words = "Not started yet, as far as the service shows"
        message = Message(words if left else "Not started, as far as the service shows. Please decide")
        self._context.advance(job, message, looks_left=left)
        return self._look_delay_s(left) if left else None

    def _look_delay_s(self, left: int) -> float:
        chosen_s = self._context.settings.poll_interval_s
        return float(min(30, 2 ** (LOOKS_AFTER_LOST_ANSWER - left + 1))) if chosen_s is None else chosen_s
