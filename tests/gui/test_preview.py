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
    result = blender.run(f"{SCENARIOS}:look_remove_refine", env=of_service(service), params=params, timeout=150)
    seen = result.value
    assert seen["while_fetching"] == "Fetching the preview…"
    assert seen["same_corners"]
    assert seen["selected"] == ["Chair"]
    assert seen["left"] == seen["left_by_undo"] == []
    assert (seen["moved"], seen["followed"]) == (1.0, True)
    assert (seen["during_the_job"], seen["after_the_job"], seen["refined"]) == (True, False, True)
    steps = re.findall(r"name='((?:Preview|Remove Preview|Refine) [^']*)'", result.output)
    assert steps == ["Preview Chair", "Remove Preview Chair", "Preview Chair", "Refine Chair"]
    assert sum(service.counts()["post"].values()) == 1, "the refine's, and none for looking"
