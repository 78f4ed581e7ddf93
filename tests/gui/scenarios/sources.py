"""Files and objects as sources: from the panel to the placed mesh, without a key."""

from __future__ import annotations

import sys
from pathlib import Path

import bpy
from inside import Events, Steps, frames, idle_until, override, screenshot

sys.path.insert(0, str(Path(__file__).parent))
from addon import corners, jobs, over_view, wait_for


def refine_file(path: str) -> Steps[dict[str, object]]:
    """Open the panel, type the path, press Refine, wait, turn the result, undo that."""
    events = Events()
    cube = bpy.data.objects["Cube"]
    cube.scale = (1.0, 0.6, 1.4)
    bpy.context.view_layer.update()
    wanted = corners(cube)
    yield from events.open_sidebar("CSM")
    yield from screenshot("file-first-sight")
    seen: dict[str, object] = {"source_at_start": bpy.context.scene.csm.source}
    could_refine = [may_refine()]
    yield from events.fill_in(".csm.filepath", path)
    yield from frames(3)
    seen["could_refine"] = [*could_refine, may_refine()]
    yield from screenshot("file-ready-to-refine")
    yield from events.click_button("csm.refine")
    yield from idle_until(lambda: len(jobs()) == 1, what="a job")
    seen["running"] = [op.bl_idname for op in bpy.context.window_manager.windows[0].modal_operators]
    yield from wait_for("PLACED", timeout=90)
    yield from frames(5)
    seen["fit_error"] = jobs()[0].fit_error
    seen["same_corners"] = corners(bpy.data.objects[jobs()[0].result]) == wanted
    before = points()
    yield from screenshot("file-placed")
    yield from events.click_button("csm.turn")
    yield from frames(5)
    seen["turned"] = {"same_corners": corners(result()) == wanted, "moved": points() != before}
    yield from screenshot("file-turned")
    bpy.context.window_manager.print_undo_steps()
    yield from over_view(events)
    yield from events.press("Z", ctrl=True)
    yield from idle_until(lambda: points() == before, what="undo")
    seen["undone"] = {"same_corners": corners(result()) == wanted, "moved": points() != before}
    return seen


def result() -> bpy.types.Object:
    """The result of the first job."""
    return bpy.data.objects[jobs()[0].result]


def points() -> list[tuple[float, ...]]:
    """The vertices of the result, as they are stored."""
    mesh = result().data
    return [tuple(round(value, 5) for value in vertex.co) for vertex in mesh.vertices]


def may_refine() -> bool:
    """Whether Refine can be pressed in the sidebar."""
    with override(region_kind="UI"):
        return bool(bpy.ops.csm.refine.poll())
