"""The main job as an artist does it: panel, typing, one click, and the refined mesh stands there."""

from __future__ import annotations

import re
from typing import Any

from harness import Blender

SESSION = "SESSION_P_44569824122"


def of_service(service: Any) -> dict[str, str]:
    return {"CSM_BASE_URL": service.url, "CSM_API_KEY": service.key}


def test_by_mouse_and_keyboard(blender: Blender, service: Any) -> None:
    result = blender.run("scenarios/main_job.py:by_mouse", env=of_service(service), params={"session": SESSION})
    seen = result.value
    assert seen["running"] == ["CSM_OT_refine"]
    assert seen["same_corners"]
    assert seen["fit_error"] < 1e-5
    assert seen["hidden"] is True
    assert re.findall(r"name='(Refine [^']*)'", result.output) == ["Refine Cube"]
    assert seen["after_undo"]["hidden"] is False
    assert seen["after_redo"] == "PLACED"
    assert service.counts()["post"] == {SESSION: 1}
