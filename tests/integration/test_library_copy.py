# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of a result in an asset library stays after undo, which the panel says, and is deleted when asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

import csm_blender
from csm_blender.scene.commands import decisions
from csm_blender.scene.jobs.state import file_state
from csm_blender.scene.properties import state_of

SESSION = "SESSION_P_44569824122"


@pytest.fixture
def asset(tmp_path: Path, service: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file of a result that was placed and removed from the scene again."""
    for name, value in {"CSM_BASE_URL": service.url, "CSM_API_KEY": service.key, "CSM_HOME": tmp_path / "jobs"}.items():
        monkeypatch.setitem(os.environ, name, str(value))
    bpy.ops.wm.read_factory_settings()
    csm_blender.register()
    (tmp_path / "props").mkdir()
    libraries = bpy.context.preferences.filepaths.asset_libraries
    library = libraries.new(name="Props", directory=str(tmp_path / "props"))
    state = state_of(bpy.context.scene)
    state.as_asset, state.asset_library = "LIBRARY", "Props"
    assert bpy.ops.csm.refine(session_code=SESSION, target="Cube") == {"FINISHED"}
    bpy.data.objects.remove(bpy.data.objects[state.jobs[0].result])
    yield Path(recorded())
    libraries.remove(library)
    csm_blender.unregister()


def recorded() -> str | None:
    """The asset file that the store knows of."""
    job = decisions.job_of(state_of(bpy.context.scene).jobs[0].job_id)
    assert job.result is not None
    return job.result.conversion.asset_file


def test_it_is_deleted_if_asked_for_but_not_once_a_person_has_changed_it(asset: Path) -> None:
    made_at = asset.stat().st_mtime
    os.utime(asset, (made_at + 3600.0, made_at + 3600.0))
    with pytest.raises(RuntimeError, match="was changed after it was made"):
        bpy.ops.csm.delete_library_copy()
    assert asset.is_file()
    assert recorded() == str(asset)
    os.utime(asset, (made_at, made_at))
    assert bpy.ops.csm.delete_library_copy() == {"FINISHED"}
    assert not asset.exists()
    assert recorded() is None, "so that the panel does not offer it again"
    with pytest.raises(RuntimeError, match="no file in an asset library"):
        bpy.ops.csm.delete_library_copy()
    assert bpy.ops.csm.place() == {"FINISHED"}
    assert state_of(bpy.context.scene).jobs[0].result in bpy.data.objects
    assert file_state().unfinished() == []


def test_one_that_was_deleted_by_hand_is_no_error(asset: Path) -> None:
    asset.unlink()
    assert bpy.ops.csm.delete_library_copy() == {"FINISHED"}
    assert recorded() is None
