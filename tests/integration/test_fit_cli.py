# SPDX-License-Identifier: GPL-3.0-or-later
"""On the command line: one box over several objects, one session for many copies, and the object's own materials."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import fit_measure as fm
import numpy as np
import pytest
from fit_bench import new_scene, open_file, save
from fit_glbs import DISOBEDIENCE, disobedient, letter, plain
from fit_kind import OBLIQUE, add, mesh
from fit_kinds import KINDS
from mathutils import Matrix

bpy = pytest.importorskip("bpy")

SESSION = "SESSION_1700000002_0000002"


def test_several_objects_and_a_name_with_a_plus_sign(csm: Any, tmp_path: Path) -> None:
    new_scene()
    kind = KINDS["several objects, one box"](tmp_path)
    save(tmp_path / "in.blend")
    jobs = tmp_path / "jobs.json"
    jobs.write_text(json.dumps([{"session": SESSION, "object": kind.names}, {"session": SESSION, "object": "A+B"}]))
    done = csm("refine", "--blend", tmp_path / "in.blend", "--jobs", jobs, "--output", tmp_path / "out.blend", "--json")
    assert done.status == 0, done.stderr
    assert [job["object"] for job in done.jobs] == ["A+B+C+D", "A+B"]
    open_file(tmp_path / "out.blend")
    joint, single = (bpy.data.objects[job["result"]["object"]] for job in done.jobs)
    joint.hide_viewport = single.hide_viewport = False
    assert fm.distance(fm.result_corners(joint), kind.corners) <= 1e-5
    assert fm.origin_distance(joint, kind.origin, kind.corners) <= 1e-5
    for name in ("A+B", "C", "D"):
        assert bpy.data.objects[name].hide_viewport
        assert bpy.data.objects[name].hide_render
    quality = done.jobs[0]["quality"]
    assert quality["good"]
    assert quality["size_placed"] == pytest.approx(quality["size_asked"], rel=1e-5)


def test_what_is_joined_must_be_there_and_cannot_be_replaced(csm: Any, tmp_path: Path) -> None:
    new_scene()
    KINDS["several objects, one box"](tmp_path)
    save(tmp_path / "in.blend")
    start = ("refine", "--blend", tmp_path / "in.blend", "--dry-run", "--json")
    missing = csm(*start, "--job", f"{SESSION}=C+Nobody")
    assert missing.status == 2
    assert "'Nobody'" in missing.stderr
    twice = csm(*start, "--job", f"{SESSION}=C+C")
    assert twice.status == 2
    replaced = csm(*start, "--job", f"{SESSION}=C+D", "--original", "replace")
    assert replaced.status == 2
    assert replaced.report["error"]["code"] == "target_unchangeable"
    assert csm.service.counts()["post"] == {}


@pytest.mark.parametrize("fate", ["replace", "hide"])
def test_twenty_chairs_share_one_result(csm: Any, tmp_path: Path, fate: str) -> None:
    new_scene()
    shared = mesh()
    oak = bpy.data.materials.new("Oak")
    shared.materials.append(oak)
    chairs = [
        add(f"Chair{n}", shared, Matrix.LocRotScale((n, 0, 0), Matrix.Rotation(n, 3, "Z"), None)) for n in range(20)
    ]
    low, high = fm.box_of(fm.vertices(chairs[0]))
    wanted = [fm.corners(fm.world(chair), low, high) for chair in chairs]
    save(tmp_path / "in.blend")
    arguments = ["--copies"] if fate == "hide" else []
    done = csm(
        "refine", "--blend", tmp_path / "in.blend", "--job", f"{SESSION}=Chair0", "--original", fate, *arguments,
        "--materials", "own", "--output", tmp_path / "out.blend", "--json",
    )  # fmt: skip
    assert done.status == 0, done.stderr
    assert done.jobs[0]["requests"]["post"] == 1
    assert len(done.jobs[0]["result"]["copies"]) == 19
    open_file(tmp_path / "out.blend")
    results = [bpy.data.objects[f"Chair{n}" if fate == "replace" else f"Chair{n}_refined"] for n in range(20)]
    assert len({result.data.name for result in results}) == 1
    assert [material.name for material in results[0].data.materials] == ["Oak"]
    assert max(fm.distance(fm.result_corners(r), w) for r, w in zip(results, wanted, strict=True)) <= 1e-5
    assert np.ptp([fm.world(result)[0, 3] for result in results]) == pytest.approx(19.0, abs=1e-5)


BEHAVIOURS = ("ignore_bbox", "ignore_pivot", "swap_axes", "unit_cube")


def test_a_real_service_that_disobeys_is_put_right(csm: Any, tmp_path: Path) -> None:
    """Over HTTP, through the worker's pipeline and the converter's own process: the placed error stays below 1e-5."""
    new_scene()
    wanted = {}
    for number, name in enumerate((*BEHAVIOURS, *DISOBEDIENCE)):
        obj = add(name, mesh(), Matrix.Translation((number * 5.0, 0.0, 0.0)) @ OBLIQUE)
        wanted[name] = fm.corners(fm.world(obj), *fm.box_of(fm.vertices(obj))), fm.world(obj)[:3, 3]
    save(tmp_path / "in.blend")
    preview = plain(*letter())
    sessions = {name: csm.service.add_session(None, preview, **{name: True}) for name in BEHAVIOURS}
    for name in DISOBEDIENCE:
        delivered = tmp_path / f"{name}.glb"
        delivered.write_bytes(disobedient(name, (1.0, 2.0, 3.0), (0.0, 0.0, 0.0)))
        sessions[name] = csm.service.add_session(None, preview, raw_result=str(delivered))
    jobs = tmp_path / "jobs.json"
    jobs.write_text(json.dumps([{"session": code, "object": name} for name, code in sessions.items()]))
    done = csm(
        "refine", "--blend", tmp_path / "in.blend", "--jobs", jobs, "--output", tmp_path / "out.blend", "--json",
        timeout=300.0,
    )  # fmt: skip
    assert done.status == 0, done.stderr
    open_file(tmp_path / "out.blend")
    for job in done.jobs:
        result = bpy.data.objects[job["result"]["object"]]
        corners, origin = wanted[job["object"]]
        assert fm.distance(fm.result_corners(result), corners) <= 1e-5, job["object"]
        assert fm.origin_distance(result, origin, corners) <= 1e-5, job["object"]
        assert job["quality"]["good"], job["quality"]["verdict"]


def test_a_result_that_misses_the_box_is_no_success(csm: Any, tmp_path: Path) -> None:
    """A flat mesh cannot fill a box. It is placed, to be looked at, and the exit status says that it is not right."""
    new_scene()
    for name in ("Flat", "Good"):
        add(name, mesh())
    save(tmp_path / "in.blend")
    points, faces = letter()
    sessions = {}
    for name, depth in (("Flat", 0.0), ("Good", 1.0)):
        delivered = tmp_path / f"{name}.glb"
        delivered.write_bytes(plain(points * (1.0, 1.0, depth), faces))
        sessions[name] = csm.service.add_session(None, plain(*letter()), raw_result=str(delivered))
    both = [word for name, code in sessions.items() for word in ("--job", f"{code}={name}")]
    done = csm("refine", "--blend", tmp_path / "in.blend", *both, "--output", tmp_path / "out.blend", "--json")
    assert done.status == 1
    flat, good = done.jobs
    assert (flat["status"], good["status"]) == ("PLACED", "PLACED")
    assert flat["fit"]["placed_error"] > 1e-2
    assert not flat["quality"]["good"]
    assert flat["quality"]["verdict"].startswith("Off by")
    assert good["quality"]["good"]
    alone = csm(
        "refine", "--blend", tmp_path / "in.blend", *both[:2], "--output", tmp_path / "flat.blend"
    )  # without --json it is said in words
    assert alone.status == 1
    assert "Flat: Off by" in alone.stderr
