# SPDX-License-Identifier: GPL-3.0-or-later
"""Run converters: child processes that turn a delivered mesh into ``refined.blend``.

Each attempt works in a folder of its own, so that an orphan of a killed worker cannot spoil a later attempt. What it
made is moved into the job's folder only when it is complete.

Starting a Blender costs several times what converting a small mesh does. So while jobs are waiting, a converter that is
done is given the next one, through its standard input; otherwise it ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import BadMesh, ConversionFailed, CsmError, DiskProblem, NoBlender, NotEnoughMemory
from ..file_system import replace_file
from ..messages import Message, sentences
from ..remesh import RemeshOptions
from .child_process import ChildProcess, Progress
from .launch import Interpreters
from .memory import converter_needs, memory_to_use

MESH_NAME = "delivered.mesh"
BLEND_NAME = "refined.blend"
LOG_NAME = "converter.log"
_ATTEMPT_PREFIX = "converting-"
_ERRORS = {kind.code: kind for kind in (BadMesh, ConversionFailed, NotEnoughMemory)}
"""What a converter may say of a mesh, by the code."""
END_S = 2.0
POLL_S = 0.02
WAITING_S = 5.0
"""A job that has not asked for so long is not waiting any more."""
MOST_MESHES = 50
MOST_MEMORY_TO_KEEP = 1250 * 1024**2
"""A converter that has converted many files, or a large one, is replaced: memory it has taken it does not give back."""


@dataclass
class _Waiting:
    folder: Path
    request: Mapping[str, Any]
    needs: int
    asked_s: float


@dataclass
class _Running:
    """A job being converted in the folder *attempt*; *meshes* counts the files that its process was given."""

    job: _Waiting
    attempt: Path
    process: ChildProcess
    meshes: int


class ConverterPool:
    """Up to *limit* converters at a time, one per job, and no more than memory allows. May be shared by threads.

    Whoever asks about any job has all of them polled: outcomes of converters that are done are kept until their own job
    asks, and the job that has waited longest is started at once.
    """

    def __init__(
        self, interpreters: Interpreters | None, limit: int | None = None, time_limit_s: float = 1800.0
    ) -> None:
        """Without *interpreters*, no job can be converted here."""
        self._interpreters = interpreters
        self._limit = limit or os.cpu_count() or 1
        self._time_limit_s = time_limit_s
        self._waiting: dict[str, _Waiting] = {}
        self._running: dict[str, _Running] = {}
        self._ended: dict[str, dict[str, Any] | CsmError] = {}
        self._memory: int | None = None
        self._lock = threading.Lock()

    def start(self, job_id: str, folder: Path, request: Mapping[str, Any]) -> bool:
        """Start converting for a job whose files lie in *folder*; ``False`` while all places are taken.

        Then the job waits in line, as long as it keeps asking, and is started when it is its turn. *request* is what
        ``converter.convert`` expects, without the paths of its outputs. Raises :class:`DiskProblem`, and
        :class:`NoBlender` where nothing on this machine can convert.
        """
        if self._interpreters is None:
            raise NoBlender("There is no Blender on this machine to convert the mesh.")
        known = self._waiting.get(job_id)  # it may ask a hundred times, and a file is long to look through
        needs = known.needs if known else _needs(request)
        with self._lock:
            self._poll_all()
            if self.is_running(job_id):
                return True
            self._waiting[job_id] = _Waiting(folder, request, needs, time.monotonic())
            if not self._has_room(needs):
                return False
            self._begin(job_id)
            return True

    def _poll_all(self) -> None:
        """Collect the outcomes of converters that are done, and start jobs that wait."""
        for job_id, running in list(self._running.items()):
            if not running.process.is_running() or running.process.answer is not None:
                del self._running[job_id]
                self._ended[job_id] = outcome = _outcome(running)
                self._start_waiting(running, good=not isinstance(outcome, CsmError))
                shutil.rmtree(running.attempt, ignore_errors=True)

    def _has_room(self, needs: int) -> bool:
        """Whether one more may run. What memory there is for all is looked up while none runs."""
        if not self._running:
            self._memory = memory_to_use()
            return True
        if len(self._running) >= self._limit:
            return False
        return self._memory is None or sum(each.job.needs for each in self._running.values()) + needs <= self._memory

    def _begin(self, job_id: str, done: _Running | None = None) -> None:
        """Have a waiting job converted by the process of *done*, or by a new one if there is none or it has died."""
        job = self._waiting.pop(job_id)
        try:
            for leftover in job.folder.glob(f"{_ATTEMPT_PREFIX}*"):
                shutil.rmtree(leftover, ignore_errors=True)
            attempt = Path(tempfile.mkdtemp(prefix=_ATTEMPT_PREFIX, dir=job.folder))
            request, log = attempt / "request.json", attempt / LOG_NAME
            outputs = {"blend": str(attempt / BLEND_NAME), "log": str(log)}
            request.write_text(json.dumps({**job.request, **outputs}), encoding="utf-8")
            if done and done.process.send(json.dumps({"request": str(request)}).encode() + b"\n", log):
                process, meshes = done.process, done.meshes + 1
            else:
                assert self._interpreters is not None  # start has looked
                command = self._interpreters.with_bpy("converter", str(request))
                process, meshes = ChildProcess(command, log=log, deadline_s=self._time_limit_s), 1
        except OSError as error:
            raise DiskProblem("The converter cannot be started: {reason}.", reason=error) from error
        self._running[job_id] = _Running(job, attempt, process, meshes)

    def _start_waiting(self, done: _Running, *, good: bool) -> None:
        """Start jobs that wait in line, the first of them in the Blender of the one that is *done*.

        Not in one that has met a file it could not use: what that left behind in it is not known.
        """
        lasting = good and done.meshes < MOST_MESHES and done.job.needs <= MOST_MEMORY_TO_KEEP
        idle = done if lasting and done.process.ending is None else None
        now = time.monotonic()
        self._waiting = {job: each for job, each in self._waiting.items() if now - each.asked_s < WAITING_S}
        while self._waiting:
            job_id, waiting = next(iter(self._waiting.items()))
            if not self._has_room(waiting.needs):
                break
            with contextlib.suppress(DiskProblem):  # met again, and reported, when that job itself asks
                self._begin(job_id, idle)
                idle = None
        if all(each.process is not done.process for each in self._running.values()):
            done.process.stop(END_S)

    def poll(self) -> float | None:
        """Poll all converters. Seconds until the next time is worth it; ``None`` while no job waits in line.

        For whoever has time between the steps of jobs: jobs that wait ask seldom, and many at the same time.
        """
        with self._lock:
            self._poll_all()
            return POLL_S if self._waiting and self._running else None

    @property
    def ask_again_s(self) -> float:
        """When a job that waits in line should ask again: all that wait together ask a few times a second."""
        return min(WAITING_S / 2.0, max(0.1, 0.02 * len(self._waiting)))

    def is_running(self, job_id: str) -> bool:
        """Whether this object has started a converter for the job whose outcome was not collected yet."""
        return job_id in self._running or job_id in self._ended

    def progress(self, job_id: str) -> Progress:
        """How far the converter of a job is, as seen when it was polled last."""
        running = self._running.get(job_id)
        return running.process.progress if running else Progress()

    def collect(self, job_id: str) -> dict[str, Any] | None:
        """The converter's report once it has ended; ``None`` while it runs.

        Raises :class:`BadMesh`, :class:`NotEnoughMemory` or :class:`ConversionFailed` with the converter's sentence.
        """
        with self._lock:
            self._poll_all()
            outcome = self._ended.pop(job_id, None)
        if isinstance(outcome, CsmError):
            raise outcome
        return outcome

    def stop(self, job_id: str) -> None:
        """End the converter of a job, if there is one, and clean up after it."""
        with self._lock:
            running = self._running.pop(job_id, None)
            self._waiting.pop(job_id, None)
            self._ended.pop(job_id, None)
        if running:
            running.process.stop()
            shutil.rmtree(running.attempt, ignore_errors=True)

    def stop_all(self) -> None:
        """End all converters."""
        with self._lock:
            self._waiting.clear()
            for running in self._running.values():
                running.process.cancel()
        for job_id in list(self._running):
            self.stop(job_id)


def _needs(request: Mapping[str, Any]) -> int:
    """Bytes of memory that doing *request* may take."""
    options = request.get("remesh")
    return converter_needs(Path(request["mesh"]), RemeshOptions.from_dict(options) if options else None)


def _outcome(running: _Running) -> dict[str, Any] | CsmError:
    """The report of a converter that has ended, or what went wrong."""
    report, folder = running.process.answer, running.job.folder
    if report is None:
        with contextlib.suppress(OSError):
            replace_file(running.attempt / LOG_NAME, folder / LOG_NAME)
        output = Message("Its output is in {path}.", path=folder / LOG_NAME)
        none = Message("The converter gave no result.")
        return ConversionFailed(sentences(none, running.process.how_it_ended(), output))
    if error := report.get("error"):
        return _ERRORS.get(error["code"], ConversionFailed)(error["message"], error["hint"])
    try:
        replace_file(running.attempt / BLEND_NAME, folder / BLEND_NAME)
    except OSError as problem:
        return DiskProblem("The converted mesh cannot be kept: {reason}.", reason=problem)
    return {**report, "blend": str(folder / BLEND_NAME)}
