"""Jobs and files: save, load, new, quit, and a file that travels."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import bpy
from inside import Steps, frames, idle_until, override, window

sys.path.insert(0, str(Path(__file__).parent))
from addon import begin, corners, file_state, jobs, jobs_are_updated, module, statuses, wait_for


def save_load_come_back(session: str, path: str) -> Steps[dict[str, object]]:
    """Save with a job running, open another file, come back when the job is long done."""
    yield from begin(session)
    yield from wait_for("REFINING", timeout=20)
    bpy.ops.wm.save_as_mainfile(filepath=path)
    with override():
        bpy.ops.wm.read_homefile()
    yield from frames(3)
    seen: dict[str, object] = {
        "elsewhere": statuses(),
        "operators": len(window().modal_operators),
        "pump": jobs_are_updated(),
    }
    yield 8.0
    with override():
        bpy.ops.wm.open_mainfile(filepath=path)
    yield from wait_for("PLACED", timeout=40)
    yield from frames(3)
    result = bpy.data.objects[jobs()[0].result]
    seen["same"] = corners(result) == corners(bpy.data.objects["Cube"])
    bpy.context.window_manager.print_undo_steps()
    return seen


def new_file(session: str) -> Steps[dict[str, object]]:
    """File > New while a job of a file that was never saved runs; the job stays in the store."""
    job_id = yield from begin(session)
    yield from wait_for("REFINING", timeout=20)
    with override():
        bpy.ops.wm.read_homefile()
    yield from frames(3)
    seen: dict[str, object] = {"jobs": statuses(), "objects": sorted(bpy.data.objects.keys())}
    store = module("core.jobs.store").Store(module("scene.addon.environment").jobs_home())
    yield from idle_until(lambda: str(store.get(job_id).state) == "READY", 40, "the job that goes on")
    store.close()
    yield 0.5
    seen["later"] = sorted(bpy.data.objects.keys())
    return seen


def begin_and_quit(session: str, path: str) -> Steps[str]:
    """Begin a job, save, and end Blender."""
    job_id = yield from begin(session)
    yield from wait_for("REFINING", timeout=20)
    bpy.ops.wm.save_as_mainfile(filepath=path)
    return job_id


def begin_and_die(session: str, path: str) -> Steps[str]:
    """Begin a job, save, and let Blender be killed without a chance to tidy up."""
    yield from begin(session)
    yield from wait_for("REFINING", timeout=20)
    bpy.ops.wm.save_as_mainfile(filepath=path)
    os.kill(os.getpid(), signal.SIGKILL)
    yield 60.0


def resumed() -> Steps[dict[str, object]]:
    """The file was opened by the command line; its job goes on by itself."""
    at_first = statuses()
    yield from wait_for("PLACED", timeout=40)
    yield from frames(3)
    return {
        "at_first": at_first,
        "bound": jobs()[0].target,
        "hidden": bpy.data.objects["Cube"].hide_viewport,
        "job_id": jobs()[0].job_id,
        "trouble": str(file_state().trouble or ""),
    }


def place_unsaved(session: str, path: str) -> Steps[str]:
    """The file is saved while the job runs, and not after it was placed."""
    yield from begin(session)
    yield from wait_for("REFINING", timeout=20)
    bpy.ops.wm.save_as_mainfile(filepath=path)
    yield from wait_for("PLACED", timeout=40)
    return jobs()[0].status


def look_without_addon(path: str) -> Steps[dict[str, object]]:
    """A Blender without the add-on opens the file, changes it and saves it."""
    with override():
        bpy.ops.wm.open_mainfile(filepath=path)
    yield from frames(3)
    cube = bpy.data.objects["Cube"]
    found: dict[str, object] = {"has_addon": hasattr(bpy.types.Scene, "csm"), "cube": tuple(cube.scale)}
    bpy.ops.mesh.primitive_uv_sphere_add(location=(0, 5, 0))
    bpy.ops.wm.save_mainfile()
    return found


def waits_on_other_machine() -> Steps[dict[str, object]]:
    """Without a key the job of the file waits and says so, and can be cancelled."""
    yield from idle_until(lambda: jobs() and file_state().wait_reasons, what="a reason")
    seen: dict[str, object] = {"status": jobs()[0].status, "waits": next(iter(file_state().wait_reasons.values()))}
    with override():
        bpy.ops.csm.cancel("INVOKE_DEFAULT", job_id=jobs()[0].job_id)
    yield from wait_for("CANCELLED", timeout=5)
    return seen
