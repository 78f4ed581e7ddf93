"""Sessions for many objects at once: a jobs file dropped from another program, and several codes pasted."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import bpy
from inside import Events, Steps, center, frames, idle_until, override, region, screenshot, window

sys.path.insert(0, str(Path(__file__).parent))
from addon import statuses

HERE = Path(__file__).parent
NAMES = ("Chair 2", "Chair 10", "Table")


def furnish() -> None:
    """Three block-outs beside the camera and the light of the start-up file."""
    for number, name in enumerate(NAMES):
        bpy.ops.mesh.primitive_cube_add(size=1, location=(2 * number, 0, 0))
        bpy.context.active_object.name = name
    bpy.data.objects.remove(bpy.data.objects["Cube"])
    bpy.context.scene.csm.source = "SESSION"  # also without a key, where the panel opens with files
    bpy.ops.ed.undo_push(message="Furnished")


def sessions() -> dict[str, str]:
    return {obj.name: obj.csm.session_code for obj in bpy.data.objects}


def selected() -> list[str]:
    return sorted(obj.name for obj in bpy.context.view_layer.objects if obj.select_get())


def throw(libs: str, path: str, x: int, y: int, *more: str) -> Steps[None]:
    """Have the other program drop the file, or several, here, and wait until Blender asks about it."""
    from_top = window().height - y  # X counts from above
    command = [sys.executable, str(HERE.parent / "drag_source.py"), str(x), str(from_top), path, *more]
    program = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": libs})
    status = yield from idle_until(lambda: [program.poll()] if program.poll() is not None else None, 30, "a drop")
    assert status == [0], f"the drag ended with {status}"
    yield from frames(6)


def drop(libs: str, path: str) -> Steps[dict[str, object]]:
    """Drop a jobs file from another X client, refuse, drop it again, agree, undo, and refine what is selected."""
    furnish()
    events = Events()
    yield from events.open_sidebar("CSM")
    seen: dict[str, object] = {}
    x, y = center(region("WINDOW"))
    yield from throw(libs, path, x, y)
    yield from screenshot("drop-dialog")
    yield from events.move(x, y)
    yield from events.press("ESC")
    yield from frames(4)
    seen["refused"] = [code for code in sessions().values() if code]
    yield from throw(libs, path, x, y)
    yield from events.move(x, y)
    yield from events.press("RET")
    yield from idle_until(lambda: any(sessions().values()), what="assigned sessions")
    yield from frames(4)
    seen["assigned"], seen["selected"] = sessions(), selected()
    bpy.context.window_manager.print_undo_steps()  # the test reads them
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


def paste(text: str, one: str) -> Steps[dict[str, object]]:
    """Two codes for three objects: refuse, agree; one code goes into the field as ever."""
    furnish()
    events = Events()
    yield from events.open_sidebar("CSM")
    button = yield from events.find_button("csm.paste_code")
    for name in NAMES:
        bpy.data.objects[name].select_set(True)
    seen: dict[str, object] = {}
    bpy.context.window_manager.clipboard = text
    yield from events.click(*button)
    yield from frames(6)
    yield from screenshot("paste-many")
    yield from events.press("ESC")
    yield from frames(4)
    seen["refused"] = [code for code in sessions().values() if code]
    yield from events.click(*button)
    yield from frames(6)
    yield from events.press("RET")
    yield from idle_until(lambda: any(sessions().values()), what="assigned sessions")
    seen["assigned"], seen["selected"] = sessions(), selected()
    seen["field_before"] = bpy.context.scene.csm.session_code
    bpy.context.window_manager.clipboard = one
    yield from events.click(*button)
    yield from frames(4)
    seen["field_after"] = bpy.context.scene.csm.session_code
    bpy.context.window_manager.print_undo_steps()
    return seen


def choose(path: str) -> Steps[dict[str, object]]:
    """The button opens a file browser; what is chosen there is shown before anything changes."""
    furnish()
    events = Events()
    yield from events.open_sidebar("CSM")
    yield from events.click_button("csm.import_jobs")
    yield from idle_until(lambda: len(bpy.context.window_manager.windows) == 2, what="a file browser")
    yield from frames(10)
    browser = window(1)
    space = browser.screen.areas[0].spaces.active
    space.params.directory, space.params.filename = os.fsencode(Path(path).parent), Path(path).name
    yield from frames(4)
    with bpy.context.temp_override(window=browser, area=browser.screen.areas[0]):
        bpy.ops.file.execute()
    yield from idle_until(lambda: len(bpy.context.window_manager.windows) == 1, what="the file browser to close")
    yield from frames(8)
    yield from screenshot("chosen-dialog")
    seen: dict[str, object] = {"before": [code for code in sessions().values() if code]}
    yield from events.move(*center(region("WINDOW")))
    yield from events.press("RET")
    yield from idle_until(lambda: any(sessions().values()), what="assigned sessions")
    yield from frames(4)
    seen["assigned"] = {name: code for name, code in sessions().items() if code}
    bpy.context.window_manager.print_undo_steps()
    return seen
