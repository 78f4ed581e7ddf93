"""Results that become assets."""

from __future__ import annotations

from typing import Any

from harness import Blender

from csm_blender.core.files.asset_catalog import CATALOG_ID, FILE_NAME

SCENARIOS = "scenarios/assets.py"
SESSION = "SESSION_P_44569824122"


def test_in_the_file_with_one_undo_for_both(blender: Blender, service: Any) -> None:
    env = {"CSM_BASE_URL": service.url, "CSM_API_KEY": service.key}
    path = blender.directory / "scene.blend"
    params = {"session": SESSION, "path": str(path)}
    seen = blender.run(f"{SCENARIOS}:in_file", env=env, params=params, timeout=200).value
    assert seen == {"marked": True, "undone": [], "redone": [True, [256, 256]]}
    assert f"{CATALOG_ID}:CSM/Refined:" in (path.parent / FILE_NAME).read_text()


def test_in_a_library_that_the_panel_names(blender: Blender, service: Any) -> None:
    env = {"CSM_BASE_URL": service.url, "CSM_API_KEY": service.key}
    library = blender.directory / "props"
    library.mkdir()
    params = {"session": SESSION, "folder": str(library)}
    seen = blender.run(f"{SCENARIOS}:in_library", env=env, params=params, timeout=200).value
    assert seen == {"in_file": False, "shown": ["Props", True]}
    assert [path.name for path in (library / "CSM").iterdir()] == [f"Cube_refined {SESSION}.blend"]
