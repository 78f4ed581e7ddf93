"""While a job runs the artist goes on working, and nothing of that does anything to the job, or the other way round."""

from __future__ import annotations

import re
from typing import Any

import pytest
from harness import Blender, Result

FIRST, SECOND = "SESSION_P_44569824122", "SESSION_1700000001_0000001"
SCENARIOS = "scenarios/user_goes_on.py"


def run(blender: Blender, service: Any, function: str, **params: Any) -> Result:
    env = {"CSM_BASE_URL": service.url, "CSM_API_KEY": service.key}
    return blender.run(f"{SCENARIOS}:{function}", env=env, params=params or {"session": FIRST}, timeout=120)


def undo_steps(result: Result) -> list[str]:
    return re.findall(r"name='(Refine [^']*)'", result.output)


def test_two_jobs_at_once(blender: Blender, slow_service: Any) -> None:
    result = run(blender, slow_service, "two_at_once", sessions=[FIRST, SECOND])
    assert result.value["running"] == 2
    assert {"Cube_refined", "Tower_refined"} <= set(result.value["objects"])
    assert result.value["left"] == 0
    assert sorted(undo_steps(result)) == ["Refine Cube", "Refine Tower"]


def test_cancel_and_retry(blender: Blender, slow_service: Any) -> None:
    seen = run(blender, slow_service, "cancel").value
    assert "Cube_refined" not in seen["objects"]
    assert "Cancelled" in seen["message"]
    assert slow_service.counts()["refines"] == {FIRST: 1}


def test_esc_right_click_and_grab_belong_to_the_artist(blender: Blender, slow_service: Any) -> None:
    seen = run(blender, slow_service, "keys_are_the_artists").value
    assert "TRANSFORM_OT_translate" in seen["grabbing"]
    assert seen["moved"] == [[0, 0, 0], [0, 0, 0], [2, 0, 0]]
    assert seen["same"]


def test_result_waits_for_the_end_of_a_grab(blender: Blender, slow_service: Any) -> None:
    seen = run(blender, slow_service, "waits_for_a_grab").value
    assert seen["status"] == "READY"
    assert "until your current action ends" in seen["reason"]


def test_undo_and_redo(blender: Blender, slow_service: Any) -> None:
    seen = run(blender, slow_service, "undo_during").value
    assert (seen["undone_x"], seen["redone_x"]) == pytest.approx((0, 3))
    assert len(seen["jobs"]) == len(seen["jobs_redone"]) == 1
    assert seen["tag"] == seen["job_id"]
    assert seen["bound"]
    assert seen["same"]
    objects, x, statuses = seen["after_two_undos"]
    assert "Cube_refined" not in objects
    assert x == pytest.approx(0)
    assert statuses == ["PLACED"]


def test_rename_and_duplicate(blender: Blender, slow_service: Any) -> None:
    seen = run(blender, slow_service, "renamed_copied_deleted").value
    assert seen["target"] == "Chair block"
    assert seen["result_at"] == pytest.approx([0, 0, 0])
    assert seen["hidden"] == {"Chair block": True, "Chair block.001": False, "Chair block_refined": False}


def test_deleted_target(blender: Blender, slow_service: Any) -> None:
    seen = run(blender, slow_service, "deleted").value
    assert seen["same"]
    assert "deleted" in seen["message"]
    assert seen["users"] == 0
