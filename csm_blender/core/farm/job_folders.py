# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of a plan as the pipeline knows jobs: each in a folder of its own, which several machines may share.

It does for a plan what :class:`..jobs.store.Store` does for one machine, without a database: SQLite needs locks on
ranges of bytes, which network file systems do not all keep, and a file created exclusively is all that is needed here.
:mod:`.journal` says how a job is taken, :mod:`.request_mark` how it is paid for once.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..errors import StoreDiskProblem
from ..jobs.job import Job
from ..jobs.job_records import IllegalMove, LeaseLost, SentBefore, check_move, is_lasting
from ..jobs.rows import columns_from, jobs_from
from ..jobs.states import FINISHED, JobState
from ..jobs.store import now_text
from ..messages import ROUTINE, Message
from ..models import JobSpec
from ..processes.converter_pool import BLEND_NAME, MESH_NAME
from .journal import NO_JOURNAL, Glance, Journal, JournalWriter, append, glance, read_journal
from .plan import Plan
from .request_mark import asking_job, set_mark, standing_mark, void_mark

LOG_NAME = "job.log"
_CACHED_SPECS = 64
_NEW: Mapping[str, Any] = {
    "revision": 0, "state": "QUEUED", "progress": 0.0, "message": "", "message_json": "", "error_json": None,
    "baseline_json": None, "result_json": "{}", "updated_at": "", "posted_at": "", "accepted_at": "", "finished_at": "",
    "seen_running": 0, "watched_s": 0.0, "faults": 0, "fault_s": 0.0, "looks_left": 0, "gets": 0, "posts": 0,
    "download_bytes": 0, "glb_sha256": "", "cancel_requested": 0, "lease_owner": "", "lease_until": 0.0,
}  # fmt: skip
"""A job that nobody has taken yet, as a row of the store's table."""


@dataclass
class _Held:
    """A job that this process has: its journal, the job as it is, and the mark it has set for it, if any."""

    owner: str
    writer: JournalWriter
    job: Job
    beat_s: float
    mark: int = 0


