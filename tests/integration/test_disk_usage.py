# SPDX-License-Identifier: GPL-3.0-or-later
"""The size of the job folder, which the preferences show, is measured in small steps between which Blender goes on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest.importorskip("bpy")

from csm_blender.scene.addon import disk_usage
from csm_blender.scene.addon.disk_usage import PAUSE_S, DiskUsage

FOLDERS = 5


def test_a_large_job_folder_is_measured_in_several_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "CSM_HOME", str(tmp_path))
    monkeypatch.setattr(disk_usage, "MEASURING_S", 0.0)
    for number in range(FOLDERS):
        (tmp_path / f"job {number}" / "deeper").mkdir(parents=True)
        (tmp_path / f"job {number}" / "deeper" / "mesh").write_bytes(bytes(2000))
    usage = DiskUsage()
    assert [usage._measure() for _ in range(FOLDERS)] == [PAUSE_S] * FOLDERS
    assert usage._measure() is None
    assert usage._text == "10 KB"


def test_a_folder_that_is_not_there_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "CSM_HOME", str(tmp_path / "none"))
    usage = DiskUsage()
    assert usage._measure() is None
    assert usage._text == "0 bytes"
