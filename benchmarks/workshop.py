# SPDX-License-Identifier: GPL-3.0-or-later
"""What several benchmarks need: interpreters, the local service, jobs, Blenders with windows."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from measuring import Bench

ROOT = Path(__file__).resolve().parent.parent
INSIDE = ROOT / "benchmarks" / "inside"
for _place in (ROOT, ROOT / "scripts", ROOT / "tests" / "gui", ROOT / "tests" / "support"):
    if str(_place) not in sys.path:
        sys.path.append(str(_place))

import environment
from csm_server.launch import LocalService
from harness import Blender, find_tool, make_user_directory, virtual_display

NEWEST = "5.2"


class Missing(RuntimeError):
    """Something a benchmark needs is not on this machine; the text says what."""


def bpy_python(version: str = NEWEST) -> str:
    """A Python with Blender *version* as a module."""
    return str(environment.python_of(f"bpy-{version}"))


@contextlib.contextmanager
def local_service(bench: Bench, refine_seconds: float) -> Iterator[LocalService]:
    """The local service with its control routes, refining in at least *refine_seconds*."""
    options = ["--control", "--refine-seconds", str(refine_seconds)]
    data = bench.folder / "service"
    with LocalService(python=sys.executable, data=data, options=options) as service:
        yield service


def add_sessions(service: LocalService, count: int, preview: Path, refined: Path, **more: Any) -> list[str]:
    """New sessions whose refined mesh will be the file *refined*, as it is; their codes."""
    return [service.add_session(None, preview, style="2025", raw_result=str(refined), **more) for _ in range(count)]


def cli(python: str, *arguments: object) -> list[str]:
    """A call of the command line in a Python that has bpy."""
    return [python, "-m", "csm_blender", *map(str, arguments)]


def surroundings(bench: Bench, url: str, key: str, name: str = "home") -> dict[str, Any]:
    """Keyword arguments for a process of the command line: its folder, service and job store."""
    home = bench.folder / name
    home.mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CSM_")}
    return {"cwd": ROOT, "env": {**kept, "CSM_BASE_URL": url, "CSM_API_KEY": key, "CSM_HOME": str(home)}}


def windowed_blenders() -> list[Path]:
    """The Blenders with windows, oldest first. Raises :class:`Missing`."""
    from blenders import find_blenders  # noqa: PLC0415 - needs pytest

    if found := find_blenders():
        return found
    raise Missing("a Blender with a window: run scripts/get_blender.sh or set BLENDER=/path/to/blender")


def bpy_script(bench: Bench, python: str, script: str, *arguments: object) -> list[str]:
    """A call of one of the scripts in ``inside``; it writes JSON to the path given first."""
    return [python, str(INSIDE / script), str(bench.folder / f"{script}.json"), *map(str, arguments)]


class Windows:
    """Blenders with windows on a display of their own; ``run`` plays one of the scenarios in ``inside``."""

    def __init__(self, bench: Bench, display: str) -> None:
        self._bench = bench
        self._display = display
        self._runs = 0
        self._zip = ""

    def run(
        self,
        binary: Path,
        scenario: str,
        *,
        addon: bool = True,
        takes_events: bool = True,
        timeout_s: float = 600.0,
        **named: Any,
    ) -> Any:
        """What the *scenario* (``file.py:function``) returned in a new *binary*."""
        self._runs += 1
        folder = self._bench.folder / f"window-{self._runs}"
        folder.mkdir()
        make_user_directory(binary, folder, self._extension() if addon else None)
        blender = Blender(binary, self._display, folder, folder / "screens", takes_events)
        result = blender.run(str(INSIDE / scenario), timeout=timeout_s, **named)
        return result.value

    def _extension(self) -> Path:
        if not self._zip:
            import build  # noqa: PLC0415 - a sibling of environment; builds with the newest wheel

            self._zip = str(build.build(self._bench.folder / "dist"))
        return Path(self._zip)


@contextlib.contextmanager
def windows(bench: Bench, binaries: Sequence[Path]) -> Iterator[Windows]:
    """A virtual display for *binaries*."""
    with virtual_display(find_tool("Xvfb", binaries[-1])) as display:
        yield Windows(bench, display)
