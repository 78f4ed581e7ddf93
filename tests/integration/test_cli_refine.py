# SPDX-License-Identifier: GPL-3.0-or-later
"""``refine`` from a scene and a service to a saved scene with the results in place, and its report."""

from __future__ import annotations

import json
import math
import platform
import sqlite3
import struct
from contextlib import closing
from pathlib import Path
from typing import Any

import bpy
import pytest
from blender_scenes import Csm, add_box, plain_measure, save_scene
from common import asset

TOLERANCE = 1e-5  # of the box's diagonal: docs/fit.md
SESSION = "SESSION_1700000002_0000002"  # answers in the 2024 style
SESSION_2025 = "SESSION_1700000001_0000001"


def build_difficult_scene() -> None:
    """In centimeters: rotated, under a parent, mirrored, unevenly scaled, origin off the box."""
    root = bpy.data.objects.new("Root", None)
    root.location, root.rotation_euler, root.scale = (120.0, -40.0, 5.0), (0.2, 0.1, -0.9), (1.5, 1.5, 1.5)
    bpy.context.scene.collection.objects.link(root)
    add_box("Duck", (40, 30, 25), pivot=(0.2, -0.1, -0.5), location=(10, 20, 30), rotation=(0.3, 0.2, 1.0), parent=root)
    add_box("BoxTextured", (1, 1, 1), location=(0, 0, 300), scale=(30, 50, -70), rotation=(0.1, 0.9, 0.0))
    add_box("monkey", (20, 80, 35), pivot=(0.0, 0.0, 2.5), location=(-200, 0, 0), scale=(-1, 1, 1))
    add_box("nested", (60, 60, 5), pivot=(0.5, 0.5, 0.5), location=(0, -300, 0), rotation=(math.pi, 0.0, 0.0))


def test_the_shared_samples_stand_exactly_where_their_block_outs_stood(csm: Csm, tmp_path: Path) -> None:
    names = ["Duck", "BoxTextured", "monkey", "nested"]
    scene = save_scene(tmp_path / "scene.blend", build_difficult_scene, scale_length=0.01)
    files = [asset(f"{name}.glb") for name in names]  # delivered as they are
    jobs = [(csm.service.add_session(None, file, raw_result=str(file)), file.stem) for file in files]
    arguments = [word for session, name in jobs for word in ("--job", f"{session}={name}")]
    done = csm("refine", "--blend", scene, *arguments, "--output", tmp_path / "refined.blend", "--json")

    assert done.status == 0, done.stderr
    assert [job["status"] for job in done.jobs] == ["PLACED"] * 4
    assert all(job["fit"]["placed_error"] <= TOLERANCE for job in done.jobs)
    found = plain_measure(tmp_path / "refined.blend", *(f"{name}={name}_refined" for name in names))
    for pair, facts in found.items():
        assert facts["corner_error"] <= TOLERANCE, pair
        assert facts["origin_error"] <= TOLERANCE, pair
        assert facts["up_degrees"] <= 0.1, pair
        assert facts["vertices"] > 8, pair
    materials = {pair.split("=")[0]: len(facts["materials"]) for pair, facts in found.items()}
    assert materials == {name: count_of_materials(asset(f"{name}.glb")) for name in names}
    assert found["Duck=Duck_refined"]["images"] == [[512, 512]]
    assert found["BoxTextured=BoxTextured_refined"]["images"] == [[256, 256]]


def test_the_report_holds_what_the_contract_promises(csm: Csm, blockout: Path, tmp_path: Path) -> None:
    done = csm("refine", "--blend", blockout, "--job", f"{SESSION}=Chair", "--output", tmp_path / "out.blend", "--json")
    job = done.jobs[0]
    assert done.report["version"] == 1
    assert job["session"] == SESSION
    assert job["object"] == "Chair"
    assert job["scaled_bbox"] == pytest.approx([0.5, 0.9, 0.6], abs=1e-6)
    assert job["pivot_point"] == pytest.approx([0.0, -0.5, 0.0], abs=1e-6)
    assert job["result"]["object"] == "Chair_refined"
    assert Path(job["result"]["glb"]).read_bytes()[:4] == b"glTF"
    assert Path(job["result"]["blend"]).is_file()
    assert len(job["result"]["sha256"]) == 64
    assert job["result"]["triangles"] > 500
    assert job["result"]["materials"] >= 1
    assert job["fit"]["delivered_error"] <= 1e-5
    assert job["requests"]["post"] == 1
    assert job["requests"]["get"] >= 2
    assert job["requests"]["download_bytes"] == Path(job["result"]["glb"]).stat().st_size
    assert job["seconds"] > 0.0
    assert job["error"] is None
    assert csm.service.counts()["post"] == {SESSION: 1}
    assert csm.service.counts()["downloads_with_key"] == 0


