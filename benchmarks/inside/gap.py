# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the window stands still: a job that arrives and is placed, against the importer in the same window."""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import bpy
from mathutils import Quaternion

sys.path.insert(0, str(Path(__file__).parent))
from common import QUIET_S, Gap, Probe, Steps, clear_meshes, jobs, longest_gap, module, new_block_out, push_undo
from inside import frames, override

JOB_TIMEOUT_S = 100.0
SHEET = (0.5, 0.5, 0.209)
"""Half the size of what is imported: the result covers as many pixels as the import."""
WORK = {
    "reading": ("scene.arriving", "bring_mesh"),
    "normals": ("scene.arriving", "prepare_for_drawing"),
    "finish": ("scene.finishing", "finish"),
    "undo": ("scene.finishing", "push_undo"),
}
"""What the add-on does on the main thread when a mesh has arrived."""


def gaps(plan: list[tuple[str, list[str]]]) -> Steps:
    """For each (GLB, sessions) of *plan* and each session: the gaps of a job and of importing the GLB, in turns."""
    probe = Probe()
    probe.note_modal(module("ui.refine_operators").CSM_OT_refine)
    calls: dict[str, list[Gap]] = {name: [] for name in WORK}
    for name, (owner, function) in WORK.items():
        _timed(module(owner), function, calls[name])
    found: list[dict[str, list[float]]] = []
    number = 0
    for glb, sessions in plan:
        seen: dict[str, list[float]] = defaultdict(list)
        for session in sessions:
            # Who comes first changes: what one leaves behind (memory, caches) may not always fall to the same.
            turns = [("job", _job(probe, seen, session, number, calls)), ("import", _import(probe, seen, glb))]
            for side, turn in turns if number % 2 == 0 else reversed(turns):
                yield from _prepare(number if side == "job" else -1)
                probe.restart()
                quiet, _ = yield from longest_gap(probe, lambda: True, 1.0)
                longest, most_cpu_s = yield from turn
                redraw = yield from _redraw(probe)
                for name, value in (
                    ("quiet", quiet.seconds),
                    (side, longest.seconds),
                    (f"{side}_cpu", most_cpu_s),
                    (f"{side}_redraw", redraw.seconds),
                    (f"{side}_redraw_cpu", redraw.cpu_s),
                ):
                    seen[name].append(value)
            number += 1
        found.append(seen)
    return found


def _job(probe: Probe, seen: dict[str, list[float]], session: str, number: int, calls: dict[str, list[Gap]]) -> Steps:
    """A job from its start until its mesh was drawn for the first time."""
    for done in calls.values():
        done.clear()
    with override():
        bpy.ops.csm.refine("INVOKE_DEFAULT", session_code=session, target=f"Block{number}")
    probe.restart()
    longest, most_cpu_s = yield from longest_gap(probe, lambda: _is_placed(number), JOB_TIMEOUT_S)
    for name, done in calls.items():
        seen[name].append(max(call.seconds for call in done))
    seen["steps_cpu"].append(max(call.cpu_s for done in calls.values() for call in done))
    held = [call for done in calls.values() for call in done if longest.begun <= call.begun <= longest.ended]
    seen["drawing_only"].append(float(not held))
    return longest, most_cpu_s


def _import(probe: Probe, seen: dict[str, list[float]], glb: str) -> Steps:
    """The importer's operator, with the undo step that a person's click on it makes, and the first drawing."""
    probe.restart()
    with override():
        bpy.ops.import_scene.gltf(filepath=glb)
    push_undo("Import")
    seen["import_code"].append(probe.peek().seconds)
    return (yield from longest_gap(probe, lambda: True, 1.0))


def _redraw(probe: Probe) -> Steps:
    """A round in which the view of the scene as it is now is turned a little, and so drawn anew."""
    yield QUIET_S
    area = next(area for area in bpy.context.window.screen.areas if area.type == "VIEW_3D")
    view = area.spaces.active.region_3d
    view.view_rotation = view.view_rotation @ Quaternion((0.0, 0.0, 1.0), 0.01)
    probe.restart()
    yield
    return probe.step()


def _prepare(number: int) -> Steps:
    """An empty scene, with a block-out unless *number* is -1, at rest."""
    clear_meshes()
    if number >= 0:
        new_block_out(number).scale = SHEET
    push_undo("Prepared")
    yield from frames(12)
    yield QUIET_S


def _is_placed(number: int) -> bool:
    found = jobs()
    if len(found) > number and found[number].status in ("FAILED", "CANCELLED", "UNCERTAIN"):
        raise RuntimeError(f"{found[number].status}: {found[number].message} {found[number].error}")
    return len(found) > number and found[number].status == "PLACED"


def _timed(owner: Any, name: str, calls: list[Gap]) -> None:
    """Have calls of ``owner.name`` timed."""
    inner = getattr(owner, name)

    def timed(*arguments: Any) -> Any:
        call = Probe()
        try:
            return inner(*arguments)
        finally:
            calls.append(call.peek())

    setattr(owner, name, timed)
