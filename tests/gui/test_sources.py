"""A file of any generator, refined on this computer: no key, no network, and nothing to read before."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from fit_glbs import letter, plain
from harness import Blender
from test_many import LIBRARIES

SCENARIOS = "scenarios/sources.py"


@pytest.fixture
def mesh_file(tmp_path: Path) -> Path:
    """A letter L, which shows which way it faces."""
    path = tmp_path / "raw mesh.glb"
    path.write_bytes(plain(*letter()))
    return path


def test_a_file_is_refined_without_key_and_network_turned_and_compared(blender: Blender, mesh_file: Path) -> None:
    params = {"path": str(mesh_file), "blend": str(blender.directory / "scene.blend")}
    result = blender.run(f"{SCENARIOS}:refine_file", params=params, online=False, timeout=240)
    seen = result.value
    assert seen["source_at_start"] == "FILE"
    assert seen["could_refine"] == [False, True]
    assert seen["running"] == ["CSM_OT_refine"]
    assert seen["fit_error"] < 1e-5
    assert seen["same_corners"]
    assert seen["turned"] == {"same_corners": True, "moved": True}
    assert seen["undone"] == {"same_corners": True, "moved": False}
    assert seen["inside"]
    assert seen["delivered_in_file"] == []
    steps = re.findall(r"name='((?:Refine|Turn|Fit) [^']*)'", result.output)
    assert steps == ["Refine Cube", "Turn Cube_refined", "Fit Cube_refined"]


def test_a_file_dropped_on_a_block_out_stands_in_it_facing_right_though_blender_was_killed(
    blender: Blender, mesh_file: Path
) -> None:
    blend = blender.directory / "scene.blend"
    params = {"libs": LIBRARIES, "path": str(mesh_file), "blend": str(blend)}
    blender.run(f"{SCENARIOS}:drop_file_and_die", params=params, online=False, exit_code=-9)
    mesh_file.unlink()
    seen = blender.run(f"{SCENARIOS}:resumed", args=[blend], online=False, timeout=150).value
    assert seen["target"] == "Cube"
    assert seen["fit_error"] < 1e-5
    assert seen["same_corners"]
    assert seen["farthest"] < 1e-3, "of the block-out's own corners, 3 units apart: the letter faces as it does"
    assert seen["hidden"]
    assert seen["detail"] == "CUSTOM"


def test_many_files_dropped_are_refined_into_the_objects_of_their_names(blender: Blender, tmp_path: Path) -> None:
    count = int(os.environ.get("CSM_MANY_FILES", "20"))  # 400 for the long form: some minutes
    folder = tmp_path / "meshes"
    folder.mkdir()
    for number in range(count):
        (folder / f"prop-{number}.glb").write_bytes(plain(*letter()))
    params = {"libs": LIBRARIES, "folder": str(folder), "count": count, "timeout": 30.0 + 5.0 * count}
    result = blender.run(f"{SCENARIOS}:drop_many", params=params, online=False, timeout=60.0 + 5.0 * count)
    seen = result.value
    # "quarters": when each quarter of the files was placed, by the clock and by Blender's processor time.
    figures = {name: seen[name] for name in ("seconds", "longest", "memory", "quarters")}
    (result.screens / f"{count}-files.json").write_text(json.dumps(figures))
    assert seen["jobs_before"] == 0, "the pairs are shown first"
    assert seen["statuses"] == {"PLACED": count}
    assert seen["pairs"] == {f"prop-{number}": f"Prop {number:03}" for number in range(count)}
    assert seen["worst"] < 1e-5
