# SPDX-License-Identifier: GPL-3.0-or-later
"""Several refines at once: as many Blenders as cores and free memory allow, each for one mesh at a time."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from csm_blender.core.conversion import ConversionRequest
from csm_blender.core.processes.launch import Interpreters
from csm_blender.core.processes.memory import converter_needs, memory_to_use
from csm_server.blender import Refiner


class RefinesMeshes(Protocol):
    """Whoever does what a :class:`ConversionRequest` says; ``folder`` is for its files."""

    async def refine(self, request: ConversionRequest, folder: Path, report: Callable[[float], None]) -> None:
        """Do it; ``report`` gets the share that is done, 0 to 1. Raises BlenderError."""

    def stop(self) -> None:
        """End what runs."""


class Refiners:
    """A pool of :class:`Refiner`. Refines wait in line; the first one always runs, others while there is memory."""

    def __init__(self, interpreters: Interpreters | None, missing: str, memory_bytes: int, most: int = 0) -> None:
        """``most`` run at once, 0 for as many as there are cores. The others are as for :class:`Refiner`."""
        self._most = most or os.cpu_count() or 1
        self._make = lambda: Refiner(interpreters, missing, memory_bytes)
        self._all: list[Refiner] = []
        self._idle: list[Refiner] = []
        self._running: list[int] = []
        """What each refine that runs may take, in bytes."""
        self._memory: int | None = None
        self._line: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def refine(self, request: ConversionRequest, folder: Path, report: Callable[[float], None]) -> None:
        """Do what ``request`` says, once it is its turn; see :meth:`Refiner.refine`."""
        needs = converter_needs(request.mesh, request.remesh)
        await self._turn(needs)
        try:
            refiner = self._free_one()
            try:
                await refiner.refine(request, folder, report)
            finally:
                self._idle.append(refiner)  # the one that was used last is used first: the others may end
        finally:
            self._running.remove(needs)
            self._let_in()

    def stop(self) -> None:
        """End all processes, in the middle of a mesh too."""
        for refiner in self._all:
            refiner.stop()

    async def _turn(self, needs: int) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append((needs, turn))
        self._let_in()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it was let in at the same moment
                self._running.remove(needs)
                self._let_in()
            raise

    def _let_in(self) -> None:
        """Let in whoever is first in line as long as there is room; a large one is not overtaken for ever."""
        while self._line:
            needs, turn = self._line[0]
            if not turn.cancelled():
                if not self._has_room(needs):
                    return
                self._running.append(needs)
                turn.set_result(None)
            self._line.popleft()

    def _has_room(self, needs: int) -> bool:
        if not self._running:
            self._memory = memory_to_use()
            return True
        if len(self._running) >= self._most:
            return False
        return self._memory is None or sum(self._running) + needs <= self._memory

    def _free_one(self) -> Refiner:
        if self._idle:
            return self._idle.pop()
        self._all.append(self._make())
        return self._all[-1]
