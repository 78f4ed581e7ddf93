# SPDX-License-Identifier: GPL-3.0-or-later
"""Helpers for tests against a running service."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from common import service_blender
from csm_server.launch import LocalService


def started(data: Path, *options: str) -> LocalService:
    """A service, to be entered, that refines with a real Blender and makes small textures."""
    return LocalService(data=data, blender=service_blender(), options=["--texture", "512", *options])


def unavailable(reason: str) -> None:
    """Skip with a reason on a stranger's machine; in CI what is missing is a failure."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def wait(service: LocalService, code: str, seconds: float = 30) -> dict[str, Any]:
    """The session's data once its refine has ended."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        data = service.session(code)
        if data.get("status", data.get("session_status")) not in ("training_refine", "in_progress"):
            return data
        time.sleep(0.05)
    raise AssertionError(f"{code} was not done after {seconds} s: {service.output}")


def refined(service: LocalService, code: str, **body: Any) -> bytes:
    """Refine the session and return the GLB."""
    answer = service.refine(code, **body)
    assert answer.status == 200, answer.body
    data = wait(service, code)
    assert data.get("status", "refine_done") == "refine_done"
    glb = service.request("GET", data["mesh_url_glb"])
    assert glb.status == 200
    return glb.body


def children(pid: int) -> list[int]:
    """Process ids of a process's children."""
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=True)
    return list(map(int, listed.stdout.split()))
