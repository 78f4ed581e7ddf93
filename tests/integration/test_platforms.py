# SPDX-License-Identifier: GPL-3.0-or-later
"""What Windows and macOS do to paths and consoles, simulated: see docs/platforms.md."""

from __future__ import annotations

import os
from pathlib import Path

import bpy
from blender_scenes import Csm, add_box, save_scene
from mesh_files import write_glb

NAME = "椅子 🪑"


def scene_with(path: Path, *names: str) -> Path:
    def build() -> None:
        for name in names:
            add_box(name, (0.5, 0.6, 0.9))

    return save_scene(path, build)


def test_long_paths_odd_names_and_a_console_of_one_code_page(csm_without_service: Csm, tmp_path: Path) -> None:
    """A job folder at more than 400 characters, objects called like devices and in letters cp1252 has not."""
    deep = tmp_path
    while len(str(deep)) <= 400:
        deep /= "a folder with a longer name"  # in small steps: SQLite takes paths of up to 512 bytes on POSIX
    deep.mkdir(parents=True)
    csm_without_service.more |= {"CSM_HOME": str(deep / "jobs"), "PYTHONIOENCODING": "cp1252"}
    scene = scene_with(deep / f"{NAME}.blend", NAME, "CON", "Stool")
    meshes = {NAME: deep / f"{NAME}.glb", "CON": deep / "con.glb", "Stool": deep / "more" / "CON.glb"}
    (deep / "more").mkdir()
    for path in meshes.values():
        write_glb(path)
    jobs = [word for name, path in meshes.items() for word in ("--job", f"{path}={name}")]
    outputs = ["--output", deep / "out.blend", "--export", deep / "exports"]
    done = csm_without_service("refine", "--blend", scene, *jobs, "--engine", "none", *outputs)
    assert done.status == 0, done.stderr
    assert done.stdout.count("PLACED") == 3
    exported = {path.name for path in (deep / "exports").iterdir()}
    assert exported == {f"{NAME}.glb", "con_.glb", "CON_-2.glb"}, "also where case does not count"
    bpy.ops.wm.open_mainfile(filepath=str(deep / "out.blend"))
    assert {f"{NAME}_refined", "CON_refined"} <= set(bpy.data.objects.keys())


def test_the_input_under_another_name_is_not_written_over(csm_without_service: Csm, tmp_path: Path) -> None:
    """As ``SCENE.blend`` is ``scene.blend`` on Windows and macOS; here a second name of the file."""
    scene = scene_with(tmp_path / "scene.blend", "Chair")
    other = tmp_path / "SCENE.blend"
    os.link(scene, other)
    write_glb(tmp_path / "chair.glb")
    before = scene.read_bytes()
    done = csm_without_service(
        "refine", "--blend", scene, "--job", f"{tmp_path / 'chair.glb'}=Chair", "--output", other
    )
    assert done.status == 2
    assert "is the input file" in done.stderr
    assert scene.read_bytes() == before
