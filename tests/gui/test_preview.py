"""Look before paying: the session's preview in the block-out's place."""

from __future__ import annotations

import re
from typing import Any

from harness import Blender

SESSION = "SESSION_P_44569824122"
SCENARIOS = "scenarios/preview.py"


def of_service(service: Any) -> dict[str, str]:
    return {"CSM_BASE_URL": service.url, "CSM_API_KEY": service.key}


def test_look_remove_undo_refine(blender: Blender, service: Any) -> None:
    params = {"session": SESSION}
    result = blender.run(f"{SCENARIOS}:look_remove_refine", env=of_service(service), params=params, timeout=200)
    seen = result.value
    assert seen["awaited"]
    assert seen["same_corners"]
    assert seen["selected"] == ["Chair"]
    assert seen["left"] == seen["left_by_undo"] == []
    assert (seen["moved"], seen["followed"]) == (1.0, True)
    assert (seen["during_the_job"], seen["after_the_job"], seen["refined"]) == (True, False, True)
    steps = re.findall(r"name='((?:Preview|Remove Preview|Refine) [^']*)'", result.output)
    assert steps == ["Preview Chair", "Remove Preview Chair", "Preview Chair", "Refine Chair"]
    assert sum(service.counts()["post"].values()) == 1, "the refine's, and none for looking"


def test_what_can_be_in_the_way(blender: Blender, service: Any) -> None:
    slow = "SESSION_1700000001_0000001"
    service.add_fault({"delay_s": 30.0}, path=f"{slow}/preview", times=None)
    params = {"session": SESSION, "slow": slow, "unknown": "SESSION_1_1"}
    seen = blender.run(f"{SCENARIOS}:in_the_way", env=of_service(service), params=params, timeout=200).value
    assert "no such session" in seen["trouble"]
    assert "Check the code" in seen["trouble"]
    assert seen["trouble_is_over"]
    assert (seen["awaited"], seen["given_up"]) == (True, True)
    assert seen["during_playback"] is False
    assert (seen["mode"], seen["in_local_view"]) == ("EDIT_MESH", True)
    assert seen["left"] == []
    assert seen["back_with_its_block_out"]
    assert seen["still_there"]
    assert seen["awaited_in_the_new_file"] == 0
    assert service.counts()["post"] == {}
