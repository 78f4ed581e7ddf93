# SPDX-License-Identifier: GPL-3.0-or-later
"""Run converters: child processes that turn a delivered mesh into ``refined.blend``.

Each attempt works in a folder of its own, so that an orphan of a killed worker cannot spoil a later attempt. What it
made is moved into the job's folder only when it is complete.
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

from .child import Interpreters, start, stop
from .errors import BadMesh, ConversionFailed, DiskProblem

MESH_NAME = "delivered.mesh"
BLEND_NAME = "refined.blend"
REQUEST_NAME = "request.json"
REPORT_NAME = "report.json"
LOG_NAME = "converter.log"
_ATTEMPT_PREFIX = "converting-"


@dataclass
class _Running:
    process: subprocess.Popen[bytes]
    attempt: Path
    folder: Path
    too_slow: bool = False
    started_s: float = field(default_factory=time.monotonic)


class Converters:
    """Up to *limit* converters at a time, one per job. May be shared by threads."""

    def __init__(self, interpreters: Interpreters, limit: int | None = None, time_limit_s: float = 1800.0) -> None:
        self._interpreters = interpreters
        self._limit = limit or os.cpu_count() or 1
        self._time_limit_s = time_limit_s
        self._running: dict[str, _Running] = {}
        self._lock = threading.Lock()

    def start(self, job_id: str, folder: Path, request: Mapping[str, Any]) -> bool:
        """Start converting for a job whose files lie in *folder*; ``False`` while all places are taken.

        *request* is what ``converter.main`` expects, without the paths of its outputs. Raises :class:`DiskProblem`.
        """
        with self._lock:
            if len(self._running) >= self._limit:
                return False
            try:
                for leftover in folder.glob(f"{_ATTEMPT_PREFIX}*"):
                    shutil.rmtree(leftover, ignore_errors=True)
                attempt = Path(tempfile.mkdtemp(prefix=_ATTEMPT_PREFIX, dir=folder))
                outputs = {"blend": str(attempt / BLEND_NAME), "report": str(attempt / REPORT_NAME)}
                (attempt / REQUEST_NAME).write_text(json.dumps({**request, **outputs}), encoding="utf-8")
                with (attempt / LOG_NAME).open("wb") as log:
                    process = start(
                        self._interpreters.with_bpy("converter", str(attempt / REQUEST_NAME)),
                        stdin=subprocess.PIPE,  # closes when this process ends, however it does: so does the converter
                        stdout=log,
                        stderr=subprocess.STDOUT,
                    )
            except OSError as error:
                raise DiskProblem(f"The converter cannot be started: {error.strerror or error}.") from error
            self._running[job_id] = _Running(process, attempt, folder)
            return True

    def is_running(self, job_id: str) -> bool:
        """Whether this object started a converter for the job and has not collected it."""
        return job_id in self._running

    def collect(self, job_id: str) -> dict[str, Any] | None:
        """The converter's report once it has ended; ``None`` while it runs.

        Raises :class:`BadMesh` or :class:`ConversionFailed` with the converter's own sentence.
        """
        running = self._running[job_id]
        if running.process.poll() is None:
            if time.monotonic() - running.started_s < self._time_limit_s:
                return None
            running.too_slow = True
            stop(running.process)
        with self._lock:
            self._running.pop(job_id, None)
        _close_pipe(running)
        try:
            return _outcome(running)
        finally:
            shutil.rmtree(running.attempt, ignore_errors=True)

    def stop(self, job_id: str) -> None:
        """End the converter of a job, if there is one, and clean up after it."""
        with self._lock:
            running = self._running.pop(job_id, None)
        if running:
            stop(running.process)
            _close_pipe(running)
            shutil.rmtree(running.attempt, ignore_errors=True)

    def stop_all(self) -> None:
        """End all converters."""
        for job_id in list(self._running):
            self.stop(job_id)


def _close_pipe(running: _Running) -> None:
    if running.process.stdin is not None:
        with contextlib.suppress(OSError):
            running.process.stdin.close()


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
