# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Dask cluster on this machine, and the command line beside it. They need the environment ``farm``."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from common import ROOT

if TYPE_CHECKING:
    from blender_scenes import Csm

WAIT_S = 120.0
IS_FARM = all(importlib.util.find_spec(name) for name in ("bpy", "distributed", "openjd"))
collect_ignore_glob = [] if IS_FARM else ["test_*.py"]


def pytest_report_header() -> str | None:
    return (
        None if IS_FARM else "farm: left out, this Python lacks bpy, distributed or openjd-cli (scripts/test.py farm)"
    )


def wait_for(what: Callable[[], Any], about: str, limit_s: float = WAIT_S) -> Any:
    """What *what* gives once that is something."""
    end_s = time.monotonic() + limit_s
    while not (found := what()):
        assert time.monotonic() < end_s, f"not within {limit_s:g} s: {about}"
        time.sleep(0.05)
    return found


@dataclass
class Cluster:
    """``dask scheduler`` and ``dask worker`` as anyone starts them. The scheduler has no copy of this package."""

    folder: Path
    address: str = ""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start_scheduler(self) -> None:
        log = self.folder / "scheduler.log"
        self._start(log, ["scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"], {"PYTHONPATH": ""})
        self.address = wait_for(lambda: self._said(log, "Scheduler at:"), "the scheduler's address").split()[-1]

    def start_worker(self, **environment: str) -> subprocess.Popen[bytes]:
        log = self.folder / f"worker-{len(self.processes)}.log"
        words = ["worker", self.address, "--no-nanny", "--nthreads", "1", "--memory-limit", "4GB", "--no-dashboard"]
        process = self._start(log, words, environment)
        wait_for(lambda: self._said(log, "Registered to:"), f"a worker that is registered, see {log}")
        return process

    def _start(self, log: Path, words: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CSM_")}
        mine = {"HOME": str(self.folder), "CSM_HOME": str(self.folder / "home"), "PYTHONPATH": str(ROOT), **environment}
        call = [sys.executable, "-m", "dask", *words]
        with log.open("wb") as file:
            process = subprocess.Popen(
                call, cwd=self.folder, env={**kept, **mine}, stdout=file, stderr=subprocess.STDOUT
            )
        self.processes.append(process)
        return process

    @staticmethod
    def _said(log: Path, words: str) -> str:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        return next((line.strip() for line in lines if words in line), "")

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A scheduler; workers are started by the test."""
    made = Cluster(tmp_path / "cluster")
    made.folder.mkdir()
    with ExitStack() as stack:
        stack.callback(made.stop)
        made.start_scheduler()
        yield made


@pytest.fixture
def csm(tmp_path: Path) -> Csm:
    """The command line without key or service."""
    from blender_scenes import Csm

    return Csm(tmp_path)


@pytest.fixture
def boxes(tmp_path: Path) -> Path:
    """A saved scene with four boxes of different sizes, Box1 to Box4, each turned and off its origin."""
    from blender_scenes import add_box, save_scene

    def build() -> None:
        for number in range(1, 5):
            size = (0.4 + 0.1 * number, 0.7, 1.1 - 0.1 * number)
            add_box(f"Box{number}", size, pivot=(0, 0, -0.5), location=(2 * number, 1, 0), rotation=(0, 0, number))

    return save_scene(tmp_path / "boxes.blend", build)
