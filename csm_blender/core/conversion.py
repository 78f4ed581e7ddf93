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
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .capacity import converter_needs, memory_to_use
from .child import Interpreters, start, stop
from .errors import BadMesh, ConversionFailed, DiskProblem

MESH_NAME = "delivered.mesh"
BLEND_NAME = "refined.blend"
REQUEST_NAME = "request.json"
REPORT_NAME = "report.json"
LOG_NAME = "converter.log"
_ATTEMPT_PREFIX = "converting-"
_OUTPUTS = {"blend": BLEND_NAME, "report": REPORT_NAME, "log": LOG_NAME}
END_S = 2.0
WAITING_S = 5.0
"""A job that was turned away so recently is waiting."""
MOST_MESHES = 50
LARGEST_TO_KEEP = 32 * 1024**2
"""A converter that has converted many files, or a large one, is replaced: memory it has taken it does not give back."""


@dataclass
class _Running:
    process: subprocess.Popen[bytes]
    attempt: Path
    folder: Path
    mesh_bytes: int
    needs: int
    meshes: int = 1
    too_slow: bool = False
    started_s: float = field(default_factory=time.monotonic)


class Converters:
    """Up to *limit* converters at a time, one per job, and no more than memory allows. May be shared by threads."""

    def __init__(self, interpreters: Interpreters, limit: int | None = None, time_limit_s: float = 1800.0) -> None:
        self._interpreters = interpreters
        self._limit = limit or os.cpu_count() or 1
        self._time_limit_s = time_limit_s
        self._running: dict[str, _Running] = {}
        self._kept: list[tuple[subprocess.Popen[bytes], int]] = []
        self._memory: int | None = None
        self._turned_away: dict[str, float] = {}
        self._lock = threading.Lock()

    def start(self, job_id: str, folder: Path, request: Mapping[str, Any]) -> bool:
        """Start converting for a job whose files lie in *folder*; ``False`` while all places are taken.

        *request* is what ``converter.main`` expects, without the paths of its outputs. Raises :class:`DiskProblem`.
        """
        mesh = Path(request["mesh"])
        needs = converter_needs(mesh)
        with self._lock:
            if not self._has_room(needs):
                self._turned_away[job_id] = time.monotonic()
                return False
            self._turned_away.pop(job_id, None)
            try:
                for leftover in folder.glob(f"{_ATTEMPT_PREFIX}*"):
                    shutil.rmtree(leftover, ignore_errors=True)
                attempt = Path(tempfile.mkdtemp(prefix=_ATTEMPT_PREFIX, dir=folder))
                outputs = {name: str(attempt / file) for name, file in _OUTPUTS.items()}
                (attempt / REQUEST_NAME).write_text(json.dumps({**request, **outputs}), encoding="utf-8")
                process, meshes = self._given_to_kept(attempt) or (self._started(attempt), 0)
                size = mesh.stat().st_size if mesh.exists() else 0
            except OSError as error:
                raise DiskProblem(f"The converter cannot be started: {error.strerror or error}.") from error
            self._running[job_id] = _Running(process, attempt, folder, size, needs, meshes + 1)
            return True

    def _has_room(self, needs: int) -> bool:
        """Whether one more may run. What memory there is for all is looked up while none runs."""
        if not self._running:
            self._memory = memory_to_use()
            return True
        if len(self._running) >= self._limit:
            return False
        return self._memory is None or sum(each.needs for each in self._running.values()) + needs <= self._memory

    def _started(self, attempt: Path) -> subprocess.Popen[bytes]:
        with (attempt / LOG_NAME).open("wb") as log:
            return start(
                self._interpreters.with_bpy("converter", str(attempt / REQUEST_NAME)),
                stdin=subprocess.PIPE,  # closes when this process ends, however it does: so does the converter
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _given_to_kept(self, attempt: Path) -> tuple[subprocess.Popen[bytes], int] | None:
        """A converter that is done with another job and has been told of this one, if there is one."""
        while self._kept:
            process, meshes = self._kept.pop()
            assert process.stdin is not None
            try:
                process.stdin.write(f"{attempt / REQUEST_NAME}\n".encode())
                process.stdin.flush()
            except OSError:  # it has died meanwhile
                _end(process)
            else:
                return process, meshes
        return None

    def _keep_or_end(self, running: _Running, *, good: bool) -> None:
        """Have a converter that is done wait for the next job, if one is waiting.

        Not one that has met a file it could not use: nobody knows what that left behind in it.
        """
        now = time.monotonic()
        self._turned_away = {job: at for job, at in self._turned_away.items() if now - at < WAITING_S}
        lasting = good and running.meshes < MOST_MESHES and running.mesh_bytes <= LARGEST_TO_KEEP
        if lasting and len(self._kept) < len(self._turned_away) and running.process.poll() is None:
            self._kept.append((running.process, running.meshes))
        else:
            _end(running.process)
        while len(self._kept) > len(self._turned_away):
            _end(self._kept.pop()[0])

    @property
    def look_again_s(self) -> float:
        """When a job that was turned away should try again: all that wait together ask a few times a second."""
        return min(WAITING_S / 2.0, max(0.1, 0.02 * len(self._turned_away)))

    def is_running(self, job_id: str) -> bool:
        """Whether this object started a converter for the job and has not collected it."""
        return job_id in self._running

    def collect(self, job_id: str) -> dict[str, Any] | None:
        """The converter's report once it has ended; ``None`` while it runs.

        Raises :class:`BadMesh` or :class:`ConversionFailed` with the converter's own sentence.
        """
        running = self._running[job_id]
        is_done = (running.attempt / REPORT_NAME).exists()
        if not is_done and running.process.poll() is None:
            if time.monotonic() - running.started_s < self._time_limit_s:
                return None
            running.too_slow = True
            stop(running.process)
        with self._lock:
            self._running.pop(job_id, None)
        good = False
        try:
            report = _outcome(running)
            good = True
            return report
        finally:
            shutil.rmtree(running.attempt, ignore_errors=True)
            with self._lock:
                self._keep_or_end(running, good=good)

    def stop(self, job_id: str) -> None:
        """End the converter of a job, if there is one, and clean up after it."""
        with self._lock:
            running = self._running.pop(job_id, None)
            self._turned_away.pop(job_id, None)
        if running:
            stop(running.process)
            _end(running.process)
            shutil.rmtree(running.attempt, ignore_errors=True)

    def stop_all(self) -> None:
        """End all converters."""
        for job_id in list(self._running):
            self.stop(job_id)
        with self._lock:
            while self._kept:
                _end(self._kept.pop()[0])


def _end(process: subprocess.Popen[bytes]) -> None:
    """Close the pipe of a converter that is done, upon which it ends."""
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        stop(process)


def _outcome(running: _Running) -> dict[str, Any]:
    try:
        report: dict[str, Any] = json.loads((running.attempt / REPORT_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise ConversionFailed(_how_it_died(running)) from None
    if error := report.get("error"):
        kind = BadMesh if error["code"] == BadMesh.code else ConversionFailed
        raise kind(error["message"], error["hint"])
    try:
        (running.attempt / BLEND_NAME).replace(running.folder / BLEND_NAME)
    except OSError as problem:
        raise DiskProblem(f"The converted mesh cannot be kept: {problem.strerror or problem}.") from problem
    report["blend"] = str(running.folder / BLEND_NAME)
    return report


def _how_it_died(running: _Running) -> str:
    """A sentence about a converter that left no report; its output is kept as ``converter.log`` in the job's folder."""
    with contextlib.suppress(OSError):
        (running.attempt / LOG_NAME).replace(running.folder / LOG_NAME)
    status = running.process.returncode
    how = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
    if running.too_slow:
        how = "took too long and was stopped"
    return f"The converter {how} without a result. Its output is in {running.folder / LOG_NAME}."
