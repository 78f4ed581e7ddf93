# SPDX-License-Identifier: GPL-3.0-or-later
"""The one refine pipeline: what happens to a job between QUEUED and READY.

:meth:`Pipeline.advance` does one small step of one job (a request, a download, a look at the converter), writes the
outcome to the store and says when the job wants to be looked at again. Who calls it, and how jobs share the time, is
the drivers' business: ``core.driver`` in the calling process, ``worker`` with a few threads.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .client import CsmClient
from .conversion import Converters
from .download import download
from .errors import (
    AnswerLost,
    BadMesh,
    CsmError,
    DeadlinePassed,
    LinkExpired,
    NoMeshOffered,
    PassingFault,
    RefineFailed,
    SessionFailed,
    SessionNotReady,
    Unreachable,
)
from .glb import check_glb, sniff_format
from .jobs import Job
from .models import JobState
from .patience import poll_delay_s, retry_delay_s
from .redaction import presentable
from .sessions import Baseline, Phase, Session, phase_after, phase_before, shows_refine_started
from .settings import Settings
from .store import IllegalMove, LeaseLost, Store

MESH_NAME = "delivered.mesh"
LOOKS_AFTER_LOST_ANSWER = 6
BAD_FILE_TRIES = 3
LINK_TRIES = 8
CONVERTER_LOOK_S = 0.1
LONGEST_STEP_S = 120.0
_log = logging.getLogger(__name__)


class Cancelled(Exception):
    """Raised inside a step when the job was asked to stop."""


class Pipeline:
    """Advances jobs of one service on behalf of one *owner* of leases. Not for sharing between threads.

    *converters* may be shared by several pipelines.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        converters: Converters,
        owner: str,
        *,
        client: CsmClient | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        draw: random.Random | None = None,
    ) -> None:
        self._store = store
        self._settings = settings
        self._converters = converters
        self._owner = owner
        self._client = client or CsmClient(settings)
        self._monotonic = monotonic
        self._draw = draw or random.Random()
        self._steps: dict[JobState, Callable[[Job], float | None]] = {
            JobState.QUEUED: self._begin,
            JobState.CHECKING: self._check,
            JobState.SUBMITTING: self._submit,
            JobState.REFINING: self._watch,
            JobState.UNCERTAIN: self._look_after_lost_answer,
            JobState.DOWNLOADING: self._download,
            JobState.CONVERTING: self._convert,
        }
        self._fresh_urls: dict[str, str] = {}
        self._attended: dict[str, float] = {}
        self._leased: dict[str, float] = {}

    def advance(self, job_id: str) -> float | None:
        """Do the next step of a job. Seconds until it wants the next one; ``None`` when it needs no worker any more.

        Also ``None`` when another worker attends to the job. Raises a :class:`StorageError` when the store itself
        fails; everything else that goes wrong becomes the job's state.
        """
        try:
            if not self._hold_lease(job_id):
                return None
            job = self._store.get(job_id)
            if job is None or not job.needs_worker:
                self._forget(job_id)
                return None
            job = self._with_time_attended(job)
            return self._step(job)
        except (LeaseLost, IllegalMove) as reason:
            _log.info("job %s is dropped here: %s", job_id, reason)
            self._forget(job_id)
            return None

    def close(self) -> None:
        """Close the connection to the service. Leases are the driver's to release."""
        self._client.close()

    # --- one step ---------------------------------------------------------------------------------------------------
    def _step(self, job: Job) -> float | None:
        try:
            if job.cancel_requested:
                raise Cancelled
            return self._steps[job.state](job)
        except Cancelled:
            return self._cancel(job)
        except PassingFault as fault:
            return self._after_fault(self._current(job), fault)
        except CsmError as error:
            return self._fail(self._current(job), error)
        except OSError as problem:
            error = CsmError(f"The job's files cannot be used: {problem.strerror or problem}.")
            return self._fail(self._current(job), error)

    def _begin(self, job: Job) -> float:
        self._update(job, state=JobState.CHECKING, message="Looking at the session")
        return 0.0

    def _check(self, job: Job) -> float:
        session = self._get_session(job)
        baseline = Baseline.of(session)
        match phase_before(session):
            case Phase.REFINED if not job.spec.again:
                self._remember_url(job, session)
                note = "The session is refined already: fetching that mesh, nothing is spent"
                self._update(job, state=JobState.DOWNLOADING, baseline=baseline, message=note)
            case Phase.REFINING:
                note = "The session is being refined already: waiting for it, nothing is sent"
                self._update(
                    job, state=JobState.REFINING, baseline=baseline, seen_running=True, message=note, watched_s=0.0
                )
            case Phase.NOT_READY:
                raise SessionNotReady(f"The session is not ready to be refined ({_word(session)}).")
            case Phase.FAILED if not (job.spec.again and "refine" in session.status):
                refined_before = "refine" in session.status
                hint = RefineFailed.default_hint if refined_before else None
                raise SessionFailed(f"The session has failed ({_word(session)}).", hint)
            case _:
                self._update(job, state=JobState.SUBMITTING, baseline=baseline, message="Asking for the refined mesh")
        return 0.0

    def _submit(self, job: Job) -> float:
        if not self._store.begin_post(job, self._owner):
            # The request went out before, perhaps from a process that was killed. Never send it twice.
            return self._answer_lost(job, AnswerLost("Blender ended while the refine request was under way."))
        try:
            self._client.refine(job.session_code, job.spec.refinement)
        except Unreachable:
            self._store.unbegin_post(self._current(job), self._owner)
            raise
        except AnswerLost as error:
            return self._answer_lost(self._current(job), error)
        except CsmError:
            self._update(job, posted_at="")  # turned away: nothing was started, so a person may ask again
            raise
        message = "Accepted by the service"
        self._update(
            job, state=JobState.REFINING, accepted_at=_now(), watched_s=0.0, message=message, faults=0, fault_s=0.0
        )
        return poll_delay_s(0.0, None, self._settings.poll_interval_s)

    def _watch(self, job: Job) -> float:
        session = self._get_session(job)
        baseline = job.baseline or Baseline.of(session)
        return self._follow(job, session, phase_after(session, baseline, seen_running=job.seen_running))

    def _follow(self, job: Job, session: Session, phase: Phase) -> float:
        if phase is Phase.REFINED:
            self._remember_url(job, session)
            self._update(job, state=JobState.DOWNLOADING, progress=1.0, message="Refined: fetching the mesh")
            return 0.0
        if phase is Phase.FAILED:
            raise RefineFailed(f"The service could not refine the session ({_word(session)}).")
        if job.watched_s > self._settings.deadline_s:
            waited = f"{job.watched_s / 60:.0f} min"
            raise DeadlinePassed(f"The refine is not done after {waited} (last state: {_word(session)}).")
        running = job.seen_running or session.is_running()
        percent = session.percent if running else None
        message = f"Refining ({_word(session)}{f', {percent:.0f} %' if percent else ''})"
        progress = (percent or 0.0) / 100.0
        self._update(job, seen_running=running, progress=progress, message=message, faults=0, fault_s=0.0)
        return poll_delay_s(job.watched_s, percent, self._settings.poll_interval_s)

    def _look_after_lost_answer(self, job: Job) -> float | None:
        session = self._get_session(job)
        baseline = job.baseline or Baseline.of(session)
        if shows_refine_started(session, baseline):
            job = self._update(
                job,
                state=JobState.REFINING,
                accepted_at=_now(),
                error=None,
                seen_running=session.is_running(),
                message="The refine did start: waiting for it",
            )
            return self._follow(job, session, phase_after(session, baseline, seen_running=job.seen_running))
        left = job.looks_left - 1
        message = "Not seen to start yet" if left else "It did not start as far as the service shows. Please decide"
        self._update(job, looks_left=left, message=message, faults=0, fault_s=0.0)
        return self._look_delay_s(left) if left else None

    def _download(self, job: Job) -> float:
        url = self._fresh_urls.pop(job.job_id, "")
        if not url:
            url = self._get_session(job).best_mesh_url()
        if not url:
            if job.faults >= LINK_TRIES:
                raise NoMeshOffered("The session says it is refined but offers no mesh.")
            raise LinkExpired("The session offers no refined mesh yet.")
        folder = self._folder(job)

        def on_progress(done: int, total: int | None) -> None:
            self._hold_lease_or_raise(job.job_id)
            self._note_progress(job, done / total if total else 0.0)

        try:
            file = download(url, folder / MESH_NAME, self._settings, on_progress)
            if sniff_format(file.path) == "glb":
                check_glb(file.path)
        except BadMesh as problem:
            if job.faults + 1 < BAD_FILE_TRIES:
                raise LinkExpired(str(problem)) from None
            raise
        self._update(
            job,
            state=JobState.CONVERTING,
            message="Waiting for the converter",
            glb_sha256=file.sha256,
            download_bytes=job.download_bytes + file.length,
            progress=1.0,
            faults=0,
            fault_s=0.0,
        )
        return 0.0

    def _convert(self, job: Job) -> float | None:
        if not self._converters.is_running(job.job_id):
            folder = self._folder(job)
            mesh = folder / MESH_NAME
            if not mesh.exists():
                self._update(job, state=JobState.DOWNLOADING, message="The delivered file is gone: fetching it again")
                return 0.0
            if self._converters.start(job.job_id, folder, _conversion_request(job, mesh)):
                self._update(job, message="Converting")
            return CONVERTER_LOOK_S
        report = self._converters.collect(job.job_id)
        if report is None:
            return CONVERTER_LOOK_S
        report["glb"] = str(self._folder(job) / MESH_NAME)
        self._update(job, state=JobState.READY, result=report, error=None, message="Ready to be placed")
        self._forget(job.job_id)
        return None

    # --- what may come between --------------------------------------------------------------------------------------
    def _answer_lost(self, job: Job, error: AnswerLost) -> float:
        self._update(
            job,
            state=JobState.UNCERTAIN,
            error=error.as_dict(),
            message="No answer came back: looking whether the refine has started",
            looks_left=LOOKS_AFTER_LOST_ANSWER,
            watched_s=0.0,
        )
        return self._look_delay_s(LOOKS_AFTER_LOST_ANSWER)

    def _after_fault(self, job: Job, fault: PassingFault) -> float | None:
        """Wait out a passing fault: not for long while nothing was paid, until the deadline after that."""
        unpaid = job.state in (JobState.QUEUED, JobState.CHECKING, JobState.SUBMITTING)
        limit_s = self._settings.give_up_unpaid_s if unpaid else self._settings.deadline_s
        delay = retry_delay_s(job.faults + 1, fault.retry_after_s, self._draw)
        if isinstance(fault, LinkExpired):
            self._fresh_urls.pop(job.job_id, None)
            if job.faults + 1 > LINK_TRIES:
                return self._fail(job, fault)
        if job.fault_s + delay > limit_s:
            return self._fail(job, fault)
        message = presentable(f"{fault} Trying again in {max(1.0, delay):.0f} s", self._settings.key)
        self._update(job, faults=job.faults + 1, fault_s=job.fault_s + delay, message=message)
        return delay

    def _fail(self, job: Job, error: CsmError) -> None:
        said = {name: presentable(text, self._settings.key, limit=600) for name, text in error.as_dict().items()}
        _log.info("job %s failed: %s", job.job_id, said["message"])
        self._update(job, state=JobState.FAILED, error=said, message=said["message"], faults=0, fault_s=0.0)
        self._forget(job.job_id)

    def _cancel(self, job: Job) -> None:
        paid = bool(job.posted_at)
        note = "Cancelled. The service goes on by itself; retry fetches the mesh later" if paid else "Cancelled"
        self._converters.stop(job.job_id)
        self._update(self._current(job), state=JobState.CANCELLED, cancel_requested=False, message=note)
        self._forget(job.job_id)

    # --- inner workings ---------------------------------------------------------------------------------------------
    def _get_session(self, job: Job) -> Session:
        self._store.update(job, owner=self._owner, gets=self._current(job).gets + 1)
        return self._client.session(job.session_code)

    def _remember_url(self, job: Job, session: Session) -> None:
        """Keep the signed link in memory only; it must not be stored."""
        self._fresh_urls[job.job_id] = session.best_mesh_url()

    def _look_delay_s(self, left: int) -> float:
        if self._settings.poll_interval_s is not None:
            return self._settings.poll_interval_s
        return float(min(30, 2 ** (LOOKS_AFTER_LOST_ANSWER - left + 1)))

    def _folder(self, job: Job) -> Path:
        folder = self._store.folder(job.job_id)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _note_progress(self, job: Job, share: float) -> None:
        current = self._current(job)
        if current.cancel_requested:
            raise Cancelled
        if abs(share - current.progress) >= 0.05:  # noqa: PLR2004 - often enough for a bar
            self._update(current, progress=share, message=f"Downloading ({share:.0%})")

    def _update(self, job: Job, **changes: Any) -> Job:
        changes.setdefault("watched_s", job.watched_s)
        return self._store.update(job, owner=self._owner, **changes)

    def _current(self, job: Job) -> Job:
        fresh = self._store.get(job.job_id)
        if fresh is None:
            raise LeaseLost(job.job_id)
        return fresh

    def _with_time_attended(self, job: Job) -> Job:
        """*job* with the seconds since the last step added; a long gap is a sleeping machine and does not count."""
        now = self._monotonic()
        since = min(LONGEST_STEP_S, now - self._attended.get(job.job_id, now))
        self._attended[job.job_id] = now
        return job if since <= 0.0 else replace(job, watched_s=job.watched_s + since)

    def _hold_lease(self, job_id: str) -> bool:
        now = self._monotonic()
        if now - self._leased.get(job_id, -1e9) < self._settings.lease_s / 4.0:
            return True
        held = self._store.claim(job_id, self._owner, self._settings.lease_s)
        if held:
            self._leased[job_id] = now
        return held

    def _hold_lease_or_raise(self, job_id: str) -> None:
        if not self._hold_lease(job_id):
            raise LeaseLost(job_id)

    def _forget(self, job_id: str) -> None:
        for memory in (self._fresh_urls, self._attended, self._leased):
            memory.pop(job_id, None)


def _word(session: Session) -> str:
    return presentable(session.state_text, limit=40)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _conversion_request(job: Job, mesh: Path) -> dict[str, Any]:
    spec = job.spec
    return {
        "mesh": str(mesh),
        "name": spec.result_name,
        "fit": str(spec.fit),
        "placement": asdict(spec.placement),
        "refinement": asdict(spec.refinement),
        "scale_length": spec.scale_length,
        "export": spec.export_path,
    }
