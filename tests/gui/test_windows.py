"""A job belongs to its scene, not to the window it was begun in."""

from __future__ import annotations

import re
from typing import Any

from harness import Blender, Result

SCENARIOS = "scenarios/windows.py"


def run(blender: Blender, service: Any, function: str) -> Result:
    env = {"CSM_BASE_URL": service.url, "CSM_API_KEY": service.key}
    params = {"session": "SESSION_P_44569824122"}
    return blender.run(f"{SCENARIOS}:{function}", env=env, params=params, timeout=120)


def test_closing_the_window_that_owns_the_operator(blender: Blender, slow_service: Any) -> None:
    result = run(blender, slow_service, "close_the_owner")
    assert result.value["operators"] == [0, 1]
    assert re.findall(r"name='(Refine [^']*)'", result.output) == ["Refine Cube"]


def test_second_scene(blender: Blender, slow_service: Any) -> None:
    seen = run(blender, slow_service, "other_scene").value
    assert seen["shown"]
    assert seen["here"] == []
    assert "Cube_refined" in seen["there"]
    assert seen["in_second"] == []


def test_copied_and_deleted_scene(blender: Blender, slow_service: Any) -> None:
    seen = run(blender, slow_service, "copied_and_deleted_scene").value
    assert seen["jobs_of_copy"] == 0
