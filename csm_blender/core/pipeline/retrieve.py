# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps after a refine was asked for: watch it, fetch the mesh, have it converted.

A step does one thing, writes the outcome and gives the seconds until the next one is due, or ``None`` when the job
needs no worker any more. What goes wrong is raised; :mod:`.pipeline` decides what becomes of it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..api.backoff import poll_delay_s
from ..api.download import download, is_intact
from ..api.session import Phase, Session, phase_after, phase_before
from ..conversion import ConversionReport, ConversionRequest, JobResult
from ..errors import (
    ABOUT_DELIVERED,
    BadMesh,
    ConversionFailed,
    DeadlinePassed,
    LinkExpired,
    MeshTooLarge,
    NoMeshOffered,
    RefineFailed,
    SessionNotReady,
    UnexpectedAnswer,
)
from ..files.mesh_file import check_glb, looks_like_web_page
from ..files.mesh_format import MeshFormat, find_format
from ..jobs.job import Job
from ..jobs.job_records import LeaseLost
from ..jobs.states import JobState
from ..jobs.store import now_text
from ..messages import ROUTINE, Message
from ..processes.converter_pool import MESH_NAME
from ..redaction import sanitize
from ..sources import Engine
from .context import StepContext

BAD_FILE_TRIES = 3
LINK_TRIES = 8
CONVERTER_LOOK_S = 0.05
CONVERTING = Message("Converting", code=ROUTINE)
PROGRESS_LOOK_S = 0.25
PROGRESS_STEP = 0.05
"""Smaller steps of a job's progress are not written: often enough for a bar."""
SETTLED_S = 60.0


class Cancelled(Exception):
    """Raised inside a step when the job was asked to stop."""


