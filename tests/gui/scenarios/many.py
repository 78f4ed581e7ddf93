"""Sessions for many objects at once: a jobs file dropped from another program, and several codes pasted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import bpy
from inside import Events, Steps, center, frames, idle_until, override, region, screenshot, window

sys.path.insert(0, str(Path(__file__).parent))
from addon import statuses

NAMES = ("Chair 2", "Chair 10", "Table")


def furnish() -> None:
    """Three block-outs beside the camera and the light of the start-up file."""
    for number, name in enumerate(NAMES):
        bpy.ops.mesh.primitive_cube_add(size=1, location=(2 * number, 0, 0))
        bpy.context.active_object.name = name
    bpy.data.objects.remove(bpy.data.objects["Cube"])
    bpy.ops.ed.undo_push(message="Furnished")


def sessions() -> dict[str, str]:
    return {obj.name: obj.csm.session_code for obj in bpy.data.objects}


def selected() -> list[str]:
    return sorted(obj.name for obj in bpy.context.view_layer.objects if obj.select_get())


def drop(source: str, python: str, path: str, session: str) -> Steps[dict[str, object]]:
    """Drop a jobs file from another X client, refuse, drop it again, agree, undo, and refine what is selected."""
    furnish()
    events = Events()
    yield from events.open_sidebar("CSM")
    seen: dict[str, object] = {}
    x, y = center(region("WINDOW"))
    yield from throw(python, source, path, x, y)
    yield from screenshot("drop-dialog")
    yield from events.move(x, y)
    yield from events.press("ESC")
    yield from frames(4)
    seen["refused"] = [code for code in sessions().values() if code]
    yield from throw(python, source, path, x, y)
    yield from events.move(x, y)
    yield from events.press("RET")
    yield from idle_until(lambda: any(sessions().values()), what="assigned sessions")
    yield from frames(4)
    seen["assigned"], seen["selected"] = sessions(), selected()
    seen["undo"] = history()
    with override():
        bpy.ops.ed.undo()
    yield from frames(4)
    seen["undone"] = [code for code in sessions().values() if code]
    with override():
        bpy.ops.ed.redo()
    yield from frames(4)
    yield from events.click_button("csm.refine_selected")
    yield from frames(4)
    yield from idle_until(lambda: statuses() == ["PLACED", "PLACED"], 60, "two placed jobs")
    yield from screenshot("dropped-and-refined")
    return seen
