"""A session's preview in the block-out's place: look, remove, undo, refine."""

from __future__ import annotations

import sys
from pathlib import Path

import bpy
from inside import Events, Steps, area, frames, idle_until, override, region, screenshot, window

sys.path.insert(0, str(Path(__file__).parent))
from addon import corners, jobs, module, move_x, over_view, wait_for
from pictures import look_at_it, tidy_scene

PREVIEW = "Chair preview"


def datablocks() -> list[str]:
    """All that previews could leave behind."""
    kinds = ("objects", "meshes", "materials", "images", "collections", "libraries")
    return sorted(f"{kind}/{block.name}" for kind in kinds for block in getattr(bpy.data, kind))


def is_shown() -> bool:
    return PREVIEW in bpy.data.objects


def ask(events: Events) -> Steps[None]:
    """Press the button and wait for the preview."""
    yield from events.click_button("csm.preview")
    yield from idle_until(is_shown, 60, "a preview")
    yield from frames(4)


def undo(events: Events, *, shown: bool) -> Steps[None]:
    """Undo a step, after which the preview is shown or not."""
    yield from events.press("Z", ctrl=True)
    yield from idle_until(lambda: is_shown() is shown, what=f"undo, after which shown is {shown}")


def redo(events: Events, *, shown: bool) -> Steps[None]:
    """Redo a step, after which the preview is shown or not."""
    yield from events.press("Z", ctrl=True, shift=True)
    yield from idle_until(lambda: is_shown() is shown, what=f"redo, after which shown is {shown}")


def look_remove_refine(session: str) -> Steps[dict[str, object]]:
    """Preview, look, remove, undo, redo, preview again, move, refine: the preview is gone."""
    tidy_scene()
    block = bpy.data.objects["Chair"]
    events = Events()
    yield from events.open_sidebar("CSM")
    bpy.context.scene.csm.session_code = session
    yield from look_at_it()
    with override():
        bpy.ops.ed.undo_push(message="Block-out")
    before = datablocks()
    yield from events.click_button("csm.preview")
    yield from frames(3)
    seen: dict[str, object] = {"awaited": module("scene.jobs.preview_loader").order_of(block) is not None}
    yield from screenshot("preview-fetching")
    yield from idle_until(is_shown, 60, "a preview")
    view = region("WINDOW")
    yield from events.move(view.x + 300, view.y + 60)
    yield from frames(5)
    seen["same_corners"] = corners(bpy.data.objects[PREVIEW]) == corners(block)
    seen["selected"] = [obj.name for obj in bpy.context.selected_objects]
    yield from screenshot("preview-shown")
    yield from events.click_button("csm.remove_preview")
    yield from idle_until(lambda: not is_shown(), what="the preview's end")
    seen["left"] = [name for name in datablocks() if name not in before]
    yield from over_view(events)
    yield from undo(events, shown=True)
    yield from undo(events, shown=False)
    seen["left_by_undo"] = [name for name in datablocks() if name not in before]
    yield from redo(events, shown=True)
    yield from redo(events, shown=False)
    yield from ask(events)
    yield from over_view(events)
    yield from move_x(events, "1")
    block = bpy.data.objects["Chair"]
    seen["moved"] = round(block.location.x, 3)
    seen["followed"] = corners(bpy.data.objects[PREVIEW]) == corners(block)
    yield from edited(events)
    yield from events.click_button("csm.refine")
    yield from idle_until(lambda: len(jobs()) == 1, what="a job")
    seen["during_the_job"] = is_shown()
    yield from wait_for("PLACED")
    yield from frames(5)
    seen["after_the_job"] = is_shown()
    seen["refined"] = corners(bpy.data.objects[jobs()[0].result]) == corners(bpy.data.objects["Chair"])
    bpy.context.window_manager.print_undo_steps()
    yield from over_view(events)
    yield from undo(events, shown=True)
    yield from redo(events, shown=False)
    return seen


def edited(events: Events) -> Steps[None]:
    """The preview follows an edit of the mesh, in Edit Mode, and its undo."""

    def place() -> list[list[float]]:
        return corners(bpy.data.objects[PREVIEW])

    before = place()
    with override():
        bpy.ops.object.mode_set(mode="EDIT")
        bpy.ops.mesh.select_all(action="SELECT")
        bpy.ops.transform.resize(value=(1.0, 1.0, 2.0))
        bpy.ops.ed.undo_push(message="Edit")
    yield from idle_until(lambda: place() != before, what="a preview that follows the edit")
    yield from screenshot("preview-edited")
    with override():
        bpy.ops.ed.undo()
    yield from idle_until(lambda: place() == before, what="a preview that follows the undo")
    with override():
        bpy.ops.object.mode_set(mode="OBJECT")
    yield from over_view(events)


