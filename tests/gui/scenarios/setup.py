"""Before anything can be sent: no key, no network, a key that is refused; and every state of the panel."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
from inside import Events, Steps, area, frames, idle_until, override, region, screenshot, window

sys.path.insert(0, str(Path(__file__).parent))
from addon import begin, file_state, jobs, module, statuses, wait_for


def nothing_entered() -> Steps[list[bool]]:
    """The button can be pressed when all that is needed is there, and not before."""
    events = Events()
    yield from events.open_sidebar("CSM")
    answers = [poll_in_sidebar()]
    x, y = yield from events.find_button("csm.refine")
    yield from events.click(x, y)
    yield from frames(5)
    yield from screenshot("nothing-entered")
    pressed = statuses() != []
    bpy.context.scene.csm.session_code = "SESSION_P_44569824122"
    answers += [pressed, poll_in_sidebar()]
    bpy.context.view_layer.objects.active = None
    return [*answers, poll_in_sidebar()]


def no_key() -> Steps[dict[str, object]]:
    """The panel without a key, where a session is chosen; its button opens the preferences of the add-on."""
    events = Events()
    bpy.context.scene.csm.source = "SESSION"
    yield from events.open_sidebar("CSM")
    yield from screenshot("no-key")
    seen: dict[str, object] = {"poll": poll_in_sidebar()}
    yield from events.click_button("csm.open_preferences")
    yield from idle_until(lambda: len(bpy.context.window_manager.windows) == 2, what="the preferences")
    yield from frames(10)
    yield from screenshot("preferences")
    kinds = [a.type for w in bpy.context.window_manager.windows for a in w.screen.areas]
    seen["preferences"] = "PREFERENCES" in kinds
    return seen


def offline() -> Steps[dict[str, object]]:
    """Started with --offline-mode, against a service somewhere else, where a session is chosen all the same."""
    events = Events()
    bpy.context.scene.csm.source = "SESSION"
    yield from events.open_sidebar("CSM")
    yield from screenshot("offline-by-start")
    return {"poll": poll_in_sidebar()}


def online_switched_off(session: str, url: str) -> Steps[dict[str, object]]:
    """The preference is off; the button leads there, and a job of the local service goes on all the same."""
    module("scene.addon.preferences").preferences().base_url = url
    bpy.context.preferences.system.use_online_access = False
    events = Events()
    yield from events.open_sidebar("CSM")
    yield from begin(session)
    yield from wait_for("PLACED", timeout=40)
    module("scene.addon.preferences").preferences().base_url = "https://csm.invalid"
    seen: dict[str, object] = {"poll": poll_in_sidebar()}
    yield from screenshot("offline-by-preference")
    yield from events.click_button("csm.open_preferences")
    yield from idle_until(lambda: len(bpy.context.window_manager.windows) == 2, what="the preferences")
    seen["section"] = bpy.context.preferences.active_section
    return seen


def refused_key(session: str, good_key: str) -> Steps[dict[str, object]]:
    """A key the service refuses: the job says so, and goes on with the right one."""
    events = Events()
    preferences = module("scene.addon.preferences").preferences()
    preferences.api_key = "wrong" * 6
    yield from events.open_sidebar("CSM")
    yield from begin(session)
    yield from wait_for("FAILED", timeout=40)
    yield from screenshot("refused-key")
    seen: dict[str, object] = {"error": jobs()[0].error, "code": jobs()[0].error_code, "hint": jobs()[0].hint}
    preferences.api_key = good_key
    yield from events.click_button("csm.retry")
    yield from wait_for("PLACED", timeout=40)
    return seen


def test_the_connection() -> Steps[dict[str, object]]:
    """The button of the preferences, with the right key and with a wrong one."""
    test = module("scene.background.connection_test").connection_test()
    seen: dict[str, object] = {}
    for name, key in (("good", None), ("bad", "wrong" * 6)):
        if key:
            module("scene.addon.preferences").os.environ["CSM_API_KEY"] = key
        bpy.ops.csm.test_connection("INVOKE_DEFAULT")
        yield from idle_until(lambda: not test.is_running, 40, "an answer")
        seen[name] = [test.is_good, test.message]
    return seen


def paste(texts: list[str]) -> Steps[list[str]]:
    """The paste button takes the code out of whatever was copied."""
    events = Events()
    yield from events.open_sidebar("CSM")
    where = yield from events.find_button("csm.paste_code")
    found = []
    for text in texts:
        bpy.context.scene.csm.session_code = ""
        bpy.context.window_manager.clipboard = text
        yield from events.click(*where)
        yield from frames(3)
        found.append(bpy.context.scene.csm.session_code)
    return found


def polls(session: str) -> Steps[dict[str, object]]:
    """Every operator's poll in every editor, without jobs and with one."""
    names = [name for name in dir(bpy.ops.csm) if not name.startswith("_")]
    answers: dict[str, list[bool]] = {name: [] for name in names}
    wrong = []
    for _ in range(2):
        for kind in [item.identifier for item in bpy.types.Area.bl_rna.properties["ui_type"].enum_items] or EDITORS:
            wrong += try_polls(kind, names, answers)
            yield
        if not statuses():
            area().type  # noqa: B018 - the 3D view is back
            yield from begin(session)
            yield from wait_for("PLACED", timeout=40)
    return {"names": names, "wrong": wrong, "asked": {name: len(each) for name, each in answers.items()}}


