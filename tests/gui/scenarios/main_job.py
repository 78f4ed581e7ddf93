"""The whole main job, by mouse and keyboard."""

from __future__ import annotations

import sys
from pathlib import Path

import bpy
from inside import Events, Steps, frames, idle_until, screenshot

sys.path.insert(0, str(Path(__file__).parent))
from addon import corners, jobs, over_view, wait_for


def by_mouse(session: str) -> Steps[dict[str, object]]:
    """Open the panel, type the code, press Refine, wait, undo, redo."""
    events = Events()
    cube = bpy.data.objects["Cube"]
    cube.scale = (1.0, 0.6, 1.4)
    bpy.context.view_layer.update()
    wanted = corners(cube)
    yield from events.open_sidebar("CSM")
    yield from events.fill_in(".csm.session_code", session)
    yield from frames(3)
    yield from screenshot("main-ready-to-refine")
    yield from events.click_button("csm.refine")
    yield from idle_until(lambda: len(jobs()) == 1, what="a job")
    running = [op.bl_idname for op in bpy.context.window_manager.windows[0].modal_operators]
    yield from wait_for("PLACED")
    yield from frames(5)
    result = bpy.data.objects[jobs()[0].result]
    found = corners(result)
    seen: dict[str, object] = {
        "running": running,
        "result": result.name,
        "fit_error": jobs()[0].fit_error,
        "same_corners": found == wanted,
        "hidden": bpy.data.objects["Cube"].hide_viewport,
    }
    yield from screenshot("main-placed")
    bpy.context.window_manager.print_undo_steps()
    yield from over_view(events)
    yield from events.press("Z", ctrl=True)
    yield from idle_until(lambda: "Cube_refined" not in bpy.data.objects, what="undo")
    yield from frames(3)
    seen["after_undo"] = {
        "hidden": bpy.data.objects["Cube"].hide_viewport,
        "status": jobs()[0].status,
        "objects": sorted(bpy.data.objects.keys()),
    }
    yield from screenshot("main-undone")
    yield from events.press("Z", ctrl=True, shift=True)
    yield from idle_until(lambda: "Cube_refined" in bpy.data.objects, what="redo")
    seen["after_redo"] = jobs()[0].status
    return seen
