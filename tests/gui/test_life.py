"""Disabling, enabling, reloading and losing the worker are clean and lose nothing."""

from __future__ import annotations

from typing import Any

from harness import Blender

SCENARIOS = "scenarios/life.py"
SESSION = "SESSION_P_44569824122"


def run(blender: Blender, service: Any, function: str) -> dict[str, Any]:
    env = {"CSM_BASE_URL": service.url, "CSM_API_KEY": service.key}
    value: dict[str, Any] = blender.run(
        f"{SCENARIOS}:{function}", env=env, params={"session": SESSION}, timeout=120
    ).value
    return value


def test_disabled_and_enabled_during_a_job(blender: Blender, slow_service: Any) -> None:
    assert run(blender, slow_service, "disabled_and_enabled") == {"scene_has_it": False, "worker": False}
    assert sum_of(slow_service.counts()["refines"]) == 1


def test_registering_leaves_nothing_twice(blender: Blender) -> None:
    seen = blender.run(f"{SCENARIOS}:registered_twice").value
    assert seen["at_first"] == seen["on"] == seen["reloaded"]
    assert seen["off"] == {"classes": 0, "handlers": 0, "timers": False, "runtimes": 0, "status_bar": 0}
    assert (seen["runtimes"], seen["emptied"], seen["icons"]) == (20, True, None)


def test_killed_worker(blender: Blender, slow_service: Any) -> None:
    run(blender, slow_service, "worker_killed")
    assert sum_of(slow_service.counts()["refines"]) == 1


def test_timer_only_while_there_is_something_to_watch(blender: Blender, service: Any) -> None:
    assert run(blender, service, "idle") == {"before": False, "worker_before": None, "during": True}


def sum_of(counts: Any) -> int:
    return sum(counts.values())