EDITORS = [
    "VIEW_3D",
    "IMAGE_EDITOR",
    "NODE_EDITOR",
    "SEQUENCE_EDITOR",
    "CLIP_EDITOR",
    "DOPESHEET_EDITOR",
    "GRAPH_EDITOR",
    "NLA_EDITOR",
    "TEXT_EDITOR",
    "CONSOLE",
    "INFO",
    "OUTLINER",
    "PROPERTIES",
    "FILE_BROWSER",
    "SPREADSHEET",
    "PREFERENCES",
]


def try_polls(kind: str, names: list[str], answers: dict[str, list[bool]]) -> list[str]:
    """Ask all polls in one kind of editor."""
    there = next(a for a in window().screen.areas if a.type in {"DOPESHEET_EDITOR", kind})
    before, wrong = there.type, []
    try:
        there.type = kind
    except TypeError:
        return []
    for part in there.regions:
        with bpy.context.temp_override(window=window(), area=there, region=part):
            for name in names:
                answer = getattr(bpy.ops.csm, name).poll()
                answers[name].append(answer)
                if not isinstance(answer, bool):
                    wrong.append(f"{name} in {kind}: {answer!r}")
    there.type = before
    return wrong


def every_state(session: str) -> Steps[dict[str, object]]:
    """The panel drawn with a job in each state there is, by a store that is made to say so."""
    events = Events()
    yield from events.open_sidebar("CSM")
    job_id = yield from begin(session)
    yield from wait_for("PLACED", timeout=40)
    pump, states = module("scene.jobs.job_updates"), module("core.jobs.states").JobState
    errors = module("core.errors")
    drawn = []
    placed = file_state().jobs[job_id]
    for state in states:
        error = None
        if state in (states.FAILED, states.UNCERTAIN):
            kind = errors.UnknownSession if state is states.FAILED else errors.AnswerLost
            error = kind("The service knows no such session." if error else "No answer came back.").as_dict()
        message = {"REFINING": "Refining (42 %)", "UNCERTAIN": "Please decide"}.get(str(state), state.title())
        file_state().jobs[job_id] = replace(placed, state=state, progress=0.42, message=message, error=error)
        module("scene.jobs.record_sync").update_record(file_state().jobs[job_id])
        pump.redraw()
        yield from screenshot(f"state-{state.lower()}")
        drawn.append(str(state))
    file_state().jobs[job_id] = placed
    module("scene.jobs.record_sync").update_record(placed)
    return {"drawn": drawn}


def poll_in_sidebar() -> bool:
    """Whether Refine can be pressed in the sidebar."""
    with override(region_kind="UI"):
        return bool(bpy.ops.csm.refine.poll())


def drawing_costs(session: str) -> Steps[dict[str, float]]:
    """How long a draw of the panel takes with fifty jobs, printed for people."""
    events = Events()
    yield from events.open_sidebar("CSM")
    job_id = yield from begin(session)
    yield from wait_for("PLACED", timeout=40)
    job: Any = file_state().jobs[job_id]
    for number in range(49):
        module("scene.jobs.record_sync").add_record(replace(job, job_id=f"{number:032x}"), bpy.context.scene, None)
    yield from frames(5)
    started, count = time.perf_counter(), 20
    for _ in range(count):
        region().tag_redraw()
        bpy.ops.wm.redraw_timer(type="DRAW", iterations=1)
    return {"ms": (time.perf_counter() - started) / count * 1000.0}