def test_a_dry_run_gives_the_box_of_the_contract_and_sends_nothing(csm: Csm, tmp_path: Path) -> None:
    def build() -> None:
        add_box("Chair", (50, 60, 90), pivot=(0.25, -0.5, -0.75), scale=(2.0, 1.0, 0.5), rotation=(1.0, 2.0, 3.0))

    scene = save_scene(tmp_path / "scene.blend", build, scale_length=0.01)
    done = csm("refine", "--blend", scene, "--job", f"{SESSION}=Chair", "--dry-run", "--json")

    assert done.status == 0
    assert done.jobs[0]["status"] == "DRY_RUN"
    assert done.jobs[0]["scaled_bbox"] == pytest.approx([1.0, 0.45, 0.6], rel=1e-6)
    assert done.jobs[0]["pivot_point"] == pytest.approx([0.25, -0.5, 0.5], abs=1e-6)  # clamped from -0.75
    counts = csm.service.counts()
    assert not any(counts[kind] for kind in ("get", "post", "list", "download"))
    assert not (tmp_path / "jobs").exists()


def test_a_dry_run_needs_no_key(csm_without_service: Csm, blockout: Path) -> None:
    assert csm_without_service("refine", "--blend", blockout, "--job", f"{SESSION}=Chair", "--dry-run").status == 0


@pytest.mark.parametrize(("original", "hidden"), [("hide", True), ("keep", False)])
def test_the_original_is_hidden_or_kept(csm: Csm, blockout: Path, tmp_path: Path, original: str, hidden: bool) -> None:
    out = tmp_path / "out.blend"
    csm("refine", "--blend", blockout, "--job", f"{SESSION}=Chair", "--original", original, "--output", out)
    bpy.ops.wm.open_mainfile(filepath=str(out))
    chair = bpy.data.objects["Chair"]
    assert (chair.hide_viewport, chair.hide_render) == (hidden, hidden)
    assert len(chair.data.vertices) == 8
    assert len(bpy.data.objects["Chair_refined"].data.vertices) > 100


def test_replace_keeps_the_object_and_changes_its_mesh(csm: Csm, blockout: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.blend"
    done = csm(
        "refine", "--blend", blockout, "--job", f"{SESSION}=Chair", "--original", "replace", "--output", out, "--json"
    )
    assert done.jobs[0]["result"]["object"] == "Chair"
    assert done.jobs[0]["fit"]["placed_error"] <= TOLERANCE
    bpy.ops.wm.open_mainfile(filepath=str(out))
    assert len(bpy.data.objects["Chair"].data.vertices) > 100
    assert "Chair_refined" not in bpy.data.objects
    assert any(len(mesh.vertices) == 8 for mesh in bpy.data.meshes)


def test_in_place_saves_over_the_input_and_output_leaves_it_alone(csm: Csm, blockout: Path, tmp_path: Path) -> None:
    before = blockout.read_bytes()
    csm("refine", "--blend", blockout, "--job", f"{SESSION}=Chair", "--output", tmp_path / "out.blend")
    assert blockout.read_bytes() == before
    done = csm("refine", "--blend", blockout, "--job", f"{SESSION}=Chair", "--in-place", "--json")
    assert done.jobs[0]["requests"]["post"] == 0, "the session is refined already, so nothing is paid again"
    bpy.ops.wm.open_mainfile(filepath=str(blockout))
    assert "Chair_refined" in bpy.data.objects


def test_again_asks_for_a_new_refine(csm: Csm, blockout: Path) -> None:
    for _ in range(2):
        done = csm("refine", "--blend", blockout, "--job", f"{SESSION}=Chair", "--again", "--json")
        assert done.jobs[0]["status"] == "PLACED", done.stderr
    assert csm.service.counts()["post"] == {SESSION: 2}


@pytest.mark.parametrize("session", [SESSION, SESSION_2025])
def test_one_session_on_two_objects_is_paid_once(csm: Csm, tmp_path: Path, session: str) -> None:
    def build() -> None:
        add_box("A", (1, 1, 1))
        add_box("B", (2, 1, 1), location=(5, 0, 0))

    scene = save_scene(tmp_path / "scene.blend", build)
    arguments = ("--job", f"{session}=A", "--job", f"{session}=B", "--export", tmp_path / "meshes", "--json")
    done = csm("refine", "--blend", scene, *arguments)
    assert [job["status"] for job in done.jobs] == ["PLACED", "PLACED"], done.stderr
    assert csm.service.counts()["post"] == {session: 1}
    assert sorted(path.name for path in (tmp_path / "meshes").iterdir()) == [f"{session}-2.glb", f"{session}.glb"]


def test_an_exported_mesh_has_the_boxs_size_in_metres(csm: Csm, tmp_path: Path) -> None:
    def build() -> None:
        add_box("Chair", (50, 60, 90), pivot=(0, 0, -0.5), scale=(-1, 1, 1))

    scene = save_scene(tmp_path / "scene.blend", build, scale_length=0.01)
    for original in ("hide", "replace"):
        folder = tmp_path / original
        done = csm("refine", "--blend", scene, "--job", f"{SESSION}=Chair", "--original", original, "--export", folder)
        assert done.status == 0, done.stderr
        low, high = bounds_in_glb(folder / f"{SESSION}.glb")
        assert low == pytest.approx([-0.25, 0.0, -0.3], abs=1e-5)
        assert high == pytest.approx([0.25, 0.9, 0.3], abs=1e-5)


def test_names_may_hold_quotes_newlines_and_markup(csm: Csm, tmp_path: Path) -> None:
    name = "Chair \"x\", 'y'\n<b>=;--%s ☃"
    scene = save_scene(tmp_path / "scene.blend", lambda: add_box(name, (0.5, 0.6, 0.9)))
    jobs = tmp_path / "jobs.json"
    jobs.write_text(json.dumps([{"session": SESSION, "object": name}]), encoding="utf-8")
    done = csm("refine", "--blend", scene, "--jobs", jobs, "--output", tmp_path / "out.blend", "--json")
    assert done.status == 0, done.stderr
    assert done.jobs[0]["object"] == name
    assert done.jobs[0]["fit"]["placed_error"] <= TOLERANCE
    assert csm("jobs").status == 0


def test_a_box_by_numbers_needs_no_object(csm: Csm, blockout: Path, tmp_path: Path) -> None:
    numbers = ("--bbox", "0.5,1.0,0.25", "--pivot", "0,-0.5,0")
    done = csm("refine", "--blend", blockout, "--job", SESSION, *numbers, "--output", tmp_path / "out.blend", "--json")
    assert done.status == 0, done.stderr
    assert done.jobs[0]["object"] is None
    assert done.jobs[0]["scaled_bbox"] == [0.5, 1.0, 0.25]
    assert done.jobs[0]["fit"]["placed_error"] <= TOLERANCE
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "out.blend"))
    result = bpy.data.objects[done.jobs[0]["result"]["object"]]
    assert list(result.dimensions) == pytest.approx([0.5, 0.25, 1.0], rel=1e-5)
    assert min(corner[2] for corner in result.bound_box) == pytest.approx(0.0, abs=1e-6)


