"""Jobs outlive files, windows and Blender itself."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from harness import Blender

SESSION = "SESSION_P_44569824122"
SCENARIOS = "scenarios/files.py"


def of_service(service: Any) -> dict[str, str]:
    return {"CSM_BASE_URL": service.url, "CSM_API_KEY": service.key}


def test_save_load_another_file_and_come_back(blender: Blender, slow_service: Any, tmp_path: Path) -> None:
    result = blender.run(
        f"{SCENARIOS}:save_load_come_back",
        env=of_service(slow_service),
        params={"session": SESSION, "path": str(tmp_path / "chair.blend")},
        timeout=90,
    )
    assert result.value == {"elsewhere": [], "operators": 0, "pump": False, "same": True}
    assert re.findall(r"name='(Refine [^']*)'", result.output) == ["Refine Cube"]


def test_new_file_during_a_job(blender: Blender, slow_service: Any) -> None:
    seen = blender.run(f"{SCENARIOS}:new_file", env=of_service(slow_service), params={"session": SESSION}).value
    assert seen["jobs"] == []
    assert seen["later"] == seen["objects"]


def test_quit_and_start_again(blender: Blender, slow_service: Any, tmp_path: Path) -> None:
    env, path = of_service(slow_service), tmp_path / "chair.blend"
    params = {"session": SESSION, "path": str(path)}
    job_id = blender.run(f"{SCENARIOS}:begin_and_quit", env=env, params=params).value
    seen = blender.run(f"{SCENARIOS}:resumed", env=env, args=[path]).value
    assert seen["job_id"] == job_id
    assert seen["hidden"]
    assert seen["trouble"] == ""
    assert only_one_refine(slow_service)
    assert slow_service.key.encode() not in path.read_bytes()
    assert b"sig=" not in path.read_bytes()


def test_blender_is_killed_and_started_again(blender: Blender, slow_service: Any, tmp_path: Path) -> None:
    env, path = of_service(slow_service), tmp_path / "chair.blend"
    params = {"session": SESSION, "path": str(path)}
    blender.run(f"{SCENARIOS}:begin_and_die", env=env, params=params, exit_code=-9)
    seen = blender.run(f"{SCENARIOS}:resumed", env=env, args=[path]).value
    assert seen["hidden"]
    assert seen["trouble"] == ""
    assert only_one_refine(slow_service)


def test_placed_but_not_saved_is_placed_again(blender: Blender, slow_service: Any, tmp_path: Path) -> None:
    env, path = of_service(slow_service), tmp_path / "chair.blend"
    params = {"session": SESSION, "path": str(path)}
    assert blender.run(f"{SCENARIOS}:place_unsaved", env=env, params=params).value == "PLACED"
    assert blender.run(f"{SCENARIOS}:resumed", env=env, args=[path]).value["hidden"]
    assert only_one_refine(slow_service)


def test_file_goes_on_on_another_machine(
    blender: Blender, slow_service: Any, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    env, path = of_service(slow_service), tmp_path / "chair.blend"
    params = {"session": SESSION, "path": str(path)}
    blender.run(f"{SCENARIOS}:begin_and_quit", env=env, params=params)
    shutil.rmtree(tmp_path / "csm")  # the store of this machine does not travel
    seen = blender.run(f"{SCENARIOS}:waits_on_other_machine", env={"CSM_BASE_URL": slow_service.url}, args=[path]).value
    assert seen["status"] == "REFINING"
    assert "API key" in seen["waits"]
    shutil.rmtree(tmp_path / "csm")
    assert blender.run(f"{SCENARIOS}:resumed", env=env, args=[path]).value["hidden"]
    assert only_one_refine(slow_service)


def test_file_is_ordinary_without_the_addon(
    blender: Blender, slow_service: Any, tmp_path: Path, user_directory: Any, blender_binary: Path
) -> None:
    env, path = of_service(slow_service), tmp_path / "chair.blend"
    params = {"session": SESSION, "path": str(path)}
    blender.run(f"{SCENARIOS}:begin_and_quit", env=env, params=params)
    bare = Blender(blender_binary, blender.display, tmp_path / "bare", blender.screens)
    bare.directory.mkdir()
    shutil.copytree(user_directory(blender_binary, None), bare.directory / "user")
    seen = bare.run(f"{SCENARIOS}:look_without_addon", params={"path": str(path)}).value
    assert seen == {"has_addon": False, "cube": [1, 1, 1]}
    seen = blender.run(f"{SCENARIOS}:resumed", env=env, args=[path]).value
    assert seen["hidden"]
    assert only_one_refine(slow_service)


def only_one_refine(service: Any) -> bool:
    return sum(service.counts()["refines"].values()) == 1
