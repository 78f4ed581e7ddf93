"""Asked before the first refine of a Blender session, and before many at once."""

from __future__ import annotations

import sys
from pathlib import Path

import bpy
from inside import Events, Steps, frames, idle_until, override, screenshot

sys.path.insert(0, str(Path(__file__).parent))
from addon import PACKAGE, jobs, statuses


def first_and_many(session: str) -> Steps[dict[str, object]]:
    """Refuse, agree, go on unasked, and be asked again for four at once."""
    bpy.context.preferences.addons[PACKAGE].preferences.confirm_sending = True
    bpy.data.objects["Cube"].scale = (1.0, 0.6, 1.4)
    events = Events()
    yield from events.open_sidebar("CSM")
    bpy.context.scene.csm.session_code = session
    yield from frames(3)
    button = yield from events.find_button("csm.refine")
    yield from events.click(*button)
    yield from frames(4)
    yield from screenshot("confirm-first")
    seen: dict[str, object] = {"before": len(jobs())}
    yield from events.press("ESC")
    yield from frames(4)
    seen["refused"] = len(jobs())
    yield from events.click(*button)
    yield from frames(4)
    yield from events.press("RET")
    yield from idle_until(lambda: len(jobs()) == 1, what="a job that was agreed to")
    bpy.ops.mesh.primitive_cube_add(location=(4, 0, 0))
    with override():
        bpy.ops.csm.refine("INVOKE_DEFAULT", session_code=session, target=bpy.context.active_object.name)
    yield from frames(2)
    seen["second_unasked"] = len(jobs())
    bpy.ops.object.select_all(action="DESELECT")
    for number in range(4):
        bpy.ops.mesh.primitive_cube_add(size=1, location=(2 * number, 4, 0))
        bpy.context.active_object.csm.session_code = session
    for obj in bpy.data.objects:
        obj.select_set(obj.name.startswith("Cube.") and obj.location.y > 3)
    yield from idle_until(lambda: set(statuses()) == {"PLACED"}, 60, "placed jobs")
    with override():
        bpy.ops.csm.refine_selected("INVOKE_DEFAULT")
    yield from frames(4)
    yield from screenshot("confirm-many")
    seen["many_before"] = len(jobs())
    yield from events.press("RET")
    yield from idle_until(lambda: len(jobs()) == 6, what="four more jobs")
    yield from idle_until(lambda: set(statuses()) == {"PLACED"}, 60, "all placed")
    return seen