def test_the_store_can_be_read_with_sqlite3_by_a_person(csm: Csm, blockout: Path, tmp_path: Path) -> None:
    csm("refine", "--blend", blockout, "--job", f"{SESSION}=Chair")
    with closing(sqlite3.connect(tmp_path / "jobs" / "jobs.sqlite3")) as store:
        row = store.execute("SELECT state, session_code, object_name, posts FROM jobs").fetchone()
        states = [state for (state,) in store.execute("SELECT state FROM events ORDER BY rowid")]
        dump = "\n".join(store.iterdump())
    assert row == ("PLACED", SESSION, "Chair", 1)
    assert states == ["QUEUED", "CHECKING", "SUBMITTING", "REFINING", "DOWNLOADING", "CONVERTING", "READY", "PLACED"]
    assert csm.service.key not in dump
    assert "sig=" not in dump


def test_the_other_commands_tell_about_sessions_and_jobs(csm: Csm, blockout: Path) -> None:
    status = csm("status", SESSION, "--json")
    assert status.report["session"]["session"] == SESSION
    listed = csm("sessions", "--json")
    assert SESSION in [entry["session"] for entry in listed.report["sessions"]]
    csm("refine", "--blend", blockout, "--job", f"{SESSION}=Chair")
    assert [job["status"] for job in csm("jobs", "--json").jobs] == ["PLACED"]
    report = csm("jobs", "--report").report
    assert report["blender"] == "not loaded", "the store needs none"
    assert report["python"] == platform.python_version()
    assert csm.service.key not in json.dumps(report)
    for command in ("status", "sessions", "jobs"):
        shown = csm(command, *([SESSION] if command == "status" else []))
        assert shown.status == 0
        assert SESSION in shown.stdout


def document_of(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    return json.loads(data[20 : 20 + length])


def count_of_materials(path: Path) -> int:
    return len(document_of(path).get("materials", []))


def bounds_in_glb(path: Path) -> tuple[list[float], list[float]]:
    """Lowest and highest position in a GLB whose nodes have no transform."""
    document = document_of(path)
    assert not any(key in node for node in document["nodes"] for key in ("matrix", "rotation", "scale", "translation"))
    used = [
        document["accessors"][primitive["attributes"]["POSITION"]]
        for mesh in document["meshes"]
        for primitive in mesh["primitives"]
    ]
    low = [min(accessor["min"][i] for accessor in used) for i in range(3)]
    high = [max(accessor["max"][i] for accessor in used) for i in range(3)]
    return low, high
