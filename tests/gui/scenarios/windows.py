"""More than one window, more than one scene."""

from __future__ import annotations

import sys
from pathlib import Path

import bpy
from inside import Steps, frames, idle_until, override, window

sys.path.insert(0, str(Path(__file__).parent))
from addon import begin, statuses, wait_for


def close_the_owner(session: str) -> Steps[dict[str, object]]:
    """The job is begun in a second window, which is then closed."""
    with override():
        bpy.ops.wm.window_new_main()
    yield from idle_until(lambda: len(bpy.context.window_manager.windows) == 2, what="a second window")
    yield from frames(5)
    with override(index=1):
        bpy.ops.csm.refine("INVOKE_DEFAULT", session_code=session, target="Cube")
    seen: dict[str, object] = {"operators": [len(window(0).modal_operators), len(window(1).modal_operators)]}
    yield from wait_for("REFINING", timeout=20)
    with bpy.context.temp_override(window=window(1)):
        bpy.ops.wm.window_close()
    yield from idle_until(lambda: len(bpy.context.window_manager.windows) == 1, what="one window")
    yield from wait_for("PLACED", timeout=40)
    yield from frames(3)
    bpy.context.window_manager.print_undo_steps()
    return seen


def other_scene(session: str) -> Steps[dict[str, object]]:
    """The artist goes to another scene, in the same window: the result still goes where the job belongs."""
    first = bpy.context.scene.name
    yield from begin(session)
    yield from wait_for("REFINING", timeout=20)
    with override():
        bpy.ops.scene.new(type="EMPTY")
    yield from frames(3)
    second = bpy.context.scene.name
    yield from idle_until(lambda: statuses() == [], what="a list without the other scene's job")
    home = bpy.data.scenes[first]
    yield from idle_until(lambda: home.csm.jobs[0].status == "PLACED", 40, "a placed job in the other scene")
    yield from frames(3)
    return {
        "shown": bpy.context.scene.name == second,
        "here": statuses(),
        "there": sorted(bpy.data.scenes[first].objects.keys()),
        "in_second": sorted(bpy.data.scenes[second].objects.keys()),
    }


def copied_and_deleted_scene(session: str) -> Steps[dict[str, object]]:
    """A full copy of the scene has no jobs of its own; the deleted scene's job waits, and undo brings it back."""
    first = bpy.context.scene.name
    yield from begin(session)
    yield from wait_for("REFINING", timeout=20)
    with override():
        bpy.ops.scene.new(type="FULL_COPY")
    yield from frames(3)
    with override():
        bpy.ops.ed.undo_push(message="copied")
    copy = bpy.context.scene.name
    with override():
        bpy.context.window.scene = bpy.data.scenes[first]
        bpy.ops.scene.delete()
        bpy.ops.ed.undo_push(message="deleted")
    yield from frames(3)
    state = sys.modules["bl_ext.user_default.csm_blender.scene.jobs.state"].file_state()
    yield from idle_until(
        lambda: any("scene is missing" in text for text in state.wait_reasons.values()), 40, "a reason"
    )
    with override():
        bpy.ops.ed.undo()
    yield from frames(3)
    bpy.context.window_manager.windows[0].scene = bpy.data.scenes[first]
    yield from wait_for("PLACED", timeout=20)
    return {"copy": sorted(bpy.data.scenes[copy].objects.keys()), "jobs_of_copy": len(bpy.data.scenes[copy].csm.jobs)}
