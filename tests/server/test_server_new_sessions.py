# SPDX-License-Identifier: GPL-3.0-or-later
"""``POST /local/sessions``: a mesh becomes a session that can be refined. The service is found while it runs."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import tiny_glb
from common import ROOT
from csm_server.launch import LocalService

from csm_blender.core.api.local_service import RUNNING, RunningService, running_service

GLB_TYPE = {"Content-Type": "model/gltf-binary"}


def post(service: LocalService, body: bytes, path: str = "/local/sessions", **headers: str) -> Any:
    return service.request("POST", path, body, headers={**GLB_TYPE, **headers})


def test_a_mesh_that_is_sent_becomes_a_session(service: LocalService) -> None:
    mesh = tiny_glb.glb()
    answer = post(service, mesh, "/local/sessions?caption=Old%20chair%20%F0%9F%AA%91")
    assert answer.status == 201
    data = answer.json["data"]
    assert (data["caption"], data["session_status"]) == ("Old chair 🪑", "complete")
    assert service.session(data["session_code"])["caption"] == "Old chair 🪑"
    assert service.request("GET", data["mesh_url_glb"]).body == mesh
    assert service.refine(data["session_code"]).status == 200


def test_what_a_killed_service_had_received_so_far_is_removed_by_the_next(tmp_path: Path) -> None:
    (tmp_path / "incoming-abc").mkdir()
    (tmp_path / "incoming-abc" / "mesh.glb").write_bytes(b"glTF, and then the power went")
    with LocalService(data=tmp_path):
        assert not (tmp_path / "incoming-abc").exists()


def test_without_the_key_nothing_is_taken(service: LocalService) -> None:
    before = service.request("GET", "/image-to-3d-sessions").json["data"]["total"]
    for key in ("", "wrong"):
        assert post(service, tiny_glb.glb(), **{"x-api-key": key}).status == 401
    assert service.request("GET", "/image-to-3d-sessions").json["data"]["total"] == before


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "empty"),
        (b"hello", "no GLB"),
        (tiny_glb.glb()[:-30], "cannot be taken"),
        (b"glTF\1\0\0\0xxxx", "version 1"),
    ],
)
def test_what_cannot_be_refined_is_refused_with_the_reason(service: LocalService, body: bytes, said: str) -> None:
    answer = post(service, body)
    assert answer.status == 400
    assert said in answer.json["message"]


def test_another_type_and_too_much_are_refused(service: LocalService) -> None:
    assert post(service, tiny_glb.glb(), **{"Content-Type": "application/json"}).status == 415
    where = urlsplit(service.url)
    with socket.create_connection((where.hostname, where.port), timeout=10) as connection:
        lines = ["POST /local/sessions HTTP/1.1", f"Host: {where.netloc}", f"x-api-key: {service.key}"]
        lines += ["Content-Type: model/gltf-binary", f"Content-Length: {10**10}", "", ""]
        connection.sendall("\r\n".join(lines).encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 413")
    assert not list(service.data.glob("incoming-*"))


def test_it_can_be_found_by_its_user_while_it_runs_with_its_usual_folder(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path)}
    command = [sys.executable, str(ROOT / "scripts" / "csm_server"), "--api-key", "k" * 32]
    folder = tmp_path / ("Library/Application Support" if sys.platform == "darwin" else "") / "csm-local-service"
    with subprocess.Popen(command, env={**os.environ, **home}, stdout=subprocess.PIPE, text=True) as process:
        try:
            lines: list[str] = []
            assert process.stdout is not None
            while not any(line.startswith("CSM server at ") for line in lines):
                lines.append(process.stdout.readline())
                assert lines[-1], "it ended"
            assert running_service(folder) == RunningService(lines[-1].split()[-1], "k" * 32)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)
    deadline = time.monotonic() + 5
    while (folder / RUNNING).exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert running_service(folder) is None


def test_a_service_with_another_folder_is_not_announced(service: LocalService) -> None:
    assert not (service.data / RUNNING).exists()
