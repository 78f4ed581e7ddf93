"""Nothing that may cost goes out before a person agreed to it."""

from __future__ import annotations

from typing import Any

from harness import Blender

SESSION = "SESSION_P_44569824122"


def test_asked_before_the_first_and_before_many(blender: Blender, service: Any) -> None:
    env = {"CSM_BASE_URL": service.url, "CSM_API_KEY": service.key}
    seen = blender.run("scenarios/confirm.py:first_and_many", env=env, params={"session": SESSION}, timeout=150).value
    assert seen == {"before": 0, "refused": 0, "second_unasked": 2, "many_before": 2}
