# SPDX-License-Identifier: GPL-3.0-or-later
"""A converter can be started before there is a file, and is given its first request when there is one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from fit_glbs import Glb, block
from jobs_at_hand import spec

pytest.importorskip("bpy")

from csm_blender.core.processes.launch import Interpreters, start


def test_its_first_request_comes_as_the_next_ones_do(tmp_path: Path) -> None:
    command = Interpreters(sys.executable).with_bpy("converter")
    process = start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdin is not None
    glb = Glb()
    glb.node(mesh=glb.mesh(*block((-1.0, -0.2, -0.4), (0.5, 0.9, 0.2))))
    (tmp_path / "delivered.mesh").write_bytes(glb.bytes())
    fields = spec("SESSION_1_1").as_dict()
    request = {name: fields[name] for name in ("fit", "placement", "refinement", "scale_length", "materials")}
    paths = {"mesh": str(tmp_path / "delivered.mesh"), "blend": str(tmp_path / "refined.blend")}
    (tmp_path / "request.json").write_text(json.dumps({**request, **paths, "name": "Result", "export": ""}))
    process.stdin.write(json.dumps({"request": str(tmp_path / "request.json")}).encode() + b"\n")
    process.stdin.flush()
    assert process.stdout is not None
    answer = next(line for line in process.stdout if line.startswith(b'{"answer"'))
    process.communicate(timeout=60.0)
    assert json.loads(answer)["answer"]["mesh"] == "Result"
    assert (tmp_path / "refined.blend").is_file()
