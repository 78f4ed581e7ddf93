# SPDX-License-Identifier: GPL-3.0-or-later
"""The Blender that refines: finding one, and the child process in which it works.

The child is the add-on's own converter (``csm_blender.converter``), with the same messages, limits and ending: when
this service ends, however it does, the pipe to the child closes and the child ends at once.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from csm_blender.core.conversion import ConversionRequest
from csm_blender.core.processes.child_process import ChildProcess
from csm_blender.core.processes.launch import Interpreters
from csm_blender.core.processes.memory import memory_to_use, not_enough_memory, remesh_needs, resident_bytes

OLDEST = (4, 2)
HOW_TO = "Start the service in a Python that has bpy, with --blender PATH, or with blender on the PATH."
MOST_MESHES = 50
MOST_TO_KEEP = 1250 * 1024**2
"""Bytes. A process that takes more, or has refined so many meshes, is replaced: Blender gives little of it back."""
IDLE_S = 120.0
DEADLINE_S = 1800.0
POLL_S = 0.02


class BlenderError(RuntimeError):
    """There is no Blender, or it could not refine the mesh; the text says why."""


def find_blender(given: str = "") -> tuple[Interpreters, str]:
    """How to start Blender, and what it is in words: the one at the path ``given``, or the one there is.

    That is bpy in this Python, or ``blender`` on the PATH. ``given`` is a Blender or a Python that has bpy. Raises
    BlenderError.
    """
    if not given and importlib.util.find_spec("bpy"):
        return Interpreters(sys.executable), f"bpy in {sys.executable}"
    path = shutil.which(given or "blender")
    if path is None:
        reason = f"There is no program {given}." if given else "No Blender was found."
        raise BlenderError(f"{reason} {HOW_TO}")
    path = os.path.abspath(path)  # noqa: PTH100 - without following links: a virtual environment is one
    said = _said(path, "--version")
    if found := re.search(r"^Blender (\d+)\.(\d+)", said, re.MULTILINE):
        if (int(found[1]), int(found[2])) < OLDEST:
            raise BlenderError(f"{path} is {found[0]}; Blender {OLDEST[0]}.{OLDEST[1]} or newer is needed.")
        return Interpreters(sys.executable, blender=path), f"{found[0]} at {path}"
    if said.startswith("Python 3") and "True" in _said(
        path, "-c", "import importlib.util; print(importlib.util.find_spec('bpy') is not None)"
    ):
        return Interpreters(path), f"bpy in {path}"
    raise BlenderError(f"{path} is neither a Blender nor a Python that has bpy. {HOW_TO}")


def _said(*command: str) -> str:
    try:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BlenderError(f"{command[0]} cannot be started: {error}") from None


class Refiner:
    """One converter process, started when first needed and kept for the next mesh; meshes are done one by one."""

    def __init__(self, interpreters: Interpreters | None, missing: str, memory_bytes: int) -> None:
        """``missing`` says why there are no interpreters; ``memory_bytes`` is the most that refining may take."""
        self._interpreters = interpreters
        self._missing = missing
        self._memory_bytes = memory_bytes
        self._process: ChildProcess | None = None
        self._meshes = 0
        self._turn = asyncio.Lock()
        self._idle: asyncio.TimerHandle | None = None

    async def refine(self, request: ConversionRequest, folder: Path, report: Callable[[float], None]) -> None:
        """Do what ``request`` says; ``folder`` is for its files. ``report`` gets the share that is done, 0 to 1.

        Raises BlenderError.
        """
        if self._interpreters is None:
            raise BlenderError(self._missing)
        async with self._turn:
            if self._idle:
                self._idle.cancel()
            try:
                good = await self._converted(self._interpreters, request, folder, report)
            except BaseException:  # what a bad mesh has left behind in the process is not known; or this is the end
                self.stop()
                raise
            if not good:
                self.stop()
            else:
                self._idle = asyncio.get_running_loop().call_later(IDLE_S, self.stop)

    async def _converted(
        self, interpreters: Interpreters, request: ConversionRequest, folder: Path, report: Callable[[float], None]
    ) -> bool:
        """Whether the process can do another one."""
        limit = min(self._memory_bytes, memory_to_use() or self._memory_bytes)
        if request.remesh and (needs := remesh_needs(request.mesh, request.remesh)) > limit:
            raise BlenderError(str(not_enough_memory(needs, limit).message))
        path, log = folder / "request.json", folder / "blender.log"
        path.write_text(json.dumps({**request.as_dict(), "log": str(log)}), encoding="utf-8")
        process = self._process
        if process and process.is_running() and process.send(json.dumps({"request": str(path)}).encode() + b"\n", log):
            self._meshes += 1
        else:
            command = interpreters.with_bpy("converter", str(path))
            try:
                process = ChildProcess(command, log=log, deadline_s=DEADLINE_S, memory_bytes=limit)
            except OSError as error:
                raise BlenderError(f"Blender cannot be started: {error}") from error
            self._process, self._meshes = process, 1
        while process.is_running() and process.answer is None:
            report(process.progress.share)
            await asyncio.sleep(POLL_S)
        if process.answer is None:
            raise BlenderError(f"Blender gave no result. {process.how_it_ended()} {process.last_output()}".strip())
        if error := process.answer.get("error"):
            raise BlenderError(str(error["message"]))
        return self._meshes < MOST_MESHES and (resident_bytes(process.pid) or 0) < MOST_TO_KEEP

    def stop(self) -> None:
        """End the process, in the middle of a mesh too."""
        if self._process:
            self._process.stop()
            self._process = None
