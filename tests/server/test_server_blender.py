# SPDX-License-Identifier: GPL-3.0-or-later
"""The Blender that the service refines with: how it is found, that it is one process, what happens to it."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import trimesh
from common import service_blender
from csm_server.blender import BlenderError, find_blender
from csm_server.launch import LaunchError, LocalService
from glbs import glb, wavy
from serving import children, started, wait


def program(path: Path, text: str) -> Path:
    """An executable that is this shell script."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def no_blender(monkeypatch, tmp_path):
    """A PATH without any Blender; gives the only folder on it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_a_python_that_has_bpy():
    interpreters, words = find_blender(service_blender())
    assert interpreters.with_bpy("converter")[0] == service_blender()
    assert words == f"bpy in {service_blender()}"


def test_a_blender_on_the_path(no_blender):
    blender = program(no_blender / "blender", "echo 'Blender 4.5.3 LTS'")
    interpreters, words = find_blender()
    assert interpreters.with_bpy("converter")[0] == str(blender)
    assert words == f"Blender 4.5 at {blender}"


def test_one_that_is_too_old(no_blender):
    program(no_blender / "blender", "echo 'Blender 4.1.1'")
    with pytest.raises(BlenderError, match=r"4\.1; Blender 4\.2 or newer is needed"):
        find_blender()


@pytest.mark.parametrize("given", [sys.executable, "/bin/echo", "/nothing/there"])
def test_one_that_is_none(given):
    """The Python of these tests has no bpy."""
    with pytest.raises(BlenderError, match="--blender PATH"):
        find_blender(given)


def test_the_one_that_was_named_must_be_one(tmp_path):
    with pytest.raises(LaunchError, match="neither a Blender nor a Python that has bpy"):
        LocalService(data=tmp_path, blender="/bin/echo").start()


def test_without_one_all_but_refining_works(no_blender, tmp_path):
    with LocalService(data=tmp_path / "data", options=["--control", "--refine-seconds", "0"]) as service:
        assert "Cannot refine: No Blender was found." in service.output
        code = service.add_session(None, glb(wavy()), style="2024")
        assert service.request("GET", "/image-to-3d-sessions").json["data"]["total"] == 9
        before = service.session(code)
        for name in ("preview_mesh_url_glb", "preview_mesh_url_obj", "image_url"):
            assert service.request("GET", before[name]).status == 200
        assert service.refine(code).status == 200
        data = wait(service, code)
        assert data["status"] == "refine_failed"
        assert "--blender PATH" in data["status_message"]


def test_an_executable_refines(no_blender, tmp_path):
    """A stand-in for Blender's binary: it is called with Blender's flags, and runs the script with bpy."""
    python = shlex.quote(service_blender())
    program(
        no_blender / "blender",
        f"""[ "$1" = --version ] && echo 'Blender 4.2.0' && exit
while [ "$1" != --python-expr ]; do shift; done
code="$2"; shift 2
exec {python} -c "$code" "$@" """,
    )
    with LocalService(data=tmp_path / "data", options=["--control", "--texture", "512"]) as service:
        assert f"Refines with: Blender 4.2 at {no_blender / 'blender'}" in service.output
        code = service.add_session(None, glb(wavy()), style="2024", refine_seconds=0)
        service.refine(code)
        assert wait(service, code)["status"] == "refine_done"


def test_a_mesh_that_needs_more_memory_than_allowed(tmp_path):
    with started(tmp_path, "--control", "--refine-seconds", "0", "--memory", "0.1") as service:
        code = service.add_session(None, glb(wavy()), style="2024")
        service.refine(code)
        assert "0.1 GB may be used" in wait(service, code)["status_message"]


def test_one_process_does_them_all_one_by_one_where_that_is_wanted(tmp_path):
    with started(tmp_path, "--control", "--refine-seconds", "0", "--at-once", "1") as service:
        found, most = processes_of(service, 4)
    assert (len(found), most) == (1, 1)


def test_several_are_refined_at_once_and_never_more_than_allowed(tmp_path):
    with started(tmp_path, "--control", "--refine-seconds", "0", "--at-once", "2") as service:
        found, most = processes_of(service, 6)
    assert (len(found), most) == (2, 2)


def test_no_more_are_refined_at_once_than_memory_allows(monkeypatch):
    """By what each may take and what is free; the first one always runs."""
    from csm_server import refiners

    monkeypatch.setattr(refiners, "memory_to_use", lambda: 1000)
    monkeypatch.setattr(refiners, "converter_needs", lambda mesh, _remesh: mesh)
    order, now, most = [], [], []

    class Stand:
        async def refine(self, request, _folder, _report):
            now.append(request.mesh)
            most.append(sum(now))
            await asyncio.sleep(0.01)
            now.remove(request.mesh)
            order.append(request.mesh)

        def stop(self):
            """Nothing runs."""

    async def all_of_them():
        pool = refiners.Refiners(None, "", 0, most=8)
        pool._make = Stand
        requests = [SimpleNamespace(mesh=needs, remesh=None) for needs in (400, 500, 300, 2000, 100)]
        waiting = [asyncio.ensure_future(pool.refine(request, Path(), float)) for request in requests]
        await asyncio.sleep(0)
        waiting.pop(2).cancel()  # one that waits gives up: the others still get their turn
        await asyncio.gather(*waiting)

    asyncio.run(all_of_them())
    assert sorted(order) == [100, 400, 500, 2000]
    assert max(most) == 2000
    assert max(set(most) - {2000}) <= 1000
    assert 900 in most


def processes_of(service, count):
    """The processes that refine *count* meshes asked for at once, and how many of them there are at most."""
    codes = [service.add_session(None, glb(wavy()), style="2024") for _ in range(count)]
    for code in codes:
        service.refine(code)
    found, most = set(), 0
    while any(service.session(code)["status"] == "training_refine" for code in codes):
        found |= (now := set(children(service.pid)))
        most = max(most, len(now))
    assert {service.session(code)["status"] for code in codes} == {"refine_done"}
    return found, most


def test_one_that_dies_is_replaced(service, add):
    code = add(glb(trimesh.creation.icosphere(subdivisions=6)), style="2024", refine_seconds=0)
    service.refine(code)
    while service.session(code)["percentage"] < 5:
        time.sleep(0.01)
    (child,) = children(service.pid)
    os.kill(child, signal.SIGKILL)
    assert "ended by signal 9" in wait(service, code)["status_message"]
    service.refine(code)
    data = wait(service, code)
    assert data["status"] == "refine_done"
    assert "status_message" not in data


def test_the_percentage_is_blenders(service, add):
    """It waits for Blender where that takes longer than the least time, and never shrinks."""
    code = add(glb(trimesh.creation.icosphere(subdivisions=6)), style="2024", refine_seconds=0)
    service.refine(code)
    seen = []
    while (data := service.session(code))["status"] == "training_refine":
        seen.append(data["percentage"])
        time.sleep(0.01)
    assert data["percentage"] == 100
    assert len(set(seen)) >= 3
    assert seen == sorted(seen)
    assert seen[-1] <= 99
