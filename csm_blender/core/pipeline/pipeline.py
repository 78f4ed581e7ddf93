# SPDX-License-Identifier: GPL-3.0-or-later
"""The one refine pipeline: what happens to a job between QUEUED and READY.

:meth:`Pipeline.advance` does one small step of one job (a request, a download, a look at the converter), writes the
outcome to the store and says when the next step is due. Who calls it, and how jobs share the time, is decided by
:mod:`.scheduler`: in the calling thread for the command line, in a few threads for the worker.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable

from ..api.backoff import retry_delay_s
from ..api.client import CsmClient
from ..errors import (
    CsmError,
    DeadlinePassed,
    DiskProblem,
    InternalError,
    LinkExpired,
    RateLimited,
    RequestRefused,
    StoreTrouble,
    TransientError,
    UnknownSession,
    sanitized_error,
)
from ..jobs.job import Job
from ..jobs.job_records import IllegalMove, JobRecords, LeaseLost
from ..jobs.states import JobState
from ..messages import Message, sentences
from ..processes.converter_pool import ConverterPool
from ..settings import Settings
from .context import StepContext, VolatileStates
from .local_source import LocalSteps
from .retrieve import LINK_TRIES, Cancelled, RetrieveSteps
from .submit import SubmitSteps

UNPAID = frozenset({JobState.QUEUED, JobState.CHECKING, JobState.SUBMITTING})
REFUSALS_TOLERATED = 3
CRASHES_TOLERATED = 3
SHORTEST_WAIT_S = 0.5
_log = logging.getLogger(__name__)


class Pipeline:
    """Advances jobs of one service on behalf of one *owner* of leases. Not for sharing between threads.

    *converters* and *states* may be shared by several pipelines of the same owner.
    """

    def __init__(  # noqa: PLR0913 - each is a collaborator of its own
        self,
        store: JobRecords,
        settings: Settings,
        converters: ConverterPool,
        owner: str,
        *,
        client: CsmClient | None = None,
        states: VolatileStates | None = None,
        draw: random.Random | None = None,
    ) -> None:
        self.store = store
        states = VolatileStates() if states is None else states  # an empty one is false
        self._client = client or CsmClient(settings)
        self._context = StepContext(store, settings, self._client, converters, owner, states)
        retrieve = RetrieveSteps(self._context)
        submit = SubmitSteps(self._context, retrieve)
        local = LocalSteps(self._context, retrieve)
        self._steps: dict[JobState, Callable[[Job], float | None]] = {
            JobState.QUEUED: lambda job: (submit if job.spec.may_be_paid else local).begin(job),
            JobState.CHECKING: submit.check,
            JobState.SUBMITTING: submit.submit,
            JobState.UNCERTAIN: submit.look_after_lost_answer,
            JobState.REFINING: retrieve.watch,
            JobState.DOWNLOADING: retrieve.download,
            JobState.CONVERTING: retrieve.convert,
        }
        self._draw = draw or random.Random()  # noqa: S311 - spreads retries; nothing secret

    def advance(self, job_id: str) -> float | None:
        """Do the next step of a job. Seconds until it wants the next one; ``None`` when it needs no worker any more.

        Also ``None`` when another worker holds the job, or has changed it meanwhile: whoever still sees it waiting
        comes back to it. Raises :class:`.errors.StoreTrouble` when the store itself fails; everything else that goes
        wrong becomes the job's state.
        """
        context = self._context
        try:
            job = context.store.get(job_id) if context.hold_lease(job_id) else None
            if job is not None and job.needs_worker:
                job = context.with_elapsed_time(job)
                memory = context.memory(job)
                delay_s = self._step(job)
                memory.expected_s = delay_s or 0.0
                return delay_s
        except (LeaseLost, IllegalMove) as reason:
            _log.info("job %s is dropped here: %s %s", job_id, type(reason).__name__, reason)
        context.drop(job_id)
        return None

    def heartbeat(self) -> None:
        """Renew the leases of the jobs that are being waited for. Raises :class:`.errors.StoreTrouble`."""
        self._context.store.renew(self._context.owner, self._context.settings.lease_s)

    def poll_converters(self) -> float | None:
        """Collect what converters have done, while nothing else is to do; see :meth:`.ConverterPool.poll`."""
        return self._context.converters.poll()

    @property
    def heartbeat_s(self) -> float:
        """How often :meth:`heartbeat` wants to be called, in seconds."""
        return self._context.settings.lease_s / 4.0

    def close(self) -> None:
        """Close the connection to the service. Leases are the driver's to release."""
        self._client.close()

    # --- one step --------------------------------------------------------------------------------------------------
    def _step(self, job: Job) -> float | None:
        if job.cancel_requested:
            return self._cancel(job)
        try:
            return self._steps[job.state](job)
        except (LeaseLost, IllegalMove, StoreTrouble):
            raise
        except Exception as problem:  # noqa: BLE001 - becomes the job's state, with the traceback of a mistake in the log
            return self._after_problem(self._context.current(job), problem)

    def _after_problem(self, job: Job, problem: Exception) -> float | None:
        match problem:
            case Cancelled():
                return self._cancel(job)
            case TransientError():
                return self._after_fault(job, problem)
            case CsmError():
                return self._after_error(job, problem)
            case OSError():
                return self._give_up(job, DiskProblem("The job's files cannot be used: {reason}.", reason=problem))
        _log.error("A step of job %s broke", job.job_id, exc_info=problem)
        memory = self._context.memory(job)
        memory.crashes += 1
        error = InternalError("An unexpected error occurred in this program ({error}).", error=type(problem).__name__)
        if memory.crashes < CRASHES_TOLERATED:
            return self._after_fault(job, TransientError(error.message), error)
        return self._give_up(job, error)

    def _after_fault(self, job: Job, fault: TransientError, named: CsmError | None = None) -> float | None:
        """Wait out a passing fault: not for long while nothing was paid, until the deadline after that.

        *named* is what it is called in the end, where that is another error treated as passing for a while.
        """
        settings, memory = self._context.settings, self._context.memory(job)
        if isinstance(fault, LinkExpired):
            memory.fresh_url = ""
            memory.link_tries += 1
            if memory.link_tries > LINK_TRIES:
                return self._give_up(job, fault)
        unpaid = job.state in UNPAID or not job.spec.may_be_paid
        limit_s = settings.give_up_unpaid_s if unpaid else settings.deadline_s
        spent_s = max(job.fault_s, job.watched_s) if job.state is JobState.REFINING else job.fault_s
        left_s = limit_s - spent_s
        if fault.retry_after_s is not None:
            delay = retry_delay_s(1, fault.retry_after_s, self._draw)
            too_late = delay > left_s
        else:
            first_link = isinstance(fault, LinkExpired) and memory.link_tries == 1
            delay = 0.0 if first_link else min(retry_delay_s(job.faults + 1, None, self._draw), max(left_s, 0.0))
            too_late = left_s < SHORTEST_WAIT_S
        if too_late:
            end = named or fault
            if job.state is JobState.REFINING:
                words = "The refine did not finish within {minutes} min. {error}"
                end = DeadlinePassed(words, minutes=f"{job.watched_s / 60:.0f}", error=end)
            return self._give_up(job, end)
        waits = Message("Trying again in {seconds} s", seconds=f"{max(1.0, delay):.0f}")
        what = sanitized_error(fault, settings.key)["message"]
        self._context.update(job, faults=job.faults + 1, message=sentences(what, waits))
        return delay

    def _after_error(self, job: Job, error: CsmError) -> float | None:
        """An answer that will not get better by itself, unless it is one of those that services give by mistake.

        A refusal that comes when the refine was paid for is not believed at once; nor is a first 400, which CSM has
        been seen to give for "too many requests".
        """
        if isinstance(error, (RequestRefused, UnknownSession)) and not isinstance(error, RateLimited):
            memory = self._context.memory(job)
            memory.refusals += 1
            plain_400 = isinstance(error, RequestRefused) and error.status == 400  # noqa: PLR2004 - HTTP
            tolerated = REFUSALS_TOLERATED if job.state not in UNPAID else 2 if plain_400 and not job.posts else 1
            if memory.refusals < tolerated:
                return self._after_fault(job, TransientError(error.message, error.hint), error)
        return self._give_up(job, error)

    def _give_up(self, job: Job, error: CsmError) -> float | None:
        """End the job as FAILED; one whose request has no answer yet stays UNCERTAIN, which is the truth."""
        said = sanitized_error(error, self._context.settings.key)
        _log.info("job %s: %s %s", job.job_id, said["code"], said["message"])
        end = {"looks_left": 0} if job.state is JobState.UNCERTAIN else {"state": JobState.FAILED}
        self._context.advance(job, Message.of(said["message"]), error=said, **end)
        self._context.drop(job.job_id)
        return None

    def _cancel(self, job: Job) -> float | None:
        paid = bool(job.posted_at or job.accepted_at)
        note = Message("Cancelled. The service continues; Retry can fetch the mesh later" if paid else "Cancelled")
        self._context.converters.stop(job.job_id)  # before the record says that it has stopped
        self._context.update(job, state=JobState.CANCELLED, cancel_requested=False, message=note)
        self._context.drop(job.job_id)
        return None
