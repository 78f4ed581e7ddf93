# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and objects onto block-outs on the command line: without a key, without a network, and as exact as sessions."""

from __future__ import annotations

import csv
import os
import sqlite3
import subprocess
import time
import zipfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fit_glbs import letter

bpy = pytest.importorskip("bpy")

from blender_scenes import Csm, add_box, plain_measure, save_scene
from letters import add_letter, glb_of_letter

from csm_blender.core.geometry.facing import QUARTERS
from csm_blender.core.jobs.states import JobState
from csm_blender.core.jobs.store import Store

TOLERANCE = 1e-5  # of the box's diagonal: docs/fit.md
COUNT = 20
SESSION = "SESSION_1700000002_0000002"


NO_INTERFACES = ["unshare", "--net"]
"""What starts a command in a network namespace that has no interface but a loopback one that is down."""


@pytest.fixture
def isolated(offline: Csm) -> Csm:
    """The same, in a network namespace without interfaces."""
    try:
        tried = subprocess.run([*NO_INTERFACES, "true"], capture_output=True, text=True, check=False)
        refusal = tried.stderr.strip()
    except FileNotFoundError as error:
        refusal = str(error)
    if refusal:
        pytest.skip(f"needs the right to make a network namespace: {refusal}")
    return replace(offline, before=NO_INTERFACES)


def obj_of_letter() -> str:
    points, faces = letter((0.0, 0.0, 0.0), (1.0, 2.0, 0.5))
    lines = ["mtllib letter.mtl", "usemtl red"]
    lines += [f"v {x} {y} {z}" for x, y, z in points]
    return "\n".join([*lines, *(f"f {a + 1} {b + 1} {c + 1}" for a, b, c in faces)])


def turn_of(number: int) -> int:
    return QUARTERS[number % 4]


def build_twenty() -> None:
    """Block-outs in centimeters: turned, mirrored, unevenly scaled."""
    for number in range(COUNT):
        scale = (90.0, 60.0, 75.0) if number % 3 else (-60.0, 80.0, 90.0)
        place = {"location": (number * 200.0, 0.0, 5.0), "rotation_euler": (0.1, 0.2, number * 0.3), "scale": scale}
        add_letter(f"Prop {number:02}", turn_of(number) if number % 3 else 0, **place)


def write_letter(path: Path) -> None:
    """The letter as Blender's own exporters write it, or, where a test looks closer, by hand."""
    selected: Any = {"filepath": str(path)}
    match path.suffix:
        case ".glb":
            path.write_bytes(glb_of_letter())
        case ".obj":
            path.write_text(obj_of_letter())
        case ".zip":
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("deep/letter.obj", obj_of_letter())
        case ".stl":
            bpy.ops.wm.stl_export(**selected)
        case ".ply":
            bpy.ops.wm.ply_export(**selected)
        case ".fbx":
            bpy.ops.export_scene.fbx(**selected)
        case ".usdc":
            bpy.ops.wm.usd_export(**selected)


KINDS = (
    "Prop {:02}.glb",
    "prop-{}.obj",
    "PROP_{:02}.zip",
    "prop {}.stl",
    "Prop {:02}.ply",
    "Prop_{}.fbx",
    "Prop{}.usdc",
)
"""The files' names, called as the objects are but for case, zeros and separators."""


