# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the window stands still: a job that arrives and is placed, against the importer in the same window."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).parent))
from common import QUIET_S, Steps, clear_meshes, jobs, longest_gap, module, new_block_out, push_undo
from inside import frames, override

JOB_TIMEOUT_S = 300.0


def gaps(plan: list[tuple[str, list[str]]]) -> Steps:
    """For each (GLB, sessions) of *plan* and each session: the gaps of a job and of importing the GLB, in turns."""
    found: list[dict[str, list[float]]] = []
    number = 0
    placing: list[tuple[float, float]] = []
    undo: list[tuple[float, float]] = []
    _timed(module("scene.finishing"), "finish", placing)
    _timed(module("scene.finishing"), "push_undo", undo)
    for glb, sessions in plan:
        seen: dict[str, list[float]] = {name: [] for name in ("job", "import", "import_code", "quiet", "before")}
        placing.clear()
        undo.clear()
        for session in sessions:
            yield from _prepare(number)
            seen["quiet"].append((yield from longest_gap(lambda: True, 1.0))[0])
            with override():
                bpy.ops.csm.refine("INVOKE_DEFAULT", session_code=session, target=f"Block{number}")
            gap, begun, ended = yield from longest_gap(lambda n=number: _is_placed(n), JOB_TIMEOUT_S)
            seen["job"].append(gap)
            # Whether the longest gap was another one than that of the placing: 1, else 0.
            seen["before"].append(float(not begun <= placing[-1][0] <= ended))
            yield from _prepare(-1)
            begun = time.perf_counter()
            with override():
                bpy.ops.import_scene.gltf(filepath=glb)
            push_undo("Import")
            seen["import_code"].append(time.perf_counter() - begun)
            seen["import"].append((yield from longest_gap(lambda: True, 1.0, since=begun))[0])
            number += 1
        seen["finish"], seen["undo"] = [end - begin for begin, end in placing], [end - begin for begin, end in undo]
        found.append(seen)
    return found


def _prepare(number: int) -> Steps:
    """An empty scene, with a block-out unless *number* is -1, at rest."""
    clear_meshes()
    if number >= 0:
        new_block_out(number)
    push_undo("Prepared")
    yield from frames(12)
    yield QUIET_S


def _is_placed(number: int) -> bool:
    found = jobs()
    if len(found) > number and found[number].status in ("FAILED", "CANCELLED", "UNCERTAIN"):
        raise RuntimeError(f"{found[number].status}: {found[number].message} {found[number].error}")
    return len(found) > number and found[number].status == "PLACED"


def _timed(owner: Any, name: str, times: list[tuple[float, float]]) -> None:
    """Have calls of ``owner.name`` timed."""
    inner = getattr(owner, name)

    def timed(*arguments: Any) -> Any:
        begun = time.perf_counter()
        try:
            return inner(*arguments)
        finally:
            times.append((begun, time.perf_counter()))

    setattr(owner, name, timed)
