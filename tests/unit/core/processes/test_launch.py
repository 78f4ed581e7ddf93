# SPDX-License-Identifier: GPL-3.0-or-later
"""Command lines of child processes, and what children are not told."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from csm_blender.core.processes import launch
from csm_blender.core.processes.launch import Interpreters, arguments_of_child, start
from csm_blender.core.settings import KEY_VARIABLE


def test_plain_python_gets_module_and_arguments() -> None:
    command = Interpreters("python3", ("-I",)).plain("worker.preview_fetch", "folder", "--x")
    assert command[:2] == ["python3", "-I"]
    assert command[-3:] == ["worker.preview_fetch", "folder", "--x"]
    assert arguments_of_child(command) == ["folder", "--x"]


def test_without_a_blender_python_itself_has_bpy() -> None:
    interpreters = Interpreters("python3")
    assert interpreters.with_bpy("converter", "x") == interpreters.plain("converter", "x")


def test_a_blender_starts_without_the_users_settings_scripts_and_network() -> None:
    command = Interpreters("python3", (), "/opt/blender").with_bpy("converter", "request.json")
    assert command[0] == "/opt/blender"
    assert {"--background", "--factory-startup", "--disable-autoexec", "--offline-mode"} <= set(command)
    assert arguments_of_child(command) == ["request.json"]


def test_a_child_runs_a_module_of_the_package_from_wherever_it_lies() -> None:
    command = Interpreters(sys.executable).plain("core.version")
    assert subprocess.run(command, capture_output=True, check=False, cwd="/").returncode == 0


def test_an_app_bundle_and_a_package_may_lie_in_folders_with_blanks_and_any_letters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As ``/Applications/Blender 5.2.app/Contents/MacOS/Blender`` and ``C:\\Users\\Zoë 椅子\\AppData``."""
    program = tmp_path / "Blender 5.2.app" / "Contents" / "MacOS" / "Blender"
    package = tmp_path / "Zoë 椅子 & Co" / "csm_blender"
    for path, target in ((program, Path(sys.executable)), (package, launch._PACKAGE)):
        path.parent.mkdir(parents=True)
        path.symlink_to(target)
    monkeypatch.setattr(launch, "_PACKAGE", package)
    command = Interpreters(str(program)).plain("core.version")
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_the_key_is_not_in_the_environment_and_the_group_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "secret")
    program = f"import os; print({KEY_VARIABLE!r} in os.environ, os.getpgrp() == os.getpid())"
    process = start([sys.executable, "-c", program], stdout=subprocess.PIPE)
    output, _ = process.communicate(timeout=10)
    assert output.split() == [b"False", b"True"]
    assert os.environ[KEY_VARIABLE] == "secret"
