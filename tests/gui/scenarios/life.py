"""The add-on's own life during jobs: disabled, enabled, reloaded; its worker killed."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import addon_utils
import bpy
from inside import Steps, frames, idle_until, override

sys.path.insert(0, str(Path(__file__).parent))
from addon import PACKAGE, begin, file_state, jobs_are_updated, module, statuses, wait_for


def disabled_and_enabled(session: str) -> Steps[dict[str, object]]:
    """Off and on again in the middle of a job."""
    yield from begin(session)
    yield from wait_for("REFINING", timeout=20)
    pid = file_state().worker.pid
    addon_utils.disable(PACKAGE)
    yield from frames(3)
    seen: dict[str, object] = {"scene_has_it": hasattr(bpy.types.Scene, "csm"), "worker": is_alive(pid)}
    yield 1.0
    addon_utils.enable(PACKAGE)
    yield from idle_until(lambda: statuses() != [], what="the job")
    yield from wait_for("PLACED", timeout=60)
    return seen


def registered_twice() -> Steps[dict[str, object]]:
    """Off and on again twenty times, then scripts reloaded: nothing is there twice, and nothing is left."""
    timers = module("scene.blender.main_timer")
    holder = module("scene.blender.runtime")._holder

    def counted() -> dict[str, int]:
        lists = [
            each for each in map(bpy.app.handlers.__getattribute__, dir(bpy.app.handlers)) if isinstance(each, list)
        ]
        return {
            "classes": len([name for name in dir(bpy.types) if name.startswith("CSM_")]),
            "handlers": sum(len([f for f in each if f.__module__.startswith(PACKAGE)]) for each in lists),
            "timers": bpy.app.timers.is_registered(timers._tick),
            "runtimes": int(holder.runtime is not None),
            "status_bar": len(
                [f for f in bpy.types.STATUSBAR_HT_header._dyn_ui_initialize() if f.__module__.startswith(PACKAGE)]
            ),
        }

    yield from idle_until(lambda: not bpy.app.timers.is_registered(timers._tick), what="an idle Blender")
    at_first = counted()
    runtimes = set()
    for _ in range(20):
        module("scene.background.session_list").session_list().want()
        yield from idle_until(lambda: not bpy.app.timers.is_registered(timers._tick), what="the list")
        runtimes.add(holder.runtime)
        addon_utils.disable(PACKAGE)
        yield from frames(2)
        off = counted()
        addon_utils.enable(PACKAGE)
        yield from frames(2)
    yield from idle_until(lambda: not bpy.app.timers.is_registered(timers._tick), what="an idle Blender")
    on = counted()
    with override():
        bpy.ops.script.reload()
    yield from frames(5)
    timers = module("scene.blender.main_timer")
    holder = module("scene.blender.runtime")._holder
    yield from idle_until(lambda: not bpy.app.timers.is_registered(timers._tick), what="an idle Blender")
    icons = module("scene.background.session_list").session_list()._icons
    return {
        "at_first": at_first,
        "off": off,
        "on": on,
        "reloaded": counted(),
        "runtimes": len(runtimes),
        "emptied": all(not each._parts for each in runtimes),
        "icons": icons,
    }


def worker_killed(session: str) -> Steps[dict[str, object]]:
    """SIGKILL for the worker: the next one goes on, and nothing is sent twice."""
    yield from begin(session)
    yield from wait_for("REFINING", timeout=20)
    first = file_state().worker.pid
    os.kill(first, signal.SIGKILL)
    yield from idle_until(lambda: file_state().worker.pid not in (None, first), 20, "another worker")
    yield from wait_for("PLACED", timeout=60)
    return {"first": first}


def idle(session: str) -> Steps[dict[str, object]]:
    """Without a job there is no timer and no worker; after the last one the timer goes, too."""
    yield from frames(10)
    seen: dict[str, object] = {"before": jobs_are_updated(), "worker_before": file_state().worker.pid}
    yield from begin(session)
    seen["during"] = jobs_are_updated()
    yield from wait_for("PLACED", timeout=40)
    yield from idle_until(lambda: not jobs_are_updated(), what="the end of the updates")
    return seen


def is_alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
