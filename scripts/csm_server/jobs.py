# SPDX-License-Identifier: GPL-3.0-or-later
"""Running refines: from the accepted call to the new mesh, and on again after a restart."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import time
from pathlib import Path

from csm_server import answers
from csm_server.store import Session, Store
from csm_server.worker import Worker, WorkError


class Refines:
    """Starts refines and sees them through; they are done one after the other."""

    def __init__(self, store: Store, worker: Worker, least_seconds: float) -> None:
        """``least_seconds`` is the wall time a refine takes at least."""
        self._store = store
        self._worker = worker
        self._least_seconds = least_seconds
        self._running: set[asyncio.Task[None]] = set()
        self.started: dict[str, int] = {}
        """How many refines were started for each session since the service began."""

    def seconds(self, session: Session) -> float:
        """The least wall time of this session's refine."""
        return float(session.behaviour.get("refine_seconds", self._least_seconds))

    def start(self, session: Session, request: dict[str, list[float]]) -> None:
        """Take a refine call on: the session is at ``training_refine`` when this returns."""
        now = time.time()
        session.request = request
        session.job = {"started": now, "trial_key": answers.trial_key(now)}
        session.status = "training_refine"
        session.message = ""
        session.updated_at = now
        self._store.save(session)
        self.started[session.code] = self.started.get(session.code, 0) + 1
        self._begin(session)

    def resume(self) -> None:
        """Begin anew whatever was under way when the service last ended."""
        for session in self._store.unfinished():
            session.job["started"] = time.time()
            self._store.save(session)
            self._begin(session)

    async def stop(self) -> None:
        """Give up what is running; a later start takes it up again."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _begin(self, session: Session) -> None:
        task = asyncio.get_running_loop().create_task(self._run(session))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _run(self, session: Session) -> None:
        end = session.job["started"] + self.seconds(session)
        number = session.refined + 1
        try:
            await self._make(session, self._store.folder(session.code, f"refined-{number}"))
            session.refined, session.status = number, "refine_done"
        except (WorkError, OSError) as error:
            session.status, session.message = "refine_failed", str(error)
            print(f"{session.code}: the refine failed: {error}", file=sys.stderr, flush=True)
        await asyncio.sleep(max(0.0, end - time.time()))
        session.job = {}
        # Later than the start in the milliseconds that clients see, however quick the refine was.
        session.updated_at = max(time.time(), session.updated_at + 0.001)
        self._store.save(session)

    async def _make(self, session: Session, folder: Path) -> None:
        behaviour = session.behaviour
        if behaviour.get("fail_refine"):
            raise WorkError("This session was set up to fail.")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        if raw := behaviour.get("raw_result"):
            shutil.copyfile(raw, folder / "mesh.glb")
            return
        request = dict(session.request)
        if behaviour.get("ignore_bbox"):
            request.pop("scaled_bbox", None)
        if behaviour.get("ignore_pivot"):
            request.pop("pivot_point", None)
        await self._worker.ask({
            "do": "refine",
            "preview": os.fspath(self._store.folder(session.code, "preview") / "mesh.glb"),
            "output": os.fspath(folder / "mesh.glb"),
            **request,
            "unit_cube": bool(behaviour.get("unit_cube")),
            "swap_axes": bool(behaviour.get("swap_axes")),
        })  # fmt: skip
