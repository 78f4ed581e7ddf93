"""The panel with all jobs of this computer: a job whose file was never saved, and is gone."""

from __future__ import annotations

import sys
from pathlib import Path

import bpy
from inside import Events, Steps, frames, idle_until, override, screenshot

sys.path.insert(0, str(Path(__file__).parent))
from addon import PACKAGE, begin, jobs, module, wait_for


def open_panel(events: Events) -> Steps[None]:
    panel = module("ui.all_jobs").CSM_PT_all_jobs
    bpy.utils.unregister_class(panel)
    panel.bl_options = set()  # unfolded from the start: a header cannot be found by asking what is under the mouse
    bpy.utils.register_class(panel)
    yield from events.open_sidebar("CSM")
    yield from frames(6)


def listed() -> list[str]:
    return [line.name for line in bpy.context.window_manager.csm_jobs.lines]


def of_a_file_never_saved(session: str) -> Steps[dict[str, object]]:
    """Refine, let it wait, open a new file: the job is listed there, and is placed by a click, then removed."""
    events = Events()
    bpy.context.preferences.addons[PACKAGE].preferences.place_automatically = False
    bpy.data.objects["Cube"].location.x = 3.0
    job_id = yield from begin(session)
    yield from wait_for("READY")
    with override():
        bpy.ops.wm.read_homefile(app_template="", use_factory_startup=True)
    yield from frames(6)
    seen: dict[str, object] = {"in_the_new_file": len(jobs())}
    yield from open_panel(events)
    yield from idle_until(lambda: listed() == [job_id], 20, "the job in the list")
    yield from frames(6)
    yield from screenshot("all-jobs")
    yield from events.click_button("csm.place_here")
    record = yield from wait_for("PLACED")
    yield from frames(6)
    seen["x"] = round(bpy.data.objects[record.result].matrix_world.translation.x, 3)
    yield from idle_until(
        lambda: module("scene.background.all_jobs").all_jobs().line(job_id).state == "PLACED", 20, "a placed line"
    )
    yield from frames(6)
    yield from screenshot("all-jobs-placed")
    with override():  # the buttons are far down now, and looking for one takes long
        bpy.ops.csm.remove_any(job_id=job_id)
    yield from idle_until(lambda: listed() == [], 20, "an empty list")
    yield from frames(4)
    seen["left"] = len(jobs())
    yield from screenshot("all-jobs-none")
    return seen
