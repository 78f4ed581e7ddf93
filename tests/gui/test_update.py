# SPDX-License-Identifier: GPL-3.0-or-later
"""An update in a window while a job of 1.0.0 is under way. By commands: tests/package/test_update.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from data_of_1_0_0 import RELEASED_ZIP
from extension_repository import REPOSITORY, FreshBlender, publish, served
from harness import Blender

from csm_blender.core.version import VERSION

SESSION = "SESSION_P_44569824122"


def test_updated_in_the_window_a_job_of_1_0_0_goes_on_and_is_placed(
    bare_blender: Blender, tmp_path: Path, extension_zip: Path, slow_service: Any
) -> None:
    folder = tmp_path / "repository"
    publish(folder, RELEASED_ZIP)
    fresh = FreshBlender(bare_blender.binary, bare_blender.directory)
    env = {"CSM_BASE_URL": slow_service.url, "CSM_API_KEY": slow_service.key, "CSM_HOME": ""}
    with served(folder) as address:
        fresh.take_from(address)
        params = {"session": SESSION, "repository": REPOSITORY, "new": str(extension_zip), "version": VERSION}
        publish(folder, extension_zip)
        seen = bare_blender.run("scenarios/update.py:updated", env=env, params=params, timeout=150).value
    assert seen["versions"] == ["1.0.0", VERSION]
    assert seen["states"] == ["REFINING", "PLACED"]
    assert seen["preferences_kept"]
    assert seen["fit_error"] <= 1e-5
    assert slow_service.counts()["post"] == {SESSION: 1}
