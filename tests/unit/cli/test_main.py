# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls of the command line in a Python without ``bpy``, as these tests have it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from csm_blender.cli.environment import Surroundings
from csm_blender.cli.main import main


@pytest.mark.skipif(importlib.util.find_spec("bpy") is not None, reason="there is nothing to miss")
@pytest.mark.parametrize(
    "call",
    [
        ["refine", "--job", "chair.glb=Chair", "--output", "out.blend"],
        ["resume"],
        ["plan", "--blend", "scene.blend", "--job", "chair.glb=Chair", "--out", "plan"],
        ["assemble", "plan", "--output", "out.blend"],
    ],
    ids=lambda call: call[0],
)
def test_what_needs_bpy_says_so(
    call: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(call, "csm", Surroundings(home=lambda: tmp_path / "home")) == 2
    said = capsys.readouterr().err
    assert "This Python has no bpy, which does the work." in said
    assert "pip install bpy" in said
    assert list(tmp_path.iterdir()) == []
