"""The overlay: what is drawn is what is sent, live, and it is off where it should be."""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from typing import Any

import bpy
from inside import Events, Steps, area, idle_until, override, region, screenshot, window
from mathutils import Matrix

sys.path.insert(0, str(Path(__file__).parent))
from addon import begin, module, move_x, over_view, wait_for


def redraws(count: int = 4) -> Steps[None]:
    for _ in range(count):
        region("WINDOW").tag_redraw()
        yield


def entries() -> list[Any]:
    """What was drawn in the viewport the last time."""
    view = module("ui.overlay").overlay().views.get(area().spaces.active.as_pointer())
    return view.entries if view else []


def is_drawn() -> bool:
    return module("scene.blender.redraw").shows_boxes(area()) and bool(entries())


def drawn() -> dict[str, object]:
    """The last outline drawn, in the world, and the payload that would go out now."""
    sent = module("ui.planned_request").preview(bpy.context).spec.refinement
    entry = entries()[-1]
    rows = [[float(value) for value in row] for row in entry.matrix]  # a Vector would round to 32 bits

    def world(point: Any) -> list[float]:
        return [sum(row[axis] * point[axis] for axis in range(3)) + row[3] for row in rows[:3]]

    corners = [world(corner) for corner in entry.outline.corners]
    return {
        "corners": corners,
        "pivot": world(entry.outline.pivot),
        "bbox": sent.scaled_bbox,
        "point": sent.pivot_point,
    }


def drawn_is_sent() -> Steps[list[dict[str, object]]]:
    """Turned, mirrored, moved by keys, every pivot: each time the lines and the payload."""
    events = Events()
    yield from events.open_sidebar("CSM")
    scene, cube = bpy.context.scene, bpy.data.objects["Cube"]
    cube.rotation_euler, cube.scale = (0.2, 0.1, 0.7), (1.0, 0.6, 1.4)
    scene.csm.pivot = "BASE"
    yield from redraws()
    seen = []
    with override():
        seen.append(drawn())
    yield from screenshot("overlay-base")
    yield from over_view(events)
    yield from move_x(events, "1.5")
    yield from redraws()
    with override():
        seen.append(drawn())
    cube.scale = (-1.0, 0.6, 1.4)
    scene.csm.pivot, scene.csm.custom_pivot = "CUSTOM", (0.5, -0.25, -0.5)
    scene.unit_settings.scale_length = 0.01
    yield from redraws()
    with override():
        seen.append(drawn())
    scene.csm.pivot = "ORIGIN"
    yield from redraws()
    cube.data.transform(Matrix.Translation((0.3, 0.0, 0.2)))  # same size, other origin
    cube.data.update()
    yield from redraws()
    with override():
        seen.append(drawn())
    cube.csm.use_custom_box = True
    cube.csm.custom_box_max = (2.5, 1.25, 3.0)
    scene.csm.pivot = "BASE"
    yield from redraws()
    with override():
        seen.append(drawn())
    return seen


def on_and_off() -> Steps[dict[str, object]]:
    """Sidebar, tab, overlays, local view, quad view, X-ray."""
    events = Events()
    space = area().spaces.active
    seen: dict[str, object] = {}
    yield from redraws()
    seen["closed"] = is_drawn()
    yield from events.open_sidebar("CSM")
    yield from idle_until(is_drawn, what="an overlay with the tab")
    region("UI").active_panel_category = "View"
    region("UI").tag_redraw()
    yield from idle_until(lambda: not is_drawn(), what="no overlay on another tab")
    region("UI").active_panel_category = "CSM"
    region("UI").tag_redraw()
    yield from idle_until(is_drawn, what="an overlay again")
    space.overlay.show_overlays = False
    yield from idle_until(lambda: not is_drawn(), what="no overlay without overlays")
    space.overlay.show_overlays = True
    yield from idle_until(is_drawn, what="an overlay once more")
    space.shading.show_xray = True
    with override():
        bpy.ops.screen.region_quadview()
    yield from redraws()
    seen["quad"] = is_drawn()
    yield from screenshot("overlay-quad")
    with override():
        bpy.ops.screen.region_quadview()
    bpy.data.objects["Camera"].select_set(True)
    bpy.data.objects["Cube"].select_set(False)
    with override():
        bpy.ops.view3d.localview(frame_selected=False)
    yield from redraws()
    seen["other_in_local_view"] = bool(entries())
    with override():
        bpy.ops.view3d.localview(frame_selected=False)
    yield from redraws()
    seen["after_local_view"] = bool(entries())
    return seen


def fills(session: str) -> Steps[dict[str, object]]:
    """The box fills while the job runs, and is the block-out's own again when it has ended."""
    events = Events()
    yield from events.open_sidebar("CSM")
    bpy.data.objects["Cube"].scale = (1.0, 0.7, 1.5)
    yield from begin(session)
    shares: list[float] = []

    def filling() -> bool:
        shares.extend(entry.item.share for entry in entries() if entry.item.share not in (None, *shares[-1:]))
        return bool(shares) and shares[-1] > 0.4

    yield from idle_until(filling, 30, "a box that fills")
    yield from screenshot("overlay-progress")
    yield from wait_for("PLACED")
    yield from redraws(6)
    return {
        "shares": shares,
        "left": [entry.item.share for entry in entries()],
        "windows": len(window().modal_operators),
    }


def cost() -> Steps[dict[str, float]]:
    """Milliseconds of the main thread for a frame: standing still, and while the target moves."""
    overlay = module("ui.overlay")
    real, times = overlay.draw_here, []

    def timed(context: object) -> None:
        started = time.thread_time()
        real(context)
        times.append((time.thread_time() - started) * 1000.0)

    overlay.draw_here = timed
    events = Events()
    yield from events.open_sidebar("CSM")
    yield from redraws(4)

    def told() -> float:
        middle = statistics.median(times)
        times.clear()
        return middle

    told()
    yield from redraws(15)
    seen = {"still": told()}
    cube = bpy.data.objects["Cube"]

    def move() -> Steps[None]:
        for number in range(15):
            cube.location.x = number * 0.01
            yield from redraws(1)

    yield from move()
    seen["moving"] = told()
    cube.csm.use_custom_box = True
    bpy.context.scene.csm.pivot = "CUSTOM"
    group = module("ui.gizmos").CSM_GGT_handles
    prepare, handle_times = group.draw_prepare, []

    def timed_prepare(self: Any, context: Any) -> None:
        started = time.thread_time()
        prepare(self, context)
        handle_times.append((time.thread_time() - started) * 1000.0)

    group.draw_prepare = timed_prepare
    yield from redraws(15)
    seen["with handles"] = told()
    seen["handles"] = statistics.median(handle_times)
    return seen
