# SPDX-License-Identifier: GPL-3.0-or-later
"""Registering, unregistering and reloading leaves nothing behind, and the one timer lives as long as it is wanted."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

import csm_blender
from csm_blender.registration import CommandLine
from csm_blender.scene.addon.environment import PACKAGE
from csm_blender.scene.background.connection_test import connection_test
from csm_blender.scene.blender import main_timer as timer_module
from csm_blender.scene.blender import runtime
from csm_blender.scene.blender.main_timer import MainTimer, main_timer
from csm_blender.scene.jobs.state import FileState, file_state

TIMES = 20
NOTHING = {
    **{name: [] for name in ("handlers", "classes", "subclasses", "operators", "properties")},
    **dict.fromkeys(("catalogs", "timer"), False),
    "runtime": None,
}


class Named(runtime.Part):
    """A part that says when it is stopped."""

    stopped: list[str]

    def stop(self) -> None:
        self.stopped.append(type(self).__name__)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(os.environ, "CSM_HOME", str(tmp_path))
    runtime.stop()
    yield
    runtime.stop()


# --- registering ----------------------------------------------------------------------------------------------------
def left_behind() -> dict[str, Any]:
    """What Blender knows of the add-on."""
    handlers = bpy.app.handlers
    lists = [getattr(handlers, name) for name in dir(handlers) if isinstance(getattr(handlers, name), list)]
    return {
        "handlers": [f.__qualname__ for each in lists for f in each if f.__module__.startswith("csm_blender")],
        "classes": [name for name in dir(bpy.types) if name.startswith("CSM_")],
        "subclasses": [
            cls.__name__
            for kind in (bpy.types.Operator, bpy.types.Panel, bpy.types.UIList, bpy.types.PropertyGroup)
            for cls in kind.__subclasses__()
            if cls.__module__.startswith("csm_blender") and cls.is_registered
        ],
        "operators": [name for name in dir(bpy.ops.csm) if not name.startswith("_")],
        "properties": [
            owner.__name__
            for owner in (bpy.types.Scene, bpy.types.Object, bpy.types.WindowManager)
            if hasattr(owner, "csm")
        ],
        "catalogs": has_catalogs(),
        "timer": bpy.app.timers.is_registered(timer_module._tick),
        "runtime": runtime._holder.runtime,
    }


def has_catalogs() -> bool:
    """Whether Blender has the translations: it takes those of a module once only."""
    try:
        bpy.app.translations.register(PACKAGE, {})
    except ValueError:
        return True
    bpy.app.translations.unregister(PACKAGE)
    return False


def own_objects() -> Counter[str]:
    """How many objects of the add-on's own classes there are."""
    for _ in range(3):
        gc.collect()
    kinds = [type(each) for each in gc.get_objects()]
    return Counter(kind.__qualname__ for kind in kinds if str(kind.__module__).startswith("csm_blender"))


def live_through() -> runtime.Runtime:
    """Registered, some of it used, unregistered: what held its state."""
    csm_blender.register()
    held = runtime.runtime()
    file_state().open_store()
    bpy.ops.csm.list_sessions.poll()
    main_timer().call(lambda: 10.0)
    command = held.part(CommandLine)._command
    csm_blender.unregister()
    with pytest.raises(ValueError, match="already been removed"):
        bpy.utils.unregister_cli_command(command)
    return held


def test_nothing_is_left_of_twenty_times() -> None:
    bpy.ops.wm.read_factory_settings()
    csm_blender.register()
    there = left_behind()
    csm_blender.unregister()
    assert left_behind() == NOTHING
    live_through()
    counted = own_objects()
    for _ in range(TIMES):
        live_through()
        assert left_behind() == NOTHING
    assert own_objects() - counted == Counter()
    csm_blender.register()
    again = left_behind()
    assert again.pop("runtime") is not there.pop("runtime")
    assert again == there
    csm_blender.unregister()


def test_each_time_has_a_runtime_of_its_own() -> None:
    held = [live_through() for _ in range(TIMES)]
    assert len({id(each) for each in held}) == TIMES
    assert all(each._parts == {} for each in held)