class JobFolders:
    """The jobs of a plan. Not for sharing between threads; make another one there."""

    def __init__(self, plan: Plan, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.plan = plan
        self._monotonic = monotonic
        self._held: dict[str, _Held] = {}
        self._watched: dict[str, tuple[int, int, float]] = {}
        """Jobs of others: number and length of the journal, and since when it has been like this."""
        self._read_spec = lru_cache(_CACHED_SPECS)(self._spec)

    def folder(self, job_id: str) -> Path:
        """Where the files of a job lie; not necessarily there yet."""
        return self.plan.job_folder(job_id)

    def get(self, job_id: str) -> Job | None:
        """The job; ``None`` if it is not of this plan, or its journal means nothing."""
        if held := self._held.get(job_id):
            return held.job
        return self.job_of(job_id, self._journal(job_id).record) if self.plan.index_of(job_id) else None

    def job_of(self, job_id: str, record: Mapping[str, Any]) -> Job | None:
        """The job whose journal holds *record*; ``None`` if that means nothing."""
        index = self.plan.index_of(job_id)
        row = {**_NEW, "created_at": self.plan.head.made_at, **record, "job_id": job_id, "spec_json": str(index)}
        spec = self._read_spec(row["spec_json"])
        row["base_url"] = self.plan.head.base_url if spec.needs_service else ""
        job = next(iter(jobs_from([row], self._read_spec)), None)
        return self._with_own_files(job) if job else None

    def journal(self, job_id: str) -> Journal:
        """What the newest journals of a job say, for whoever only looks. Raises :class:`StoreDiskProblem`."""
        return self._journal(job_id)

    def glance(self, job_id: str) -> Glance:
        """State and holder of a job, for whoever counts many. Raises :class:`StoreDiskProblem`."""
        try:
            return glance(self.plan.job_folder_name(job_id))
        except OSError as error:
            raise self._explained(job_id, error) from error

    def siblings(self, job: Job) -> list[Job]:
        """The job whose request for the same session stands, unless that is *job* itself."""
        if not job.spec.may_be_paid:
            return []
        with self._disk_faults_explained(job.job_id):
            _number, asks = standing_mark(self._mark_folder(job.job_id))
        other = self.get(asks) if asks not in ("", "?", job.job_id) else None
        return [other] if other else []

    def update(self, job: Job, *, owner: str | None = None, **changes: Any) -> Job:
        """Write *changes*, which only the holder of the job may; give the job as it is now.

        Raises :class:`LeaseLost`, :class:`IllegalMove` and :class:`StoreDiskProblem`.
        """
        held = self._still_held(job.job_id, owner)
        old, new = held.job.state, changes.get("state")
        if new is not None:
            check_move(old, job.state, new)
            if new in FINISHED:
                changes.setdefault("finished_at", now_text())
        voids = bool(held.mark) and changes.get("posted_at") == ""
        self._write(job.job_id, held, changes)
        if voids:
            with self._disk_faults_explained(job.job_id):
                void_mark(self._mark_folder(job.job_id), held.mark, {"job_id": job.job_id, "at": now_text()})
            held.mark = 0
        if (new is not None and new is not old) or "faults" in changes:
            self._log(job, new or old, changes.get("message", job.message))
        return held.job

    def begin_post(self, job: Job, owner: str) -> Job | None:
        """Note that the refine request is about to go out: on the disk before the first byte is sent.

        This is the one guard against paying twice. ``None`` means go. Otherwise the job that asked for the same session
        is given. Raises :class:`SentBefore`, :class:`LeaseLost` and :class:`IllegalMove`.
        """
        held = self._still_held(job.job_id, owner)
        current = held.job
        if current.state is not JobState.SUBMITTING or not current.spec.may_be_paid:
            raise IllegalMove(f"{current.state} with {current.spec.choices.engine} does not send")
        folder = self._mark_folder(job.job_id)
        with self._disk_faults_explained(job.job_id):
            number, asks = standing_mark(folder)
            if not current.posted_at and not asks:
                now = now_text()
                content = {"job_id": job.job_id, "at": now, "claim": held.writer.number, "owner": owner}
                if set_mark(folder, number + 1, content):
                    held.mark = number + 1
                    self._write(job.job_id, held, {"posted_at": now, "posts": current.posts + 1})
                    return None
                asks = asking_job(folder, number + 1)  # asked for by name: a listing may be out of date
        other = self.get(asks) if asks != job.job_id else None
        if other is not None and not current.posted_at:
            return other
        if not current.posted_at:  # the mark is this job's, or nobody can say whose: its writer was killed
            self._write(job.job_id, held, {"posted_at": now_text()})
        raise SentBefore(job.job_id)

    def unbegin_post(self, job: Job, owner: str) -> Job:
        """Take the note back: it is certain that nothing of the request left this machine."""
        return self.update(job, owner=owner, posted_at="", posts=max(0, job.posts - 1))

    def forget_request(self, job: Job, owner: str) -> bool:
        """Void the request of an UNCERTAIN job, which a person decides to send again; the job is CANCELLED then.

        ``False`` where the request is that of another job, about which is to be decided there.
        """
        self._still_held(job.job_id, owner)
        folder = self._mark_folder(job.job_id)
        with self._disk_faults_explained(job.job_id):
            number, asks = standing_mark(folder)
            if asks not in ("", "?", job.job_id):
                return False
            if asks:
                void_mark(folder, number, {"job_id": job.job_id, "at": now_text(), "decided": True})
        note = Message("The request is sent again")
        self.update(job, owner=owner, state=JobState.CANCELLED, posted_at="", looks_left=0, message=note)
        return True

    def claim(self, job_id: str, owner: str, lease_s: float) -> bool:
        """Take the job, or show that its holder lives; ``False`` while another worker holds it.

        Another worker's job can be taken when that gave it back, is known to be dead, or has not shown for *lease_s*
        seconds, in which this was asked again and again, that it lives. Raises :class:`StoreDiskProblem`.
        """
        held = self._held.get(job_id)
        if held is not None and held.owner == owner:
            if held.writer.is_superseded():
                del self._held[job_id]
                return False
            self._beat(job_id, held, lease_s)
            return True
        journal = self._journal(job_id)
        if journal.number and not self._is_free(job_id, journal, lease_s):
            return False
        record = {**_NEW, "created_at": now_text(), **journal.record}
        with self._disk_faults_explained(job_id):
            writer = JournalWriter.create(self.folder(job_id), journal.number + 1, record, owner)
        self._watched.pop(job_id, None)
        job = self.job_of(job_id, record)
        if writer is None or job is None:
            return False
        self._held[job_id] = _Held(owner, writer, job, self._monotonic())
        return True

    def renew(self, owner: str, lease_s: float) -> None:
        """Show for every job of *owner* that its holder lives. Raises :class:`StoreDiskProblem`, after all others."""
        problems = []
        for job_id, held in self._held.items():
            if held.owner == owner:
                try:
                    self._beat(job_id, held, lease_s)
                except StoreDiskProblem as problem:
                    problems.append(problem)
        if problems:
            raise problems[0]

    def release(self, owner: str) -> None:
        """Give back every job of *owner*."""
        for job_id in [job_id for job_id, held in self._held.items() if held.owner == owner]:
            self.let_go(job_id)

    def let_go(self, job_id: str) -> None:
        """Give the job back, if this process has it."""
        if held := self._held.pop(job_id, None):
            held.writer.release()

    def holds(self, job_id: str) -> bool:
        """Whether this process has the job."""
        return job_id in self._held

    def _beat(self, job_id: str, held: _Held, lease_s: float) -> None:
        now_s = self._monotonic()
        if now_s - held.beat_s >= lease_s / 8.0:
            with self._disk_faults_explained(job_id):
                held.writer.beat()
            held.beat_s = now_s

    def _is_free(self, job_id: str, journal: Journal, lease_s: float) -> bool:
        if journal.released or (journal.holder is not None and journal.holder.is_dead()):
            return True
        now_s = self._monotonic()
        number, length, since_s = self._watched.get(job_id, (0, 0, now_s))
        if (number, length) != (journal.number, journal.length):
            self._watched[job_id] = journal.number, journal.length, now_s
            return False
        return now_s - since_s >= lease_s

    def _still_held(self, job_id: str, owner: str | None) -> _Held:
        held = self._held.get(job_id)
        if held is None or (owner is not None and held.owner != owner):
            raise LeaseLost(job_id)
        if held.writer.is_superseded():
            del self._held[job_id]
            raise LeaseLost(job_id)
        return held

    def _write(self, job_id: str, held: _Held, changes: dict[str, Any]) -> None:
        if "message" in changes:
            changes = {**changes, "message": Message.of(changes["message"])}
        changes = {"revision": held.job.revision + 1, "updated_at": now_text(), **changes}
        with self._disk_faults_explained(job_id):
            held.writer.write(columns_from(changes), lasting=is_lasting(changes))
        held.job = self._with_own_files(replace(held.job, **changes))
        held.beat_s = self._monotonic()

    def _mark_folder(self, job_id: str) -> Path:
        """The folder where all jobs for the session of this one meet."""
        first = self.plan.job(self.plan.index_of(job_id)).asks_with
        return self.folder(self.plan.job_id(first) if first else job_id)

    def _journal(self, job_id: str) -> Journal:
        with self._disk_faults_explained(job_id):
            return read_journal(self.folder(job_id)) if self.plan.index_of(job_id) else NO_JOURNAL

    def _log(self, job: Job, state: JobState, message: object) -> None:
        """A line for people in the job's folder. Not worth an error."""
        if isinstance(message, Message) and message.code == ROUTINE:
            return
        with contextlib.suppress(OSError):
            path = f"{self.plan.job_folder_name(job.job_id)}/{LOG_NAME}"
            append(path, f"{now_text()} {state}: {message}\n".encode())

    def _with_own_files(self, job: Job) -> Job:
        """*job* with the paths of its files as they are on this machine."""
        if job.result is None:
            return job
        folder = self.folder(job.job_id)
        conversion = replace(job.result.conversion, blend=str(folder / BLEND_NAME))
        return replace(job, result=replace(job.result, conversion=conversion, glb=str(folder / MESH_NAME)))

    def _spec(self, index: str) -> JobSpec:
        return self.plan.job(int(index)).spec

    @contextlib.contextmanager
    def _disk_faults_explained(self, job_id: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._explained(job_id, error) from error

    def _explained(self, job_id: str, error: OSError) -> StoreDiskProblem:
        words = "The folder of the job {folder} cannot be used: {reason}."
        return StoreDiskProblem(words, folder=self.folder(job_id), reason=error)
