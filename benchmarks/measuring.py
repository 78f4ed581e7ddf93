# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples and what is said about them: medians with their spread, and the rows of the table."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

UNITS = {"s": (1.0, "s"), "ms": (1000.0, "ms")}


@dataclass(frozen=True)
class Samples:
    """Measurements of one thing, in the order they were made."""

    values: tuple[float, ...]

    @classmethod
    def of(cls, values: Sequence[float]) -> Samples:
        """The samples in *values*, of which there is at least one."""
        return cls(tuple(float(value) for value in values))

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.values)

    def text(self, unit: str = "s", digits: int = 2) -> str:
        """Median, smallest to largest, and how many there are; *unit* is ``s``, ``ms`` or any word."""
        factor, word = UNITS.get(unit, (1.0, unit))
        low, high = min(self.values) * factor, max(self.values) * factor
        middle = f"{self.median * factor:.{digits}f} {word}"
        if len(self.values) == 1:
            return f"{middle} (n=1)"
        return f"{middle} ({low:.{digits}f} to {high:.{digits}f}, n={len(self.values)})"


@dataclass
class Row:
    """One line of the table. ``reached`` is ``None`` where a line has no goal of its own."""

    what: str
    measured: str
    against: str
    ratio: str
    goal: str
    reached: bool | None
    note: str = ""


@dataclass
class Bench:
    """What every benchmark gets: a folder of its own to work in, and how thoroughly to measure."""

    root: Path
    folder: Path
    quick: bool = False
    say: Callable[[str], None] = field(default=lambda text: print(text, flush=True))

    def times(self, full: int, quick: int = 1) -> int:
        """How often to measure."""
        return quick if self.quick else full


@dataclass(frozen=True)
class Ended:
    """How a child process ended: its wall time, its processor time and peak memory, waited-for children included."""

    status: int
    seconds: float
    cpu_s: float
    peak_bytes: int


def run(command: Sequence[object], *, timeout_s: float = 600.0, good: Sequence[int] = (0,), **arguments: Any) -> Ended:
    """Run *command* and wait for it. Raises ``RuntimeError`` with its output unless it ends well and in time."""
    arguments.setdefault("stdin", subprocess.DEVNULL)
    log = Path(arguments.pop("log", os.devnull))
    with log.open("wb") as output:
        started = time.perf_counter()
        process = subprocess.Popen([str(word) for word in command], stdout=output, stderr=output, **arguments)
        status, usage, seconds = _wait(process, started, timeout_s)
    if status not in good:
        said = log.read_text(errors="replace")[-2000:] if log.is_file() else ""
        raise RuntimeError(f"{command[0]} … ended with {status} after {seconds:.1f} s\n{said}")
    return Ended(status, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def _wait(process: subprocess.Popen[bytes], started: float, timeout_s: float) -> tuple[int, Any, float]:
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        seconds = time.perf_counter() - started
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, usage, seconds
        if seconds > timeout_s:
            process.kill()
        time.sleep(0.005)


def yes_if(condition: bool) -> bool:  # noqa: FBT001 - it is about a condition
    """*condition* as a plain ``bool``, also where numpy or a comparison gives something else."""
    return bool(condition)
