"""The pictures of the README: one job from the block-out to the refined mesh."""

from __future__ import annotations

import sys
from pathlib import Path

import bpy
from inside import Events, Steps, area, frames, override, region, screenshot
from mathutils import Euler, Vector

sys.path.insert(0, str(Path(__file__).parent))
from addon import wait_for


def one_job(session: str) -> Steps[list[str]]:
    """Panel, job, result; each picture shows the same view."""
    tidy_scene()
    events = Events()
    yield from events.open_sidebar("CSM")
    bpy.context.scene.csm.session_code = session
    yield from look_at_it()
    paths = [str((yield from screenshot("ui-panel")))]
    yield from events.click_button("csm.refine")
    view = region("WINDOW")
    yield from events.move(view.x + 300, view.y + 60)
    yield from wait_for("PLACED", timeout=60)
    yield from frames(5)
    paths.append(str((yield from screenshot("ui-done"))))
    return paths


def tidy_scene() -> None:
    """A block-out of a chair, and nothing else."""
    for name in ("Camera", "Light"):
        bpy.data.objects.remove(bpy.data.objects[name])
    block = bpy.data.objects["Cube"]
    block.name = "Chair"
    for vertex in block.data.vertices:
        vertex.co = (vertex.co.x * 0.5, vertex.co.y * 0.5, vertex.co.z * 0.5 + 0.5)
    block.scale = (0.5, 0.55, 0.95)
    block.rotation_euler = Euler((0.0, 0.0, 0.6))
    for screen_area in bpy.context.window.screen.areas if bpy.context.window else ():
        screen_area.tag_redraw()


def look_at_it() -> Steps[None]:
    """Near, from the front, with soft light."""
    space = area().spaces.active
    space.shading.light = "MATCAP"
    space.shading.show_cavity = True
    space.shading.color_type = "TEXTURE"
    space.overlay.show_cursor = False
    view = space.region_3d
    view.view_rotation = Euler((1.2, 0.0, 0.35)).to_quaternion()
    view.view_location = Vector((0.2, 0.0, 0.45))
    view.view_distance = 3.0
    with override():
        bpy.context.view_layer.update()
    yield from frames(5)
