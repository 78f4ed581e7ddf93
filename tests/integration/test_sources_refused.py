# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and objects that cannot be sources, on the command line: refused before anything starts, with a hint."""

from __future__ import annotations

import itertools
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

bpy = pytest.importorskip("bpy")

from blender_scenes import ROOT, Csm, add_box, save_scene
from letters import add_letter, glb_of_letter


def build_bad() -> None:
    add_box("Block", (1.0, 1.0, 1.0))
    add_letter("Raw", 0)
    for name, faces in (("Empty mesh", []), ("Eaten", [(0, 1, 2)])):
        mesh = bpy.data.meshes.new(name)
        mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], faces)
        obj = bpy.data.objects.new(name, mesh)
        bpy.context.scene.collection.objects.link(obj)
        if faces:
            mask = obj.modifiers.new("Mask", "MASK")
            mask.vertex_group = obj.vertex_groups.new(name="None").name
    curve = bpy.data.objects.new("Curve", bpy.data.curves.new("Curve", "CURVE"))
    bpy.context.scene.collection.objects.link(curve)


def test_what_cannot_be_a_source_is_refused_before_anything_starts(offline: Csm, tmp_path: Path) -> None:
    scene = save_scene(tmp_path / "scene.blend", build_bad)
    (tmp_path / "zero.glb").touch()
    (tmp_path / "folder.glb").mkdir()
    (tmp_path / "good.glb").write_bytes(glb_of_letter())
    (tmp_path / "none").mkdir()
    cases: list[tuple[list[Any], str, str]] = [
        (["--job", f"{tmp_path}/missing.glb=Block"], "bad_source", "no file"),
        (["--job", f"{tmp_path}/{'n' * 300}.glb=Block"], "bad_source", "cannot be read"),
        (["--job", f"{tmp_path}/zero.glb=Block"], "bad_source", "is empty"),
        (["--job", f"{tmp_path}/folder.glb=Block"], "bad_source", "is a folder"),
        (["--job", f"{tmp_path}/chair.max=Block"], "bad_source", "no mesh file"),
        (["--job", f"{tmp_path}/good.glb=Nothing"], "no_such_object", "no object"),
        (["--job", f"{tmp_path}/good.glb=Block", "--engine", "service"], "wrong_use", "sessions only"),
        (["--job", f"{tmp_path}/good.glb=Block", "--triangles", "3"], "bad_value", "budget"),
        (["--job", f"{tmp_path}/good.glb=Block", "--texture", "1000"], "bad_value", "texture size"),
        (["--job", f"{tmp_path}/good.glb=Block", "--engine", "none", "--quads", "500"], "wrong_use", "no job uses"),
        (["--job", "object:Block=Block"], "bad_source", "block-out itself"),
        (["--job", "object:Gone=Block"], "no_such_object", "no object"),
        (["--job", "object:Curve=Block"], "bad_source", "not a mesh"),
        (["--job", "object:Empty mesh=Block"], "bad_source", "no faces"),
        (["--job", "object:Eaten=Block"], "bad_source", "shows no faces"),
        (["--folder", tmp_path / "none"], "bad_source", "no mesh files"),
        (["--folder", tmp_path / "missing"], "bad_source", "cannot be read"),
        (["--folder", tmp_path], "wrong_use", "name of an object"),
    ]
    run = tmp_path / "many.py"
    calls = [["refine", "--blend", str(scene), *map(str, arguments), "--json"] for arguments, _code, _says in cases]
    run.write_text(
        "import contextlib, io, json, os, sys\n"
        "from csm_blender.cli.environment import Surroundings\n"
        "from csm_blender.cli.main import main\n"
        "for call in json.loads(sys.argv[1]):\n"
        "    out = io.StringIO()\n"
        "    with contextlib.redirect_stdout(out):\n"
        "        status = main(call, 'csm', Surroundings())\n"
        "    print('RESULT', json.dumps([status, json.loads(out.getvalue())['error']]), flush=True)\n"
        "os._exit(0)\n"  # taking Blender down is of no use here
    )
    found = run_python(offline, run, json.dumps(calls))
    assert len(found) == len(cases)
    for (arguments, code, says), (status, error) in zip(cases, found, strict=True):
        assert (status, error["code"]) == (2, code), (arguments, error)
        assert says in error["message"], arguments
        assert error["hint"], arguments
    database = tmp_path / "jobs" / "jobs.sqlite3"
    if database.exists():
        with closing(sqlite3.connect(database)) as opened:
            assert opened.execute("SELECT count(*) FROM jobs").fetchone() == (0,)
    assert list((tmp_path / "jobs").glob("*/delivered.mesh*")) == []


def run_python(csm: Csm, script: Path, argument: str) -> list[Any]:
    """The results that *script* prints, in a process as the command line is."""
    environment = csm.environment()
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), environment["PYTHONPATH"]])
    done = subprocess.run(
        [sys.executable, str(script), argument],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    lines = [line.removeprefix("RESULT ") for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    assert lines, done.stderr
    return [json.loads(line) for line in lines]


def test_a_file_that_is_damaged_fails_its_own_job_only(offline: Csm, tmp_path: Path) -> None:
    scene = save_scene(tmp_path / "scene.blend", lambda: [add_letter(name, 0) for name in ("A", "B")])
    (tmp_path / "a.glb").write_bytes(glb_of_letter()[:-40])
    (tmp_path / "b.glb").write_bytes(glb_of_letter())
    jobs = list(itertools.chain(*(("--job", f"{tmp_path}/{name.lower()}.glb={name}") for name in ("A", "B"))))
    done = offline("refine", "--blend", scene, *jobs, "--engine", "none", "--output", tmp_path / "out.blend", "--json")
    assert done.status == 1
    assert {job["object"]: job["status"] for job in done.jobs} == {"A": "FAILED", "B": "PLACED"}
    assert done.jobs[0]["error"]["code"] == "bad_mesh"
    assert "download" not in done.jobs[0]["error"]["hint"]
