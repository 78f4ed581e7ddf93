"""A job that is done while the artist is in the middle of something."""

from __future__ import annotations

import sys
from pathlib import Path

import bpy
from inside import Events, Steps, frames, idle_until, override, screenshot, window

sys.path.insert(0, str(Path(__file__).parent))
from addon import begin, file_state, jobs, jobs_are_updated, module, over_view, wait_for


def in_mode(session: str, mode: str, original: str = "HIDE") -> Steps[dict[str, object]]:
    """The block-out itself is edited, sculpted or painted when the result comes; undo and redo after that."""
    events = Events()
    bpy.context.scene.csm.original = original
    yield from over_view(events)
    yield from begin(session)
    with override():
        bpy.ops.object.mode_set(mode=mode)
        bpy.ops.ed.undo_push(message="mode")
    yield from frames(3)
    before = bpy.context.mode
    yield from wait_for("PLACED", timeout=40)
    yield from frames(4)
    seen: dict[str, object] = {"before": before, "after": bpy.context.mode, "message": jobs()[0].message}
    seen["visible"] = bpy.data.objects["Cube"].visible_get()
    yield from screenshot(f"placed-in-{mode.lower()}")
    bpy.context.window_manager.print_undo_steps()
    yield from events.press("Z", ctrl=True)
    yield from idle_until(lambda: "Cube_refined" not in bpy.data.objects, what="undo")
    yield from events.press("Z", ctrl=True, shift=True)
    yield from idle_until(lambda: "Cube_refined" in bpy.data.objects, what="redo")
    return seen


def replace_waits_for_edit_mode(session: str) -> Steps[dict[str, object]]:
    """The mesh of an object cannot be exchanged while it is edited: that waits, and then goes on by itself."""
    events = Events()
    bpy.context.scene.csm.original = "REPLACE"
    yield from over_view(events)
    yield from begin(session)
    yield from events.press("TAB")
    yield from wait_for("READY", timeout=40)
    yield from idle_until(lambda: file_state().wait_reasons, what="a reason")
    reason = next(iter(file_state().wait_reasons.values()))
    polygons = len(bpy.data.objects["Cube"].data.polygons)
    yield from events.press("TAB")
    yield from wait_for("PLACED", timeout=10)
    return {"reason": reason, "before": polygons, "after": len(bpy.data.objects["Cube"].data.polygons)}


def during_playback(session: str) -> Steps[dict[str, object]]:
    """Playback by the space key; the result comes when it stops."""
    events = Events()
    yield from over_view(events)
    yield from begin(session)
    yield from events.press("SPACE")
    yield from idle_until(lambda: window().screen.is_animation_playing, what="playback")
    yield from wait_for("READY", timeout=40)
    yield from idle_until(lambda: file_state().wait_reasons, what="a reason")
    reason = next(iter(file_state().wait_reasons.values()))
    yield from events.press("SPACE")
    yield from wait_for("PLACED", timeout=10)
    return {"reason": reason}


def during_render(session: str) -> Steps[dict[str, object]]:
    """A render by F12 with a time limit (simulated keys do not stop renders); the result comes when it is over."""
    events = Events()
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.samples = 100_000
    scene.cycles.use_adaptive_sampling = scene.cycles.use_denoising = False
    scene.cycles.time_limit = 6.0
    scene.render.resolution_percentage = 20
    bpy.context.preferences.view.render_display_type = "NONE"
    preferences = module("scene.addon.preferences").preferences()
    preferences.place_automatically = False  # until the render runs, however fast the job is
    yield from over_view(events)
    yield from begin(session)
    yield from wait_for("READY", timeout=60)
    yield from events.press("F12")
    yield from idle_until(lambda: bpy.app.is_job_running("RENDER"), 20, "a render")
    preferences.place_automatically = True
    yield from idle_until(lambda: file_state().wait_reasons, 20, "a reason")
    reason = next(iter(file_state().wait_reasons.values()))
    rendering = bpy.app.is_job_running("RENDER")
    yield from idle_until(lambda: not bpy.app.is_job_running("RENDER"), 60, "the end of the render")
    yield from wait_for("PLACED", timeout=20)
    return {"reason": reason, "rendering": rendering}


def waits_for_a_click(session: str) -> Steps[dict[str, object]]:
    """With placing by hand the result waits for its button, and nothing runs meanwhile."""
    module("scene.addon.preferences").preferences().place_automatically = False
    events = Events()
    yield from events.open_sidebar("CSM")
    yield from begin(session)
    yield from wait_for("READY", timeout=40)
    yield from idle_until(lambda: not jobs_are_updated(), what="the end of the updates")
    yield from idle_until(lambda: not window().modal_operators, what="the end of the operator")
    yield from screenshot("ready")
    objects = sorted(bpy.data.objects.keys())
    yield from events.click_button("csm.place")
    yield from wait_for("PLACED", timeout=10)
    return {"objects": objects}
