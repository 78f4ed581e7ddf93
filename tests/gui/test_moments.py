"""When a result is placed, and when it waits."""

from __future__ import annotations

import re
from typing import Any

import pytest
from harness import Blender, Result

SCENARIOS = "scenarios/moments.py"
SESSION = "SESSION_P_44569824122"


def run(blender: Blender, service: Any, function: str, **params: Any) -> Result:
    env = {"CSM_BASE_URL": service.url, "CSM_API_KEY": service.key}
    return blender.run(f"{SCENARIOS}:{function}", env=env, params={"session": SESSION, **params}, timeout=150)


@pytest.mark.parametrize(
    ("mode", "context"), [("EDIT", "EDIT_MESH"), ("SCULPT", "SCULPT"), ("VERTEX_PAINT", "PAINT_VERTEX")]
)
def test_placed_without_leaving_the_mode(blender: Blender, service: Any, mode: str, context: str) -> None:
    result = run(blender, service, "in_mode", mode=mode)
    seen = result.value
    assert seen["before"] == seen["after"] == context
    assert seen["visible"]
    assert "you are editing it" in seen["message"]
    assert re.findall(r"name='(Refine [^']*)'", result.output) == ["Refine Cube"]


def test_replace_waits_for_the_end_of_edit_mode(blender: Blender, service: Any) -> None:
    seen = run(blender, service, "replace_waits_for_edit_mode").value
    assert "leave Edit Mode of Cube" in seen["reason"]
    assert seen["after"] > seen["before"]


def test_playback(blender: Blender, service: Any) -> None:
    assert "playback" in run(blender, service, "during_playback").value["reason"]


def test_render(blender: Blender, service: Any) -> None:
    seen = run(blender, service, "during_render").value
    assert seen["rendering"]
    assert "render" in seen["reason"]


def test_placing_by_hand(blender: Blender, service: Any) -> None:
    assert "Cube_refined" not in run(blender, service, "waits_for_a_click").value["objects"]