def test_scripts_reloaded_as_blender_does_it() -> None:
    """Each time the modules are imported anew; the old ones must have let go of Blender before."""
    for _ in range(TIMES // 4):
        live_through()
        kept = {name: module for name, module in sys.modules.items() if name.startswith("csm_blender")}
        for name in kept:
            del sys.modules[name]
        try:
            fresh = importlib.import_module("csm_blender")
            fresh.register()
            assert [name for name in dir(bpy.types) if name.startswith("CSM_OT_refine")]
            fresh.unregister()
        finally:
            for name in [name for name in sys.modules if name.startswith("csm_blender")]:
                del sys.modules[name]
            sys.modules.update(kept)
        assert left_behind() == NOTHING


# --- the runtime ----------------------------------------------------------------------------------------------------
def test_a_part_is_made_when_it_is_asked_for_and_kept() -> None:
    first = runtime.part(FileState)
    assert runtime.part(FileState) is first
    runtime.runtime().forget(FileState)
    assert runtime.part(FileState) is not first


def test_parts_stop_in_reverse_order_and_one_that_fails_does_not_keep_the_others() -> None:
    stopped: list[str] = []
    first, last = (type(name, (Named,), {"stopped": stopped}) for name in ("First", "Last"))

    class Failing(runtime.Part):
        def stop(self) -> None:
            raise OSError

    for kind in (first, Failing, last):
        runtime.part(kind)
    runtime.stop()
    assert stopped == ["Last", "First"]


# --- the timer ------------------------------------------------------------------------------------------------------
def is_there() -> bool:
    return bool(bpy.app.timers.is_registered(timer_module._tick))


class Caller:
    """Counts its calls; wants the next after *again*."""

    def __init__(self, again: float | None = None) -> None:
        self.again, self.times = again, 0

    def look(self) -> float | None:
        self.times += 1
        return self.again


def test_the_timer_is_there_while_somebody_waits() -> None:
    one, other = Caller(), Caller()
    assert not is_there()
    main_timer().call(one.look)
    main_timer().call(other.look, 60.0)
    assert is_there()
    main_timer().cancel(one.look)
    assert is_there()
    assert not main_timer().waits(one.look)
    main_timer().cancel(other.look)
    assert not is_there()


def test_it_calls_those_whose_time_has_come() -> None:
    now, later, often = Caller(), Caller(), Caller(again=5.0)
    for look, after_s in ((now.look, 0.0), (later.look, 60.0), (often.look, 0.0)):
        main_timer().call(look, after_s)
    until = main_timer().tick()
    assert (now.times, later.times, often.times) == (1, 0, 1)
    assert until == pytest.approx(5.0, abs=0.5)
    assert not main_timer().waits(now.look)
    assert main_timer().waits(often.look)


def test_who_waits_already_keeps_the_time() -> None:
    one = Caller()
    main_timer().call(one.look, 60.0)
    main_timer().call(one.look, 0.0)
    main_timer().tick()
    assert one.times == 0


def test_a_function_that_raises_is_called_again_later_and_the_others_are_called_all_the_same() -> None:
    def broken() -> None:
        raise ValueError

    one = Caller()
    main_timer().call(broken)
    main_timer().call(one.look)
    assert main_timer().tick() == pytest.approx(timer_module.RETRY_S, abs=0.5)
    assert one.times == 1
    assert main_timer().waits(broken)


def test_a_call_may_cancel_and_enter_others_and_itself() -> None:
    timer, other, seen = main_timer(), Caller(), []

    def again() -> None:
        seen.append("again")
        timer.cancel(again)
        timer.call(again, 60.0)
        timer.cancel(other.look)

    timer.call(again)
    timer.call(other.look)
    assert timer.tick() == pytest.approx(60.0, abs=0.5)
    assert (seen, other.times) == (["again"], 0)


def test_the_timer_goes_with_the_runtime() -> None:
    main_timer().call(Caller(again=1.0).look)
    runtime.stop()
    assert not is_there()


def test_a_child_that_is_given_up_is_not_looked_after(service: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"CSM_BASE_URL": service.url, "CSM_API_KEY": service.key}.items():
        monkeypatch.setitem(os.environ, name, str(value))
    child = connection_test()
    child.begin()
    assert is_there()
    child.stop()
    assert not is_there()
    assert not runtime.part(MainTimer).waits(child._check)


def test_a_property_of_another_addon_with_our_name_does_not_stop_ours() -> None:
    bpy.types.Object.csm = bpy.props.StringProperty()
    csm_blender.register()
    try:
        assert hasattr(bpy.types.Scene, "csm")
        assert bpy.data.objects.new("Block", None).csm.use_custom_box is False
    finally:
        csm_blender.unregister()
