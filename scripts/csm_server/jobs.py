# SPDX-License-Identifier: GPL-3.0-or-later
"""Running refines: from the accepted call to the new mesh, and on again after a restart."""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from csm_blender.core.conversion import ConversionRequest
from csm_blender.core.geometry.box import plan_for_numbers
from csm_blender.core.models import Fit
from csm_blender.core.remesh import RemeshOptions
from csm_server import answers, glb
from csm_server.blender import BlenderError
from csm_server.refiners import RefinesMeshes
from csm_server.store import Session, Store


class Refines:
    """Starts refines and sees them through; how many at once is the refiner's to decide."""

    def __init__(self, store: Store, refiner: RefinesMeshes, budget: RemeshOptions, least_seconds: float) -> None:
        """``least_seconds`` is the wall time a refine takes at least."""
        self._store = store
        self._refiner = refiner
        self._budget = budget
        self._least_seconds = least_seconds
        self._shares: dict[str, float] = {}
        self._running: set[asyncio.Task[None]] = set()
        self.started: dict[str, int] = {}
        """How many refines were started for each session since the service began."""

    def percent(self, session: Session) -> int:
        """How far the refine under way is, by Blender's progress and the least time: 0 to 99; else 0 or 100."""
        if not session.job:
            return 100 if session.status in answers.REFINABLE else 0
        waited = (time.time() - session.job["started"]) / max(self._seconds(session), 1e-3)
        return int(max(0.0, min(99.0, 100 * waited, 100 * self._shares.get(session.code, 0.0))))

    def _seconds(self, session: Session) -> float:
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
        end = session.job["started"] + self._seconds(session)
        number = session.refined + 1
        try:
            await self._make(session, self._store.folder(session.code, f"refined-{number}"))
            session.refined, session.status = number, "refine_done"
            self._note(session.code, 1.0)
        except Exception as error:  # noqa: BLE001 - whatever it is, no session may seem to be refined for ever
            session.status, session.message = "refine_failed", str(error) or type(error).__name__
            print(f"{session.code}: the refine failed: {error}", file=sys.stderr, flush=True)
        await asyncio.sleep(max(0.0, end - time.time()))
        session.job = {}
        self._shares.pop(session.code, None)
        # Later than the start in the milliseconds that clients see, however quick the refine was.
        session.updated_at = max(time.time(), session.updated_at + 0.001)
        self._store.save(session)

    def _note(self, code: str, share: float) -> None:
        self._shares[code] = share

    async def _make(self, session: Session, folder: Path) -> None:
        behaviour = session.behaviour
        if behaviour.get("fail_refine"):
            raise BlenderError("This session was set up to fail.")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        if raw := behaviour.get("raw_result"):
            shutil.copyfile(raw, folder / "mesh.glb")
            return
        ignored = {"scaled_bbox": behaviour.get("ignore_bbox"), "pivot_point": behaviour.get("ignore_pivot")}
        wishes = {name: value for name, value in session.request.items() if not ignored[name]}
        preview = self._store.folder(session.code, "preview") / "mesh.glb"
        request = conversion(preview, folder, self._budget, wishes)
        await self._refiner.refine(request, folder, partial(self._note, session.code))
        for leftover in set(folder.iterdir()) - {folder / "mesh.glb"}:
            leftover.unlink()
        if behaviour.get("unit_cube") or behaviour.get("swap_axes"):
            await asyncio.to_thread(_spoil, folder / "mesh.glb", behaviour)


def conversion(mesh: Path, folder: Path, budget: RemeshOptions, wishes: Mapping[str, Any]) -> ConversionRequest:
    """What the converter is to do: refine ``mesh`` into mesh.glb in ``folder``, with the box and the origin wished for.

    Without ``scaled_bbox`` the preview's own size stays, without ``pivot_point`` the origin is the center of the box.
    """
    size = wishes.get("scaled_bbox")
    refinement, placement = plan_for_numbers(size or (1.0, 1.0, 1.0), wishes.get("pivot_point"))
    return ConversionRequest(
        mesh=mesh,
        name="refined",
        placement=placement,
        refinement=refinement,
        fit=Fit.EXACT if size else Fit.NONE,
        export=str(folder / "mesh.glb"),
        blend=folder / "refined.blend",
        remesh=budget,
    )


def _spoil(path: Path, behaviour: dict[str, Any]) -> None:
    """Make the result wrong on purpose, for tests of clients: a longest side of 1 m, y and z exchanged."""
    parts = glb.read_parts(path.read_bytes())
    longest = np.ptp(np.vstack([part.points for part in parts]), axis=0).max()
    for part in parts:
        if behaviour.get("unit_cube"):
            part.points = part.points / longest
        if behaviour.get("swap_axes"):
            part.points = part.points[:, [0, 2, 1]] * [1.0, 1.0, -1.0]
    path.write_bytes(glb.write_parts(parts))
