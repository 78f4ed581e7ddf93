"""Scenarios that try the harness, not the extension."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import bpy
import numpy as np
from inside import Events, Steps, area, center, frames, idle_until, override, region, screenshot, window


def by_hand() -> Steps[dict[str, object]]:
    """Everything a scenario can do with its hands, on the start-up cube."""
    events = Events()
    cube = bpy.data.objects["Cube"]
    assert not area().spaces.active.show_region_ui
    yield from events.open_sidebar("Item")

    # A field is found by its property and filled in by typing.
    yield from events.fill_in(".location[2]", "1.25")
    yield from idle_until(lambda: abs(cube.location.z - 1.25) < 1e-6, what="the typed number in the object")

    # Ctrl-Z over the view undoes that. Python's reference to the object does not survive it.
    yield from events.move(*center(region("WINDOW")))
    yield from events.press("Z", ctrl=True)
    yield from idle_until(lambda: bpy.data.objects["Cube"].location.z == 0, what="undo")

    # A button is found by its operator, in a header too: the timeline's "jump to start".
    bpy.context.scene.frame_current = 50
    yield from events.click_button("screen.frame_jump", "HEADER", "DOPESHEET_EDITOR")
    yield from idle_until(lambda: bpy.context.scene.frame_current == 1, what="the first frame")

    # A real click in the view on nothing takes the selection away.
    view = region("WINDOW")
    yield from events.click(view.x + 120, view.y + 60)
    yield from idle_until(lambda: not bpy.context.view_layer.objects.selected, what="an empty selection")

    path = yield from screenshot("harness")
    return {"picture": str(path), "brightness": brightness(path)}


def brightness(path: Path) -> float:
    """Mean of all channels of a picture: 0 where the screen was black."""
    image = bpy.data.images.load(str(path))
    pixels = np.empty(len(image.pixels), np.float32)
    image.pixels.foreach_get(pixels)
    bpy.data.images.remove(image)
    return float(pixels.mean())


def load_a_file(path: str) -> Steps[str]:
    """The scenario goes on in the file it loads."""
    bpy.data.objects["Cube"].name = "Saved"
    bpy.ops.wm.save_as_mainfile(filepath=path)
    with override():
        bpy.ops.wm.read_homefile()
    yield from frames(3)
    assert "Saved" not in bpy.data.objects
    with override():
        bpy.ops.wm.open_mainfile(filepath=path)
    yield from idle_until(lambda: "Saved" in bpy.data.objects, what="the file")
    events = Events()
    yield from events.press("A", alt=True)
    yield from idle_until(lambda: not bpy.context.view_layer.objects.selected, what="an empty selection")
    return str(bpy.data.filepath)


def two_windows() -> Steps[int]:
    """Both windows take events, and the second can be closed."""
    with override():
        bpy.ops.wm.window_new_main()
    yield from idle_until(lambda: len(bpy.context.window_manager.windows) == 2, what="a second window")
    yield from frames(3)
    yield from Events(1).press("A", alt=True)
    yield from idle_until(lambda: not bpy.context.view_layer.objects.selected, what="an empty selection")
    with bpy.context.temp_override(window=window(1)):
        bpy.ops.wm.window_close()
    yield from idle_until(lambda: len(bpy.context.window_manager.windows) == 1, what="one window")
    yield from Events(0).press("A")
    yield from idle_until(lambda: bpy.context.view_layer.objects.selected, what="a selection")
    return len(bpy.context.window_manager.windows)


def raises() -> Steps[None]:
    """A scenario that fails."""
    yield
    raise ValueError("as intended")


def never_ends() -> Steps[None]:
    """A scenario that waits for what does not come."""
    while True:
        yield


def prints_a_traceback() -> Steps[None]:
    """A scenario that goes well while something else in Blender fails."""

    def broken() -> None:
        raise RuntimeError("in a timer")

    bpy.app.timers.register(broken)
    yield from frames(5)


def leaves_a_process() -> Steps[None]:
    """A scenario that leaves a child of a session of its own behind."""
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], start_new_session=True)
    yield


def kills_blender() -> Steps[None]:
    """What an artist's crash looks like from outside."""
    yield
    os.kill(os.getpid(), signal.SIGKILL)