class RetrieveSteps:
    """The steps, over the tools of one pipeline."""

    def __init__(self, context: StepContext) -> None:
        self._context = context

    def watch(self, job: Job) -> float:
        """REFINING: check whether the refine is done."""
        return self.follow(job, self._context.session(job))

    def follow(self, job: Job, session: Session) -> float:
        """Go on with what *session* says about the refine."""
        self._context.memory(job).refusals = 0
        phase = _phase(job, session)
        if phase is Phase.REFINED:
            self._context.memory(job).fresh_url = session.best_mesh_url()
            note = Message("Refined: downloading the mesh")
            self._context.advance(job, note, state=JobState.DOWNLOADING, progress=0.0)
            return 0.0
        if phase is Phase.FAILED:
            reason = sanitize(session.reason, self._context.settings.key).rstrip(".")
            state = f"{status_word(session)}: {reason}" if reason else status_word(session)
            raise RefineFailed("The service could not refine the session ({state}).", state=state)
        if job.watched_s > self._context.settings.deadline_s:
            raise DeadlinePassed(
                "The refine is not finished after {minutes} min (last state: {state}).",
                minutes=f"{job.watched_s / 60:.0f}",
                state=status_word(session),
            )
        running = job.seen_running or session.is_running()
        percent = session.percent if running else None
        words = "Refining ({state}, {percent} %)" if percent else "Refining ({state})"
        message = Message(words, code=ROUTINE, state=status_word(session), percent=f"{percent or 0.0:.0f}")
        self._context.advance(job, message, seen_running=running, progress=(percent or 0.0) / 100.0)
        return poll_delay_s(job.watched_s, percent, self._context.settings.poll_interval_s)

    def download(self, job: Job) -> float:
        """DOWNLOADING: fetch the mesh and check it."""
        memory = self._context.memory(job)
        url, memory.fresh_url = memory.fresh_url, ""
        session = None if url else self._context.session(job)
        url = url if session is None else mesh_url_for(job.spec.choices.engine, session)
        if session is not None and not url and not job.spec.may_be_paid:
            raise SessionNotReady("The session has no mesh yet ({state}).", state=status_word(session))
        if not url:
            if memory.link_tries >= LINK_TRIES:
                raise NoMeshOffered("The session is refined, but the service offers no mesh.")
            raise LinkExpired("The session offers no refined mesh yet.")
        progress = self.progress_of(job, lambda share: Message("Downloading ({share})", code=ROUTINE, share=share))
        file = download(url, self._context.folder(job) / MESH_NAME, self._context.settings, progress)
        try:
            check_delivered(file.path)
        except BadMesh as problem:
            memory.bad_files += 1
            if isinstance(problem, MeshTooLarge) or memory.bad_files >= BAD_FILE_TRIES:
                raise
            raise LinkExpired(problem.message) from problem
        memory.file_known = True
        self._context.advance(
            job,
            Message("Waiting for the converter"),
            state=JobState.CONVERTING,
            glb_sha256=file.sha256,
            download_bytes=job.download_bytes + file.length,
            progress=0.0,
        )
        return 0.0

    def progress_of(self, job: Job, words: Callable[[str], Message]) -> Callable[[int, int | None], None]:
        """What a long step calls with the bytes done and in all: keeps the lease, shows the share in *words*.

        Raises :class:`Cancelled` and :class:`LeaseLost`.
        """
        looked_s, shown = self._context.monotonic(), job.progress

        def on_progress(done: int, total: int | None) -> None:
            nonlocal looked_s, shown
            now_s = self._context.monotonic()
            if now_s - looked_s < PROGRESS_LOOK_S:
                return
            looked_s = now_s
            if not self._context.hold_lease(job.job_id):
                raise LeaseLost(job.job_id)
            current = self._context.current(job)
            if current.cancel_requested:
                raise Cancelled
            share = min(1.0, done / total) if total else 0.0
            if abs(share - shown) >= PROGRESS_STEP:
                shown = share
                self._context.update(current, progress=share, message=words(f"{share:.0%}"))

        return on_progress

    def convert(self, job: Job) -> float | None:
        """CONVERTING: start a converter, or check whether it is done."""
        converters, folder = self._context.converters, self._context.store.folder(job.job_id)
        mesh = folder / MESH_NAME
        if not converters.is_running(job.job_id):
            memory = self._context.memory(job)
            memory.file_known = mesh.exists() and (memory.file_known or is_intact(mesh, job.glb_sha256))
            if not memory.file_known:
                self._bring_again(job)
                return 0.0
            if not converters.start(job.job_id, folder, ConversionRequest.of(job.spec, mesh, job.job_id).as_dict()):
                return converters.ask_again_s
        report = self._report(job)
        if report is None:
            share, text = converters.progress(job.job_id)
            text = text or CONVERTING
            if job.message != text or abs(share - job.progress) >= PROGRESS_STEP:
                self._context.update(job, progress=share, message=text)
            return CONVERTER_LOOK_S
        result = JobResult(ConversionReport.from_dict(report), str(mesh), ready_at=now_text())
        ready = Message("Ready to be placed")
        self._context.update(job, state=JobState.READY, result=result, error=None, progress=1.0, message=ready)
        self._context.drop(job.job_id)
        return None

    def _report(self, job: Job) -> dict[str, Any] | None:
        """The converter's report. Raises what it met, with a hint that fits where the mesh came from."""
        try:
            return self._context.converters.collect(job.job_id)
        except (BadMesh, ConversionFailed) as problem:
            if job.spec.needs_service or problem.hint.code != ABOUT_DELIVERED:
                raise
            raise type(problem)(problem.message, "Export it again, best as .glb, then retry.") from problem

    def _bring_again(self, job: Job) -> None:
        """The delivered file is missing or damaged: back to the step that brings it."""
        if job.spec.needs_service:
            note = Message("The delivered file is missing or damaged: downloading it again")
            self._context.update(job, state=JobState.DOWNLOADING, message=note)
        else:
            note = Message("The copy of the mesh is missing or damaged: copying it again")
            self._context.update(job, state=JobState.QUEUED, message=note)


def mesh_url_for(engine: Engine, session: Session) -> str:
    """The mesh of *session* that a job with this engine begins with; empty where it offers none.

    The local engine works on the free preview; without an engine it is the best mesh there is.
    """
    refined, preview = session.best_mesh_url(), next(iter(session.preview_urls.values()), "")
    match engine:
        case Engine.SERVICE:
            return refined
        case Engine.LOCAL:
            return preview or refined
        case Engine.NONE:
            return refined or preview


def _phase(job: Job, session: Session) -> Phase:
    """How far the refine is. A job restored from a scene does not know how the session looked before it."""
    if job.baseline is not None:
        return phase_after(session, job.baseline, seen_running=job.seen_running)
    phase = phase_before(session)
    if phase in (Phase.REFINED, Phase.FAILED):
        return phase
    settled = phase is Phase.CAN_REFINE and not session.status and job.watched_s > SETTLED_S
    return Phase.REFINED if settled else Phase.REFINING


def status_word(session: Session) -> str:
    """The service's own word for the state, fit to be shown."""
    return sanitize(session.state_text, limit=40)


def check_delivered(path: Path) -> None:
    """Check a delivered file. Raises :class:`BadMesh`, and :class:`UnexpectedAnswer` for a web page."""
    if looks_like_web_page(path):
        raise UnexpectedAnswer("A web page was delivered instead of the mesh.")
    if find_format(path) is MeshFormat.GLB:
        check_glb(path)
