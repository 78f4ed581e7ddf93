# SPDX-License-Identifier: GPL-3.0-or-later
"""Not a byte leaves the machine while network access is off; a service on the loopback interface is free to use.

A guard in Python's own audit hooks sees every look-up of a name and every connection of the process.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
from common import ROOT
from jobs_at_hand import blender_python, drive, idle_converters, settings, spec
from tiny_glb import glb

from csm_blender.core.errors import OnlineAccessOff
from csm_blender.core.jobs.states import JobState
from csm_blender.core.jobs.store import Store
from csm_blender.core.pipeline.pipeline import Pipeline

PROGRAM = """
import json, sys
seen = []
def guard(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        seen.append([event, str(arguments[1][0] if isinstance(arguments[1], tuple) else arguments[1])])
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        seen.append([event, str(arguments[0])])
sys.addaudithook(guard)
sys.path.insert(0, {root!r})
import bpy
assert not bpy.app.online_access
from csm_blender.cli.main import main
from csm_blender.cli.environment import inside_blender
status = main(sys.argv[1:], "csm", inside_blender())
sys.stderr.write("GUARD " + json.dumps([status, seen]) + "\\n")
"""


def run_guarded(home: Path, *arguments: str, **environment: str) -> tuple[int, list[list[str]]]:
    """Exit status of the command line as inside a Blender that is offline, and what it did with sockets."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CSM_")}
    done = subprocess.run(
        [blender_python(), "-c", PROGRAM.format(root=str(ROOT)), *arguments],
        env={**kept, "CSM_HOME": str(home), **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    line = next((line for line in done.stderr.splitlines() if line.startswith("GUARD ")), None)
    assert line, done.stderr
    status, seen = json.loads(line.removeprefix("GUARD "))
    return status, seen


BOX = ["--job", "SESSION_1", "--bbox", "1,1,1"]


@pytest.mark.parametrize("arguments", [["refine", *BOX], ["status", "SESSION_1"], ["sessions"], ["resume"]])
def test_nothing_leaves_while_network_access_is_off(tmp_path: Path, arguments: list[str]) -> None:
    environment = {"CSM_API_KEY": "a-key-for-tests", "CSM_BASE_URL": "https://api.csm.ai"}
    status, seen = run_guarded(tmp_path, *arguments, **environment)
    assert status == 4
    assert seen == []


def test_a_service_on_this_machine_is_free_to_use(service: Any, code: str, tmp_path: Path) -> None:
    mesh = tmp_path / "box.glb"
    mesh.write_bytes(glb())
    service.add_session(code, mesh, style="2024", raw_result=str(mesh), refine_seconds=0.1)
    environment = {"CSM_API_KEY": service.key, "CSM_BASE_URL": service.url}
    options = ["--bbox", "1,1,1", "--output", str(tmp_path / "out.blend"), "--poll-interval", "0.1"]
    status, seen = run_guarded(tmp_path / "home", "refine", "--job", code, *options, **environment)
    assert status == 0
    assert seen
    assert {host for _, host in seen} == {"127.0.0.1"}


def test_files_on_another_machine_are_not_fetched_while_it_is_off(
    service: Any, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    real = socket.getaddrinfo

    def noted(host: Any, *arguments: Any, **named: Any) -> Any:
        asked.append(str(host))
        return real(host, *arguments, **named)

    monkeypatch.setattr(socket, "getaddrinfo", noted)
    mesh = tmp_path / "box.glb"
    mesh.write_bytes(glb())
    storage = "https://storage.example.com"
    service.add_session(code, mesh, style="2024", raw_result=str(mesh), refine_seconds=0.1, storage_base=storage)
    store = Store(tmp_path / "home")
    chosen = settings(service.url, service.key, loopback_only=True)
    job = store.add(spec(code), service.url)
    pipeline = Pipeline(store, chosen, idle_converters(), "me")
    failed = drive(pipeline, store, job.job_id)
    pipeline.close()
    assert failed.state is JobState.FAILED
    assert failed.error is not None
    assert failed.error["code"] == OnlineAccessOff.code
    assert set(asked) <= {"127.0.0.1"}
