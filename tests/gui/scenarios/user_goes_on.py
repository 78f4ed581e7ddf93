"""The artist goes on working while jobs run: keys, undo, names, copies."""

from __future__ import annotations

import sys
from pathlib import Path

import bpy
from inside import Events, Steps, frames, idle_until, override, screenshot, window

sys.path.insert(0, str(Path(__file__).parent))
from addon import begin, corners, file_state, jobs, move_x, over_view, statuses, wait_for


def two_at_once(sessions: list[str]) -> Steps[dict[str, object]]:
    """Two jobs for two objects, begun one after the other."""
    bpy.ops.mesh.primitive_cylinder_add(location=(4, 0, 0))
    bpy.context.active_object.name = "Tower"
    events = Events()
    yield from events.open_sidebar("CSM")
    yield from begin(sessions[0], "Cube")
    yield from begin(sessions[1], "Tower")
    running = [op.bl_idname for op in window().modal_operators]
    yield from idle_until(lambda: statuses().count("REFINING") == 2, 20, "two running jobs")
    yield from screenshot("two-at-once")
    yield from idle_until(lambda: statuses() == ["PLACED", "PLACED"], 60, "two placed jobs")
    yield from frames(3)
    bpy.context.window_manager.print_undo_steps()
    return {"running": len(running), "objects": sorted(bpy.data.objects.keys()), "left": len(window().modal_operators)}


def cancel(session: str) -> Steps[dict[str, object]]:
    """The Cancel button of the chosen job, by mouse; then Retry."""
    events = Events()
    yield from events.open_sidebar("CSM")
    yield from begin(session)
    yield from wait_for("REFINING", timeout=20)
    yield from events.click_button("csm.cancel")
    yield from wait_for("CANCELLED", timeout=20)
    yield from idle_until(lambda: not window().modal_operators, what="the end of the operator")
    yield from screenshot("cancelled")
    seen: dict[str, object] = {"objects": sorted(bpy.data.objects.keys()), "message": jobs()[0].message}
    yield from events.click_button("csm.retry")
    yield from wait_for("PLACED", timeout=40)
    return seen


def keys_are_the_artists(session: str) -> Steps[dict[str, object]]:
    """ESC, right click, and a grab that is given up and one that is kept."""
    events = Events()
    yield from over_view(events)
    yield from begin(session)
    yield from wait_for("REFINING", timeout=20)
    cube = bpy.data.objects["Cube"]
    yield from events.press("ESC")
    yield from events.press("G")
    yield from frames(2)
    grabbing = [op.bl_idname for op in window().modal_operators]
    yield from events.press("ESC")
    yield from frames(2)
    moved_by_esc = tuple(cube.location)
    yield from events.press("G")
    yield from events.press("X")
    yield from events.type_text("1")
    yield from events.press("RIGHTMOUSE")
    yield from frames(2)
    moved_by_right = tuple(cube.location)
    yield from move_x(events, "2")
    yield from frames(2)
    status = jobs()[0].status
    yield from wait_for("PLACED")
    return {
        "grabbing": grabbing,
        "moved": [moved_by_esc, moved_by_right, tuple(cube.location)],
        "status": status,
        "same": corners(bpy.data.objects[jobs()[0].result]) == corners(bpy.data.objects["Cube"]),
    }


def waits_for_a_grab(session: str) -> Steps[dict[str, object]]:
    """The job is done while the artist moves something: it waits for the end of that."""
    events = Events()
    yield from over_view(events)
    yield from begin(session)
    yield from wait_for("REFINING", timeout=20)
    yield from events.press("G")
    yield from wait_for("READY", timeout=40)
    yield from idle_until(lambda: file_state().wait_reasons, what="a reason")
    reason = next(iter(file_state().wait_reasons.values()))
    yield 1.0
    status = jobs()[0].status
    yield from events.press("RET")
    yield from wait_for("PLACED", timeout=10)
    return {"reason": reason, "status": status}


def undo_during(session: str) -> Steps[dict[str, object]]:
    """Undo and redo of the artist's own steps while a job runs take nothing away from it."""
    events = Events()
    yield from over_view(events)
    yield from move_x(events, "3")
    yield from frames(2)
    yield from begin(session)
    yield from wait_for("REFINING", timeout=20)
    yield from events.press("Z", ctrl=True)
    yield from frames(4)
    cube = bpy.data.objects["Cube"]
    seen: dict[str, object] = {"undone_x": cube.location.x, "jobs": statuses(), "tag": cube.csm.job_id}
    yield from events.press("Z", ctrl=True, shift=True)
    yield from frames(4)
    cube = bpy.data.objects["Cube"]
    seen |= {"redone_x": cube.location.x, "jobs_redone": statuses(), "bound": jobs()[0].target_object == cube}
    seen["job_id"] = jobs()[0].job_id
    yield from wait_for("PLACED")
    cube = bpy.data.objects["Cube"]
    seen["same"] = corners(bpy.data.objects[jobs()[0].result]) == corners(cube)
    for _ in range(2):
        yield from events.press("Z", ctrl=True)
        yield from frames(4)
    seen["after_two_undos"] = [sorted(bpy.data.objects.keys()), bpy.data.objects["Cube"].location.x, statuses()]
    with override():
        bpy.ops.csm.place("INVOKE_DEFAULT", job_id=jobs()[0].job_id)
    yield from wait_for("PLACED")
    yield from idle_until(lambda: "Cube_refined" in bpy.data.objects, what="the result again")
    return seen


def renamed_copied_deleted(session: str) -> Steps[dict[str, object]]:
    """Rename the block-out, then duplicate it, then go on: the older one is the target."""
    events = Events()
    yield from over_view(events)
    yield from begin(session)
    yield from wait_for("REFINING", timeout=20)
    bpy.data.objects["Cube"].name = "Chair block"
    yield from events.press("D", shift=True)
    yield from events.press("X")
    yield from events.type_text("5")
    yield from events.press("RET")
    yield from idle_until(lambda: "Chair block.001" in bpy.data.objects, what="a copy")
    yield from wait_for("PLACED")
    result = bpy.data.objects[jobs()[0].result]
    return {
        "target": jobs()[0].target,
        "result_at": tuple(result.location),
        "hidden": {name: obj.hide_viewport for name, obj in bpy.data.objects.items() if name.startswith("Chair")},
    }


def deleted(session: str) -> Steps[dict[str, object]]:
    """Delete the block-out with X: the result goes to the recorded place, and no orphan stays."""
    events = Events()
    cube = bpy.data.objects["Cube"]
    cube.location = (1, 2, 3)
    bpy.context.view_layer.update()
    wanted = corners(cube)
    yield from over_view(events)
    yield from begin(session)
    yield from wait_for("REFINING", timeout=20)
    yield from events.press("DEL")
    yield from idle_until(lambda: "Cube" not in bpy.context.scene.objects, what="a deleted cube")
    yield from wait_for("PLACED")
    yield from frames(3)
    cube = bpy.data.objects.get("Cube")
    return {
        "same": corners(bpy.data.objects[jobs()[0].result]) == wanted,
        "message": jobs()[0].message,
        "users": 0 if cube is None else cube.users,
    }