@pytest.mark.filterwarnings("ignore::DeprecationWarning:io_scene_fbx.*")
def test_twenty_files_of_a_folder_stand_exactly_and_face_right_without_a_network(isolated: Csm, tmp_path: Path) -> None:
    scene = save_scene(tmp_path / "scene.blend", build_twenty, scale_length=0.01)
    folder = tmp_path / "meshes"
    folder.mkdir()
    add_letter("Letter", 0)
    for number in range(COUNT):
        write_letter(folder / KINDS[number % len(KINDS)].format(number))
    (folder / "letter.mtl").write_text("newmtl red\nKd 1 0 0\n")
    (folder / "stranger.glb").write_bytes(glb_of_letter())
    output = tmp_path / "out.blend"
    done = isolated(
        *("refine", "--blend", scene, "--folder", folder, "--engine", "none", "--output", output),
        *("--export", tmp_path / "export", "--json"),
        timeout=300.0,
    )

    assert done.status == 0, done.stderr
    assert "not paired: stranger.glb" in done.stderr
    assert [job["status"] for job in done.jobs] == ["PLACED"] * COUNT
    found = plain_measure(output, *(f"{job['object']}={job['result']['object']}" for job in done.jobs))
    assert all(facts["corner_error"] <= TOLERANCE for facts in found.values()), found
    assert all(facts["origin_error"] <= TOLERANCE for facts in found.values()), found
    for job in done.jobs:
        number = int(job["object"].split()[1])
        assert (job["session"], job["engine"], Path(job["source"]).parent) == (None, "none", folder)
        assert job["requests"] == {"get": 0, "post": 0, "download_bytes": 0}
        assert job["fit"]["delivered_error"] is None, "nobody was asked for a size"
        if number % 3:  # those of the rest are mirror images of the letter
            assert job["facing"] == turn_of(number), job["object"]
            assert not [note for note in job["result"]["notes"] if "does not tell" in note]
        assert min(job["stretch"]) == pytest.approx(1.0)
        made_of = found[f"{job['object']}={job['result']['object']}"]["materials"]
        if job["source"].endswith(".obj"):
            assert [name.split(".")[0] for name in made_of] == ["red"], "materials beside an OBJ come along"
    assert {path.stem for path in (tmp_path / "export").iterdir()} == {Path(job["source"]).stem for job in done.jobs}


