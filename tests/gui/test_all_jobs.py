"""Jobs that belong to no file any more are found, placed and removed."""

from __future__ import annotations

from typing import Any

from harness import Blender

SESSION = "SESSION_P_44569824122"


def test_a_job_of_a_file_never_saved_is_placed_in_another(blender: Blender, service: Any) -> None:
    env = {"CSM_BASE_URL": service.url, "CSM_API_KEY": service.key}
    params = {"session": SESSION}
    scenario = "scenarios/all_jobs.py:of_a_file_never_saved"
    seen = blender.run(scenario, env=env, params=params, timeout=200).value
    assert seen == {"in_the_new_file": 0, "x": 3.0, "left": 0}
