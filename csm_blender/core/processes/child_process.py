# SPDX-License-Identifier: GPL-3.0-or-later
"""A child process of this program: the worker, a converter, or a child that answers one question.

The protocol, whose other side is :mod:`.child_side`:

* Parent to child: lines of JSON on the child's standard input, the first of them often with the API key, which must be
  in no argument list and no environment. **The pipe closes when the parent ends, however it does, or cancels.** Then
  the child ends itself.
* Child to parent: lines of JSON on the child's standard output, ``{"progress": 0.4, "text": "…"}`` any number of times
  and ``{"answer": {…}}`` once for each request. Lines that are no JSON object are ignored: Blender prints there before
  Python starts.
* All else that the child prints goes to a log file.

The parent calls :meth:`ChildProcess.is_running` whenever it has time. No call blocks, except for ``stop``, and no
threads are needed: standard output is a temporary file, not a pipe, which works on all systems and never fills up.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from ..file_system import remove_file
from ..messages import NOTHING, Message, from_json
from .launch import start
from .memory import resident_bytes

GRACE_S = 0.5
LONGEST_GAP_S = 10.0
"""Time in which nobody looked counts as no longer: the machine slept, and its clock may have gone on (on Windows)."""


class Progress(NamedTuple):
    """How far a request is: a share from 0 to 1, which never shrinks, and what is being done."""

    share: float = 0.0
    text: Message = NOTHING


class Ending(StrEnum):
    """Why a child has ended."""

    EXITED = "exited"
    CANCELLED = "cancelled"
    DEADLINE = "deadline"
    MEMORY = "memory"


class ChildProcess:
    """A child in a process group of its own.

    ``progress`` and ``answer`` belong to the request sent last; ``answer`` is ``None`` until it is there. ``ending``
    and ``status`` are ``None`` while the child runs. ``log`` is the file that holds what it prints.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path | None = None,
        deadline_s: float = float("inf"),
        memory_bytes: int | None = None,
    ) -> None:
        """Start *command*. Raises ``OSError``.

        A request that takes longer than *deadline_s* seconds ends the child, as does more than *memory_bytes* of
        resident memory, where the system tells how much it is (Linux). A machine that sleeps takes no time.
        """
        self.log = log
        self.progress = Progress()
        self.answer: dict[str, Any] | None = None
        self.ending: Ending | None = None
        self._reason = Ending.EXITED
        self._deadline_s, self._memory_bytes = deadline_s, memory_bytes
        self._worked_s, self._looked_s = 0.0, time.monotonic()
        self._kill_at_s = float("inf")
        self._unread = b""
        written, name = tempfile.mkstemp(prefix="csm-child-")
        self._path = Path(name)
        self._messages = self._path.open("rb")
        self._remove_file()
        try:
            with log.open("wb") if log is not None else contextlib.nullcontext(subprocess.DEVNULL) as errors:
                self._process = start(command, stdin=subprocess.PIPE, stdout=written, stderr=errors)
        except OSError:
            self._messages.close()
            raise
        finally:
            os.close(written)
            self._remove_file()

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Exit status; on POSIX, the negative number of the signal that ended it."""
        return self._process.returncode

    def send(self, line: bytes, log: Path | None = None) -> bool:
        """Send one *line* of JSON, a new request; ``False`` if the child is gone. Its output goes to *log* from now on.

        Lines must be short (4 KB): a longer one blocks until the child reads it.
        """
        assert self._process.stdin is not None
        self.log = log or self.log
        self.progress, self.answer = Progress(), None
        self._worked_s, self._looked_s = 0.0, time.monotonic()
        try:
            self._process.stdin.write(line)
            self._process.stdin.flush()
        except (OSError, ValueError):  # ValueError: closed by cancel()
            return False
        return True

    def is_running(self) -> bool:
        """Whether the child runs. Also reads its messages, and kills it if a limit is passed."""
        if self.ending is not None:
            return False
        if self._process.poll() is None and (passed := self._limit_passed()) is not None:
            self._kill(passed)
        running = self._process.poll() is None  # before reading: its last messages are read, too
        self._read_messages()
        if not running:
            self._close()
        return running

    def cancel(self, grace_s: float = GRACE_S) -> None:
        """Ask the child to end by closing its pipe. :meth:`is_running` kills it *grace_s* seconds later."""
        if self.ending is None:
            self._reason = Ending.CANCELLED
            self._kill_at_s = min(self._kill_at_s, time.monotonic() + grace_s)
            self._close_pipe()

    def stop(self, grace_s: float = GRACE_S) -> None:
        """Cancel and wait until the child is gone, for not much longer than *grace_s* seconds."""
        self.cancel(grace_s)
        if self.ending is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(grace_s)
            if self.is_running():
                self._kill(Ending.CANCELLED)
                self.is_running()

    def how_it_ended(self) -> Message:
        """A sentence: how a child that has ended did so."""
        match self.ending, self.status:
            case Ending.DEADLINE, _:
                return Message("It took too long and was stopped.")
            case Ending.MEMORY, _:
                return Message("It used more memory than allowed and was stopped.")
            case _, int(status) if status < 0:
                return Message("It was ended by signal {signal}.", signal=-status)
        return Message("It ended with status {status}.", status=self.status or 0)

    def last_output(self) -> str:
        """The last line the child has printed, up to 200 characters; empty if there is none."""
        try:
            with (self.log or Path(os.devnull)).open("rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - 4096))
                lines = file.read().decode(errors="replace").strip().splitlines()
        except OSError:
            return ""
        return lines[-1][:200] if lines else ""

    def _limit_passed(self) -> Ending | None:
        now_s = time.monotonic()
        if now_s > self._kill_at_s:
            return Ending.CANCELLED
        self._worked_s += min(now_s - self._looked_s, LONGEST_GAP_S)
        self._looked_s = now_s
        if self.answer is None and self._worked_s > self._deadline_s:
            return Ending.DEADLINE
        if self._memory_bytes is not None and (resident_bytes(self.pid) or 0) > self._memory_bytes:
            return Ending.MEMORY
        return None

    def _read_messages(self) -> None:
        *lines, self._unread = (self._unread + self._messages.read()).split(b"\n")
        for line in lines:
            message = None
            with contextlib.suppress(ValueError):
                message = from_json(line)
            match message:
                case {"answer": dict(answer)}:
                    self.answer = answer
                case {"progress": int(share) | float(share), "text": str(text)}:
                    share = max(self.progress.share, min(1.0, float(share)))
                    self.progress = Progress(share, Message.of(text))

    def _kill(self, reason: Ending) -> None:
        """End the child and what it has started, without asking."""
        self._reason = reason
        with contextlib.suppress(OSError):
            if sys.platform == "win32":
                self._process.kill()
            else:
                os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(2.0)

    def _close(self) -> None:
        self.ending = self._reason
        self._close_pipe()
        self._messages.close()
        self._remove_file()

    def _close_pipe(self) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it died with something unread in the pipe
            self._process.stdin.close()

    def _remove_file(self) -> None:
        """Remove the file of messages: at once where open files can be removed, on Windows when the child is gone."""
        remove_file(self._path)
