"""Files and objects as sources: from the panel to the placed mesh, without a key."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import bpy
from bpy_extras.view3d_utils import location_3d_to_region_2d
from inside import Events, Steps, area, center, frames, idle_until, override, region, screenshot

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2] / "support")]
from addon import corners, jobs, over_view, statuses, wait_for
from fit_glbs import letter
from many import throw


def refine_file(path: str, blend: str) -> Steps[dict[str, object]]:
    """Open the panel, type the path, press Refine, wait, turn the result, fit it inside, undo both, compare, save."""
    events = Events()
    cube = bpy.data.objects["Cube"]
    cube.scale = (1.0, 0.6, 1.4)
    bpy.context.scene.csm.texture_size = "512"
    bpy.context.view_layer.update()
    wanted = corners(cube)
    area().spaces.active.region_3d.view_distance = 8.0
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
    yield from events.click_button("csm.fit_again")
    yield from frames(5)
    seen["inside"] = max(result().dimensions) < 2.8 - 1e-3
    yield from screenshot("file-inside")
    bpy.context.window_manager.print_undo_steps()
    yield from over_view(events)
    yield from events.press("Z", ctrl=True)
    yield from idle_until(lambda: corners(result()) == wanted, what="undo")
    yield from events.press("Z", ctrl=True)
    yield from idle_until(lambda: points() == before, what="undo")
    seen["undone"] = {"same_corners": corners(result()) == wanted, "moved": points() != before}
    yield from events.click_button("csm.show_delivered")
    yield from idle_until(delivered, timeout=60, what="the delivered mesh")
    yield from screenshot("file-delivered")
    bpy.ops.wm.save_as_mainfile(filepath=blend)
    seen["delivered_in_file"] = [obj.name for obj in delivered()]
    return seen


def delivered() -> list[bpy.types.Object]:
    """What shows a mesh as it was delivered."""
    return [obj for obj in bpy.data.objects if obj.get("csm_preview_remark") == "DELIVERED"]


def drop_file_and_die(libs: str, path: str, blend: str) -> Steps[None]:
    """Drop the file from another program over one of two block-outs, save, and let Blender be killed meanwhile."""
    events = Events()
    bpy.ops.mesh.primitive_cube_add(size=1.0, location=(6.0, 0.0, 0.0))
    bpy.context.object.name = "Other"
    cube = bpy.data.objects["Cube"]
    points, faces = letter((-1.0, -1.0, -1.0), (1.0, 1.0, 1.0))  # of a glTF: x right, y up, z to the front
    cube.data.clear_geometry()
    cube.data.from_pydata([(z, x, y) for x, y, z in points.tolist()], [], faces.tolist())  # turned by 90 degrees
    cube.scale = (1.5, 1.5, 1.5)  # the menu of importers opens at the mouse, and its line is clicked
    bpy.context.scene.csm.triangles = 500
    bpy.context.scene.csm.texture_size = "0"
    bpy.context.view_layer.update()
    yield from events.open_sidebar("CSM")
    with override():
        x, y = seen_at(cube)
    yield from throw(libs, path, x, y)
    yield from screenshot("file-dropped")
    yield from events.move(x, y)
    yield from choose_in_menu(events)
    yield from idle_until(lambda: len(jobs()) == 1, what="a job")
    yield from wait_for("CONVERTING")
    bpy.ops.wm.save_as_mainfile(filepath=blend)
    os.kill(os.getpid(), signal.SIGKILL)
    yield 60.0


def resumed() -> Steps[dict[str, object]]:
    """The file was opened by the command line: its job goes on by itself, and the result faces as the block-out."""
    events = Events()
    cube = bpy.data.objects["Cube"]
    yield from wait_for("PLACED", timeout=90)
    yield from frames(5)
    yield from events.open_sidebar("CSM")
    yield from screenshot("file-dropped-placed")
    seen: dict[str, object] = {
        "target": jobs()[0].target,
        "fit_error": jobs()[0].fit_error,
        "hidden": cube.hide_viewport,
    }
    seen["same_corners"] = corners(result()) == corners(cube)
    there = result().matrix_world.inverted() @ cube.matrix_world
    wanted = [there @ vertex.co for vertex in cube.data.vertices]
    seen["farthest"] = max((result().closest_point_on_mesh(point)[1] - point).length for point in wanted)
    seen["detail"] = bpy.context.scene.csm.detail
    return seen


def drop_many(libs: str, folder: str, count: int, timeout: float) -> Steps[dict[str, object]]:
    """Drop all files of a folder from another program, look at the pairs, agree, and go on while they are refined."""
    events = Events()
    bpy.data.objects.remove(bpy.data.objects["Cube"])
    mesh = bpy.data.meshes.new("Block")
    mesh.from_pydata(*block())
    for number in range(count):
        obj = bpy.data.objects.new(f"Prop {number:03}", mesh.copy())
        obj.location = (number % 20 * 1.5, number // 20 * 1.5, 0.0)
        bpy.context.collection.objects.link(obj)
    bpy.context.scene.csm.source, bpy.context.scene.csm.engine = "FILE", "NONE"
    bpy.context.view_layer.update()
    yield from events.open_sidebar("CSM")
    files = sorted(map(str, Path(folder).iterdir()))
    x, y = center(region("WINDOW"))
    yield from throw(libs, files[0], x, y, *files[1:])
    yield from events.move(x, y)
    if not dialog_is_open():
        yield from choose_in_menu(events)
    yield from screenshot("files-dialog")
    seen: dict[str, object] = {"jobs_before": len(jobs())}
    yield from events.press("RET")
    yield from idle_until(lambda: len(jobs()) > 0, what="a job")
    memory, longest, turns = [], 0.0, 0
    quarters: list[tuple[float, float]] = []
    begun = last = time.monotonic()
    while time.monotonic() - begun < timeout and not (len(jobs()) >= count and set(statuses()) == {"PLACED"}):
        yield
        now = time.monotonic()
        longest, last, turns = max(longest, now - last), now, turns + 1
        if turns % 200 == 0:
            memory.append(resident_mb())
        if statuses().count("PLACED") >= count * (len(quarters) + 1) // 4:
            quarters.append((round(now - begun, 1), round(time.process_time(), 1)))
        if len(jobs()) > count // 2 and not (seen.get("pictured")):
            seen["pictured"] = bool((yield from screenshot("files-under-way")))
            last = time.monotonic()
    yield from frames(5)
    seen |= {"seconds": time.monotonic() - begun, "longest": longest, "memory": [*memory, resident_mb()]}
    seen["quarters"] = quarters
    yield from screenshot("files-placed")
    seen["statuses"] = {status: statuses().count(status) for status in set(statuses())}
    seen["pairs"] = {Path(job.source).stem: job.target for job in jobs()}
    seen["worst"] = max(job.fit_error for job in jobs())
    return seen


def block() -> tuple[list[tuple[float, ...]], list[None], list[list[int]]]:
    """Points, edges and faces of a block-out."""
    points, faces = letter()
    return [(x, -z, y) for x, y, z in points.tolist()], [], faces.tolist()


def dialog_is_open() -> bool:
    """Whether our dialog is what opened, and not Blender's menu of importers."""
    return any(op.bl_idname == "CSM_OT_refine_files" for op in bpy.context.window_manager.operators)


def resident_mb() -> int:
    """The memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024**2


def seen_at(obj: bpy.types.Object) -> tuple[int, int]:
    """Where the middle of *obj* is in the window."""
    view = region("WINDOW")
    at = location_3d_to_region_2d(view, area().spaces.active.region_3d, obj.matrix_world.translation)
    return int(view.x + at.x), int(view.y + at.y)


def choose_in_menu(events: Events) -> Steps[None]:
    """Where other add-ons import the same kind of file, Blender asks which shall: the key underlined in our line."""
    if not jobs():
        yield from events.press("R")
        yield from frames(4)


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
