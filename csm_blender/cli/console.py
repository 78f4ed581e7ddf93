# SPDX-License-Identifier: GPL-3.0-or-later
"""What the command line says: the report on stdout, everything else on stderr."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from ..core.errors import CsmError, DiskProblem
from ..core.jobs.job import Job
from ..core.jobs.states import JobState

_LAST_STREAM = 2
"""The number of stderr."""


class Interrupted(Exception):
    """Ctrl-C or a request to end while jobs ran; ``jobs`` is how they were left."""

    def __init__(self, jobs: list[Job]) -> None:
        super().__init__()
        self.jobs = jobs


def say(text: str) -> None:
    """Write a line for the user to stderr."""
    with contextlib.suppress(OSError):  # who does not listen does not stop the work
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


def say_error(error: CsmError) -> None:
    """Write the message and the hint of an error to stderr."""
    say(f"csm: {error}")
    if error.hint:
        say(f"     {error.hint}")


def say_failure(job: Job, name: str) -> None:
    """Write why *job*, called *name*, has no result, and the hint, to stderr; nothing where it has not failed."""
    if job.error:
        say(f"{name}: {job.error['message']}")
        say(f"     {job.error['hint']}")


def print_json(data: Any) -> None:
    """Write the one output on stdout with ``--json``. Raises :class:`DiskProblem`."""
    _write_out(json.dumps(data, indent=2) + "\n")


def print_table(rows: list[list[str]], header: list[str]) -> None:
    """A table in plain text on stdout, columns as wide as they need. Line breaks in names become spaces.

    Raises :class:`DiskProblem`.
    """
    lines = [[" ".join(cell.splitlines()) for cell in row] for row in [header, *rows]]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    rows = [lines[0], ["-" * width for width in widths], *lines[1:]]
    aligned = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    _write_out("".join(f"{line}\n" for line in aligned))


def answer(data: Any, header: list[str], rows: Iterable[list[str]], *, as_json: bool) -> int:
    """Print *data* *as_json*, else the table. Gives the exit status 0."""
    if as_json:
        print_json(data)
    else:
        print_table(list(rows), header)
    return 0


def print_line(text: str) -> None:
    """Write one line to stdout at once. Raises :class:`DiskProblem`."""
    _write_out(f"{text}\n")


def _write_out(text: str) -> None:
    """Write *text* to stdout; nothing happens where its reader is gone, as with ``| head``."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        # On Windows a pipe or file takes the letters of one code page only. Others are written as \\u6905 and the like.
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
        sys.stdout.flush()
    except OSError as error:
        # What could not be written is tried again when Python ends, which would fail again.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
        if not isinstance(error, BrokenPipeError):
            hint = "All that was to be done is done; only the report is missing."
            raise DiskProblem("The report cannot be written: {reason}.", hint, reason=error.strerror) from error


def open_missing_streams() -> None:
    """Give a program that was started without standard streams some that lead nowhere.

    Otherwise the next files to be opened get their numbers, and what is printed ends up in them.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) <= _LAST_STREAM:
        pass
    os.close(number)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - open until the end


@contextlib.contextmanager
def stdout_kept_for_report(*, hidden: bool = False) -> Iterator[None]:
    """Send what Blender itself prints to stdout ("Info: Saved …", output of importers) to stderr meanwhile.

    Or nowhere, if it is to be *hidden*: a render of Blender 4.2 prints forty lines.
    """
    sys.stdout.flush()
    try:
        kept = os.dup(1)
    except OSError:  # no stdout at all
        yield
        return
    target = os.open(os.devnull, os.O_WRONLY) if hidden else 2
    os.dup2(target, 1)
    if hidden:
        os.close(target)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


class Progress:
    """Prints a line for each new state of a job, and for every tenth of its progress."""

    def __init__(self, number_of: Callable[[Job], str]) -> None:
        """*number_of* gives the number of a job in words, which stands before the line."""
        self._number_of = number_of
        self._shown: dict[str, tuple[JobState, int, int]] = {}
        """What was shown last of a job: its state, the tenth of its progress, its faults."""

    def __call__(self, job: Job) -> None:
        """Print a line about *job* if it has changed."""
        status = (job.state, int(job.progress * 10), job.faults)
        if self._shown.get(job.job_id) != status:
            self._shown[job.job_id] = status
            name = job.spec.object_name or job.spec.source.label
            self._show(job, f"[{self._number_of(job)}] {name}: {job.state} - {job.message or 'queued'}")

    def _show(self, _job: Job, line: str) -> None:
        say(line)
