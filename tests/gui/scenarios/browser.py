"""The session browser by mouse and keyboard."""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from typing import Any

import bpy
from inside import Events, Steps, frames, idle_until, region, screenshot

sys.path.insert(0, str(Path(__file__).parent))
from addon import module

FIRST_LINE = 32  # pixels from the search field down to the first line of the list


def lines() -> list[str]:
    return [line.code for line in bpy.context.window_manager.csm.sessions]


def open_browser(events: Events) -> Steps[None]:
    panel = module("ui.session_browser").CSM_PT_sessions
    bpy.utils.unregister_class(panel)
    panel.bl_options = set()  # unfolded from the start: a header cannot be found by asking what is under the mouse
    bpy.utils.register_class(panel)
    yield from events.open_sidebar("CSM")
    yield from frames(6)


def browse() -> Steps[dict[str, object]]:
    """List, look, choose, search, assign, preview."""
    events = Events()
    yield from open_browser(events)
    yield from events.click_button("csm.list_sessions")
    yield from idle_until(lambda: len(lines()) == 8, 60, "eight sessions")
    yield from pictures_fetched()
    yield 1.0  # icons are drawn by a job of Blender's own
    seen: dict[str, object] = {"codes": lines(), "code_before": bpy.context.scene.csm.session_code}
    x, y = yield from events.find_button(".csm.search")
    yield from events.click(x, y)
    yield from events.type_text("chair")
    yield from events.press("RET")
    yield from frames(3)
    seen["found"] = [line.name for line in bpy.context.window_manager.csm.sessions]
    yield from events.click(x, y - FIRST_LINE)
    yield from frames(3)
    seen["code_after"] = bpy.context.scene.csm.session_code
    seen["first_found"] = lines()[:1]
    yield from events.click_button("csm.assign_session")
    yield from frames(3)
    seen["assigned"] = bpy.data.objects["Cube"].csm.session_code
    bpy.context.window_manager.csm.search = ""
    yield from frames(4)
    yield 0.5
    yield from screenshot("browser")
    yield from events.click_button('csm.preview(session_code="')
    yield from idle_until(lambda: "Cube preview" in bpy.data.objects, 60, "a preview")
    yield from frames(4)
    yield from screenshot("browser-preview")
    seen["previewed"] = bpy.data.objects["Cube preview"]["csm_preview"]
    return seen


def pictures_fetched() -> Steps[None]:
    """Until then nothing else can be listed."""
    running = module("scene.background.session_list").session_list
    yield from idle_until(lambda: not running().is_running, 120, "the pictures")


def load_more() -> Steps[dict[str, object]]:
    """The newest sessions, then the next page behind them."""
    events = Events()
    yield from open_browser(events)
    yield from events.click_button("csm.list_sessions")
    yield from idle_until(lambda: len(lines()) == catalogue().pages * 50 > 0, 60, "the first page")
    first = lines()
    yield from pictures_fetched()
    yield from events.click_button("csm.list_sessions(which='MORE'")
    yield from idle_until(lambda: catalogue().pages == 2 and len(lines()) > len(first), 60, "the second page")
    return {"first": first, "all": lines(), "has_more": catalogue().has_more}


def offline() -> Steps[dict[str, object]]:
    """What was listed before is there without the service, with its age."""
    events = Events()
    yield from open_browser(events)
    yield from idle_until(lambda: len(lines()) == 8, 20, "the sessions of last time")
    yield from screenshot("browser-offline")
    return {
        "codes": lines(),
        "icons": [module("scene.background.session_list").session_list().icon(e.picture) > 0 for e in entries()],
    }


def entries() -> list[object]:
    return list(catalogue().entries)


def catalogue() -> Any:
    return module("scene.background.session_list").session_list().catalog


def five_thousand() -> Steps[dict[str, float]]:
    """Milliseconds to draw the panel, and to fill it, with five thousand sessions."""
    events = Events()
    browser = module("ui.session_browser")
    real, times = browser.CSM_PT_sessions.draw, []

    def timed(self: object, context: object) -> None:
        started = time.thread_time()
        real(self, context)
        times.append((time.thread_time() - started) * 1000.0)

    browser.CSM_PT_sessions.draw = timed
    yield from open_browser(events)
    yield from idle_until(lambda: len(lines()) == 5000, 20, "five thousand sessions")
    times.clear()
    for _ in range(12):
        region("UI").tag_redraw()
        yield
    yield from screenshot("browser-5000")
    started = time.thread_time()
    browser.fill()
    return {"draw": statistics.median(times), "fill": (time.thread_time() - started) * 1000.0}
