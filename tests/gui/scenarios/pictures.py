"""The pictures of the README: one job from the block-out to the refined mesh."""

from __future__ import annotations

import sys
from pathlib import Path

import bpy
from inside import Events, Steps, area, frames, idle_until, override, region, screenshot
from mathutils import Euler, Vector

sys.path.insert(0, str(Path(__file__).parent))
from addon import jobs, wait_for


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


def one_file(path: str, *, large: bool) -> Steps[list[str]]:
    """A studio of block-outs: a mesh file is chosen for one of them, and stands in its place."""
    if large:
        bpy.context.preferences.view.ui_scale = 1.3
    events = Events()
    chair = bpy.data.objects["Chair"]
    for obj in bpy.context.selected_objects:
        obj.select_set(False)
    chair.select_set(True)
    bpy.context.view_layer.objects.active = chair
    yield from events.open_sidebar("CSM")
    look_from_the_camera()
    bpy.context.scene.csm.source, bpy.context.scene.csm.filepath = "FILE", path
    view = region("WINDOW")
    yield from events.move(view.x + 300, view.y + 60)
    yield from frames(5)
    paths = [str((yield from screenshot("ui-file")))]
    yield from events.click_button("csm.refine")
    yield from events.move(view.x + 300, view.y + 60)
    yield from wait_for("CONVERTING", timeout=60)
    yield from idle_until(lambda: jobs()[0].progress > 0.3 or jobs()[0].status == "PLACED", 120, "progress")
    paths.append(str((yield from screenshot("ui-file-progress"))))
    yield from wait_for("PLACED", timeout=150)
    yield from frames(5)
    paths.append(str((yield from screenshot("ui-file-done"))))
    return paths


def look_from_the_camera() -> None:
    """As the scene's camera does, a little to the left: the sidebar covers the right."""
    space = area().spaces.active
    space.shading.light = "STUDIO"
    space.shading.show_cavity = True
    space.shading.color_type = "TEXTURE"
    space.overlay.show_cursor = False
    space.overlay.show_floor = False
    space.overlay.show_axis_x = space.overlay.show_axis_y = False
    space.overlay.show_extras = False
    space.clip_end = 5000.0
    view = space.region_3d
    view.view_perspective = "PERSP"
    view.view_rotation = bpy.context.scene.camera.matrix_world.to_quaternion()
    view.view_location = Vector((25.0, 20.0, 55.0))
    view.view_distance = 420.0


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
