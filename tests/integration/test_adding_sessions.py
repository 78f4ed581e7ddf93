# SPDX-License-Identifier: GPL-3.0-or-later
"""A file and an object become sessions of the local service, which is found on this computer; never of CSM's cloud."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy
import pytest
from blender_scenes import enabled
from fit_glbs import letter, plain
from panels import Drawn, InSidebar

from csm_blender.core.api.local_service import RunningService, announce, service_folder
from csm_blender.core.errors import CsmError
from csm_blender.core.sources import Source, SourceKind
from csm_blender.scene.background.session_adding import is_offered, session_adding
from csm_blender.scene.commands import new_session
from csm_blender.scene.properties import state_of
from csm_blender.ui import setup_operators
from csm_blender.ui.source_panel import draw_adding


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[bpy.types.Scene]:
    with enabled(monkeypatch, tmp_path / "jobs") as scene:
        yield scene


@pytest.fixture
def connected(scene: bpy.types.Scene, service: Any, monkeypatch: pytest.MonkeyPatch) -> bpy.types.Scene:
    monkeypatch.setitem(os.environ, "CSM_BASE_URL", service.url)
    monkeypatch.setitem(os.environ, "CSM_API_KEY", service.key)
    return scene


def test_a_file_and_an_object_become_sessions_and_are_chosen_in_the_panel(
    connected: bpy.types.Scene, service: Any, tmp_path: Path
) -> None:
    state = state_of(connected)
    (tmp_path / "old chair.glb").write_bytes(plain(*letter()))
    (tmp_path / "table.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 2 3\nf 1 2 4\nf 1 3 4\nf 2 3 4\n")
    cube = bpy.data.objects["Cube"]
    for kind, chosen, caption in (
        ("FILE", str(tmp_path / "old chair.glb"), "old chair"),
        ("FILE", str(tmp_path / "table.obj"), "table"),
        ("OBJECT", cube, "Cube"),
    ):
        state.source = kind
        setattr(state, "filepath" if kind == "FILE" else "source_object", chosen)
        assert is_offered()
        assert bpy.ops.csm.add_session() == {"FINISHED"}
        assert state.source == "SESSION"
        session = service.session(state.session_code)
        assert (session["caption"], session["session_status"]) == (caption, "complete")
    mesh = service.request("GET", session["mesh_url_glb"]).body
    assert mesh.startswith(b"glTF")
    assert not list((tmp_path / "jobs").rglob("session.glb")), "nothing is left behind"


def test_what_the_service_refuses_is_said(connected: bpy.types.Scene, tmp_path: Path) -> None:
    state = state_of(connected)
    path = tmp_path / "cut.glb"
    path.write_bytes(plain(*letter())[:-30])
    state.source, state.filepath = "FILE", str(path)
    with pytest.raises(RuntimeError, match="This mesh cannot be taken"):
        bpy.ops.csm.add_session()
    assert (state.source, state.session_code) == ("FILE", "")
    for source, is_told in (("FILE", True), ("SESSION", False)):
        state.source = source
        seen: dict[str, bool] = {}
        draw_adding(InSidebar(), Drawn(seen), state)
        assert any("truncated" in text for text in seen) == is_told
    with pytest.raises(CsmError, match="no file"):
        new_session.add_session(Source(SourceKind.FILE, str(tmp_path / "gone.glb")), bpy.context)


def test_it_is_not_offered_for_the_cloud(scene: bpy.types.Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "CSM_API_KEY", "k" * 32)
    for url in ("https://api.csm.ai", ""):
        monkeypatch.setitem(os.environ, "CSM_BASE_URL", url)
        assert not is_offered()
        assert not bpy.ops.csm.add_session.poll()


def test_the_service_of_this_computer_is_found_and_connected(
    scene: bpy.types.Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.setitem(os.environ, name, str(tmp_path))
    chosen = SimpleNamespace(api_key="", base_url="")
    monkeypatch.setattr(setup_operators, "preferences", lambda: chosen)  # the module is no installed add-on
    monkeypatch.setattr(setup_operators, "connection_test", lambda: SimpleNamespace(begin=lambda: None))
    with pytest.raises(RuntimeError, match="No local service runs on this computer"):
        bpy.ops.csm.find_service()
    folder = service_folder()
    folder.mkdir(parents=True)
    announce(folder, RunningService("http://127.0.0.1:40123", "k" * 32))
    assert bpy.ops.csm.find_service() == {"FINISHED"}
    assert (chosen.base_url, chosen.api_key) == ("http://127.0.0.1:40123", "k" * 32)
    monkeypatch.setitem(os.environ, "CSM_API_KEY", "other")
    assert not bpy.ops.csm.find_service.poll()
    assert session_adding().message == ""
