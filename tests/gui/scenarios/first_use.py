"""What someone sees who has just installed the add-on and has read nothing."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import bpy
from inside import Events, Steps, area, center, frames, idle_until, override, region, screenshot

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2] / "support")]
from addon import corners, jobs, over_view, wait_for
from many import throw


def from_the_zip_to_a_placed_mesh(archive: str, libs: str, files: list[str]) -> Steps[dict[str, object]]:
    """Install in the window, see the panel open, close it, find it again by the search, err once, refine a file."""
    events = Events()
    cube = bpy.data.objects["Cube"]
    cube.scale, cube.rotation_euler = (1.0, 0.6, 1.4), (0.0, 0.0, 0.5)
    bpy.context.view_layer.update()
    begun = time.monotonic()
    with override():
        bpy.ops.extensions.package_install_files(filepath=archive, repo="user_default", enable_on_install=True)
    yield from idle_until(is_open, what="the panel, by itself")
    seen: dict[str, object] = {"installing_s": round(time.monotonic() - begun, 1)}
    yield from frames(12)
    yield from screenshot("first-sight")
    yield from over_view(events)
    yield from events.press("N")
    yield from idle_until(lambda: not area().spaces.active.show_region_ui, what="a closed sidebar")
    region("UI").active_panel_category = "View"
    yield from events.press("F3")
    yield from frames(6)
    yield from events.type_text("csm")
    yield from frames(6)
    yield from screenshot("found-by-search")
    yield from events.press("RET")
    yield from idle_until(is_open, what="the panel, from the search")
    yield from frames(12)
    x, y = center(region("WINDOW"))
    yield from throw(libs, files[0], x, y, *files[1:])
    yield from events.move(x, y)
    yield from events.press("R")  # where Blender asks who takes the files: the key underlined in our line
    yield from frames(6)
    yield from screenshot("files-that-fit-nothing")
    yield from events.press("ESC")
    seen["jobs_of_the_error"] = len(jobs())
    yield from frames(12)
    begun, wanted = time.monotonic(), corners(cube)
    yield from events.fill_in(".csm.filepath", files[0])
    yield from frames(3)
    yield from events.click_button("csm.refine")
    yield from wait_for("PLACED", timeout=90)
    seen["refining_s"] = round(time.monotonic() - begun, 1)
    yield from frames(12)
    yield from screenshot("first-placed")
    seen["same_corners"] = corners(bpy.data.objects[jobs()[0].result]) == wanted
    yield from events.find_button("csm.refine_again")
    return seen


def is_open() -> bool:
    """Whether the sidebar of the 3D view shows the panel."""
    space = area().spaces.active
    return bool(space.show_region_ui) and region("UI").active_panel_category == "CSM"