def test_rows_of_a_file_choose_engine_budget_and_facing(offline: Csm, tmp_path: Path) -> None:
    scene = save_scene(tmp_path / "scene.blend", lambda: [add_letter(name, 0) for name in ("A", "B", "C")])
    (tmp_path / 'it\'s a "letter" 🪑.glb').write_bytes(glb_of_letter())
    with (tmp_path / "jobs.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["source", "object", "engine", "triangles", "facing"])
        rows.writerow(['it\'s a "letter" 🪑.glb', "A", "none", "", "90"])
        rows.writerow([tmp_path / 'it\'s a "letter" 🪑.glb', "B", "", "500", ""])
        rows.writerow(["object:A", "C", "none", "", "as-delivered"])
    call = ("refine", "--blend", scene, "--jobs", tmp_path / "jobs.csv", "--texture", "0", "--json")
    dry = offline(*call, "--dry-run")
    assert dry.status == 0, dry.stderr
    assert [(job["engine"], job["facing"]) for job in dry.jobs] == [("none", 90), ("local", None), ("none", 0)]
    assert [job["scaled_bbox"] for job in dry.jobs] == [[1.0, 1.0, 1.0]] * 3
    assert not (tmp_path / "jobs").exists()

    done = offline(*call, "--output", tmp_path / "out.blend", timeout=300.0)
    assert done.status == 0, done.stderr
    assert [(job["engine"], job["facing"]) for job in done.jobs] == [("none", 90), ("local", 0), ("none", 0)]
    assert [job["source"] for job in done.jobs][2] == "object:A"
    kept, made, _ = (job["remesh"] for job in done.jobs)
    assert kept is None
    assert made["version"] == 1
    assert made["output"]["triangles"] <= 500
    assert all(job["fit"]["placed_error"] <= TOLERANCE for job in done.jobs)


def build_objects() -> None:
    add_letter("Block", 90)
    raw = add_letter("Raw", 0, location=(5.0, 5.0, 5.0), scale=(0.02, 0.01, 0.01), rotation_euler=(0.0, 0.0, 0.0))
    material = bpy.data.materials.new("Clay")
    if bpy.app.version < (5, 0, 0):  # later ones always have nodes
        material.use_nodes = True
    raw.data.materials.append(material)
    raw.shape_key_add(name="Basis")
    key = raw.shape_key_add(name="Wide")
    key.value = 1.0
    for point in key.data:
        point.co.x *= 2.0
    raw.modifiers.new("Triangulate", "TRIANGULATE")
    raw.hide_viewport = True


def test_an_object_is_taken_as_it_looks_and_not_changed(offline: Csm, tmp_path: Path) -> None:
    scene = save_scene(tmp_path / "scene.blend", build_objects)
    output = tmp_path / "out.blend"
    call = ("refine", "--blend", scene, "--job", "object:Raw=Block", "--engine", "none", "--output", output, "--json")
    done = offline(*call)
    assert done.status == 0, done.stderr
    [job] = done.jobs
    assert (job["source"], job["facing"], job["status"]) == ("object:Raw", 90, "PLACED")
    # 0.02 wide by its scale, twice that by its shape key, and 0.01 deep and high; a quarter turn makes it 0.04 deep.
    assert job["stretch"] == pytest.approx([4.0, 4.0, 1.0], rel=1e-5)
    assert "Stretched 4.0 times in width, height" in job["quality"]["verdict"]
    found = plain_measure(output, f"Block={job['result']['object']}")
    [facts] = found.values()
    assert facts["corner_error"] <= TOLERANCE
    assert facts["materials"] == ["Clay"] or facts["materials"][0].startswith("Clay.")
    bpy.ops.wm.open_mainfile(filepath=str(output))
    raw = bpy.data.objects["Raw"]
    assert raw.hide_viewport
    assert [modifier.type for modifier in raw.modifiers] == ["TRIANGULATE"]
    assert len(raw.data.shape_keys.key_blocks) == 2
    assert tuple(raw.scale) == pytest.approx((0.02, 0.01, 0.01))
    assert not [mesh.name for mesh in bpy.data.meshes if mesh.name.startswith("csm_")]


def wait_for(csm: Csm, process: Any, state: JobState) -> None:
    deadline = time.monotonic() + 60.0
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        if (csm.folder / "jobs" / "jobs.sqlite3").exists():
            with closing(Store(csm.folder / "jobs")) as store:
                if any(job.state is state for job in store.jobs()):
                    return
        time.sleep(0.02)
    pytest.fail(f"no job came to {state}")


def test_a_killed_call_is_resumed_from_the_copies_though_file_and_object_are_gone(offline: Csm, tmp_path: Path) -> None:
    def build() -> None:
        add_letter("A", 0)
        add_letter("B", 180)
        add_letter("Raw", 0, location=(4.0, 0.0, 0.0))

    scene = save_scene(tmp_path / "scene.blend", build)
    source = tmp_path / "letter.glb"
    source.write_bytes(glb_of_letter())
    os.utime(source, (0.0, 0.0))  # one that was changed just now is copied a moment later
    output = tmp_path / "out.blend"
    jobs = ("--job", f"{source}=A", "--job", "object:Raw=B")
    process = offline.start("refine", "--blend", scene, *jobs, "--engine", "none", "--output", output, "--json")
    wait_for(offline, process, JobState.CONVERTING)
    process.kill()
    process.communicate()
    assert not output.exists()
    source.unlink()
    with closing(sqlite3.connect(tmp_path / "jobs" / "jobs.sqlite3")) as database:
        database.execute("UPDATE jobs SET lease_until=0")  # the killed process held them for a minute
        database.commit()

    done = offline("resume", "--json")
    assert done.status == 0, done.stderr
    assert sorted((job["object"], job["status"], job["facing"]) for job in done.jobs) == [
        ("A", "PLACED", 0),
        ("B", "PLACED", 180),
    ]
    found = plain_measure(output, *(f"{job['object']}={job['result']['object']}" for job in done.jobs))
    assert all(facts["corner_error"] <= TOLERANCE for facts in found.values())


def test_a_session_as_it_is_or_its_free_preview_is_fetched_and_nothing_is_requested(csm: Csm, tmp_path: Path) -> None:
    scene = save_scene(tmp_path / "scene.blend", lambda: [add_box(name, (1.0, 2.0, 3.0)) for name in ("A", "B")])
    for engine, name in (("none", "A"), ("local", "B")):
        call = ("refine", "--blend", scene, "--job", f"{SESSION}={name}", "--engine", engine, "--texture", "0")
        done = csm(*(call if engine == "local" else call[:-2]), "--output", tmp_path / f"{name}.blend", "--json")
        assert done.status == 0, done.stderr
        [job] = done.jobs
        assert (job["session"], job["source"], job["engine"]) == (SESSION, SESSION, engine)
        assert (job["requests"]["post"], job["requests"]["get"]) == (0, 1)
        assert bool(job["remesh"]) == (engine == "local")
        assert job["fit"]["placed_error"] <= TOLERANCE
    assert csm.service.counts()["post"] == {}