def in_the_way(session: str, slow: str, unknown: str) -> Steps[dict[str, object]]:
    """A wrong code, giving up, playback, Edit Mode, deleting the block-out, another file."""
    tidy_scene()
    with override():
        bpy.ops.ed.undo_push(message="Block-out")
    before = datablocks()
    events = Events()
    yield from events.open_sidebar("CSM")
    yield from look_at_it()
    seen: dict[str, object] = {}
    yield from told_and_given_up(events, unknown, slow, seen)
    yield from in_playback_and_edit_mode(events, session, seen)
    yield from over_view(events)
    yield from events.press("X")
    yield from events.press("RET")
    yield from idle_until(lambda: "Chair" not in bpy.data.objects, what="a deleted block-out")
    yield from idle_until(lambda: not is_shown(), 10, "the end of its preview")
    seen["left"] = [name for name in datablocks() if name not in before]
    yield from over_view(events)
    yield from undo(events, shown=True)
    seen["back_with_its_block_out"] = corners(bpy.data.objects[PREVIEW]) == corners(bpy.data.objects["Chair"])
    yield 2.0
    seen["still_there"] = is_shown()
    with override():
        bpy.ops.csm.preview("INVOKE_DEFAULT", session_code=slow)
        bpy.ops.wm.read_homefile()
    yield from frames(5)
    seen["awaited_in_the_new_file"] = len(module("scene.jobs.preview_loader").preview_orders().awaited)
    return seen


def told_and_given_up(events: Events, unknown: str, slow: str, seen: dict[str, object]) -> Steps[None]:
    """A session nobody knows, then one that takes long and is not waited for."""
    errands, block, scene = module("scene.jobs.preview_loader"), bpy.data.objects["Chair"], bpy.context.scene
    scene.csm.session_code = unknown
    yield from events.click_button("csm.preview")
    trouble = yield from idle_until(lambda: errands.trouble_of(block), 60, "a sentence")
    seen["trouble"] = f"{trouble} {trouble.hint}"
    yield from screenshot("preview-trouble")
    scene.csm.session_code = slow
    yield from events.click_button("csm.preview")
    yield from frames(3)
    seen["trouble_is_over"] = errands.trouble_of(block) is None
    seen["awaited"] = errands.order_of(block) is not None
    yield from events.click_button("csm.remove_preview")
    yield from frames(3)
    seen["given_up"] = errands.order_of(block) is None


def in_playback_and_edit_mode(events: Events, session: str, seen: dict[str, object]) -> Steps[None]:
    """The preview waits for the playback to stop, and comes while the block-out is edited."""
    errands, block = module("scene.jobs.preview_loader"), bpy.data.objects["Chair"]
    bpy.context.scene.csm.session_code = session
    yield from over_view(events)
    yield from events.press("SPACE")
    yield from idle_until(lambda: window().screen.is_animation_playing, what="playback")
    with override():
        bpy.ops.csm.preview("INVOKE_DEFAULT")
    yield from idle_until(lambda: "playback" in errands.order_of(block).waits, 60, "a reason to wait")
    yield from screenshot("preview-waits")
    seen["during_playback"] = is_shown()
    yield from over_view(events)
    yield from events.press("SPACE")
    yield from idle_until(is_shown, 20, "a preview after the playback")
    yield from over_view(events)
    with override():
        bpy.ops.view3d.localview()
    yield from events.press("TAB")
    with override():
        bpy.ops.csm.preview("INVOKE_DEFAULT")
    yield from idle_until(lambda: errands.order_of(bpy.data.objects["Chair"]) is None, 60, "a preview in Edit Mode")
    seen["mode"] = bpy.context.mode
    shown = bpy.data.objects[PREVIEW].evaluated_get(bpy.context.view_layer.depsgraph)
    seen["in_local_view"] = shown.local_view_get(area().spaces.active)
    yield from events.press("TAB")
    yield from frames(3)
    with override():
        bpy.ops.view3d.localview()
