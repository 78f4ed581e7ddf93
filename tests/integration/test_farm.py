# SPDX-License-Identifier: GPL-3.0-or-later
"""``plan``, ``work`` and ``assemble`` make what ``refine`` makes, also of a scene that changed meanwhile."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import pytest
from blender_scenes import Csm, Outcome, add_box, plain_measure, save_scene
from common import ROOT, service_python
from tiny_glb import glb

TOLERANCE = 1e-5  # of the box's diagonal: docs/fit.md
SESSION = "SESSION_1700000002_0000002"
Break = Callable[[Path], None] | None
NAMES = ("Crate", "Barrel", "Post")


def build() -> None:
    add_box("Crate", (0.5, 0.6, 0.9), pivot=(0.0, 0.0, -0.5), location=(1.0, 2.0, 0.25), rotation=(0.0, 0.0, 0.7))
    add_box("Barrel", (1.0, 1.0, 1.4), location=(5.0, 0.0, 0.0), rotation=(0.1, 0.2, 0.3), scale=(-1.0, 1.0, 1.0))
    add_box("Post", (0.1, 0.1, 2.0), location=(-3.0, 0.0, 0.0))


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    """Three block-outs, and a folder with a mesh file for each."""
    (tmp_path / "meshes").mkdir()
    for name in NAMES:
        (tmp_path / "meshes" / f"{name}.glb").write_bytes(glb())
    return save_scene(tmp_path / "scene.blend", build)


class Farm:
    """A plan and the calls about it."""

    def __init__(self, csm: Csm, folder: Path) -> None:
        self.csm, self.plan, self.output = csm, folder / "plan", folder / "out.blend"

    def make(self, *arguments: object) -> Outcome:
        return self.csm("plan", "--blend", self.csm.folder / "scene.blend", "--out", self.plan, *arguments)

    def make_of_files(self, *arguments: object) -> Outcome:
        return self.make("--folder", self.csm.folder / "meshes", "--engine", "none", *arguments)

    def work(self, *arguments: object) -> Outcome:
        return self.csm("work", self.plan, "--json", *arguments)

    def assemble(self, *arguments: object) -> Outcome:
        return self.csm("assemble", self.plan, "--output", self.output, "--json", *arguments)


@pytest.fixture
def farm(csm_without_service: Csm, scene: Path) -> Farm:
    return Farm(csm_without_service, scene.parent)


def lines(done: Outcome) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def comparable(entry: dict[str, Any]) -> dict[str, Any]:
    """What two calls must agree on: all but ids, times and paths."""
    kept = {name: value for name, value in entry.items() if name not in ("job_id", "seconds", "index", "requests")}
    kept["result"] = {name: value for name, value in entry["result"].items() if name not in ("glb", "blend")}
    kept["remesh"] = {**(entry["remesh"] or {}), "seconds": None}
    return kept


def change(scene: Path, what: Callable[[], None]) -> None:
    """Have the artist change the scene after the plan was made."""
    bpy.ops.wm.open_mainfile(filepath=str(scene))
    what()
    bpy.ops.wm.save_as_mainfile(filepath=str(scene))
    bpy.ops.wm.read_factory_settings(use_empty=True)


def test_three_calls_make_what_refine_makes(csm: Csm, scene: Path, tmp_path: Path) -> None:
    jobs = ["--job", f"{SESSION}=Crate", "--job", f"{tmp_path}/meshes/Barrel.glb=Barrel", "--job", "object:Barrel=Post"]
    how = [*jobs[:4], "--job", f"{tmp_path}/meshes/Post.glb=Post", "--pivot", "base"]
    farm = Farm(csm, tmp_path)
    made = farm.make(*how, "--export", tmp_path / "farm", "--json")
    assert made.status == 0, made.stderr
    assert made.report == {"version": 1, "plan": str(farm.plan), "jobs": 3}
    counts = csm.service.counts()
    assert not any(counts[kind] for kind in ("get", "post", "list", "download")), "planning asks nobody"
    assert [path.name for path in farm.plan.iterdir()] == ["plan.json"]
    assert csm.service.key not in (farm.plan / "plan.json").read_text(encoding="utf-8")

    worked = farm.work()
    assert worked.status == 0, worked.stderr
    assert sorted((entry["index"], entry["status"]) for entry in lines(worked)) == [(n, "READY") for n in (1, 2, 3)]
    for entry in lines(worked):
        folder = farm.plan / "results" / entry["job_id"]
        assert json.loads((folder / "report.json").read_text(encoding="utf-8")) == entry
        assert (folder / "refined.blend").is_file()
        assert "READY" in (folder / "job.log").read_text(encoding="utf-8")
    assembled = farm.assemble()
    assert assembled.status == 0, assembled.stderr

    alone = tmp_path / "alone.blend"
    refined = csm("refine", "--blend", scene, *how, "--export", tmp_path / "alone", "--output", alone, "--json")
    assert refined.status == 0, refined.stderr
    assert list(map(comparable, assembled.jobs))[1:] == list(map(comparable, refined.jobs))[1:]
    assert assembled.jobs[0]["requests"]["post"] == 1
    assert csm.service.counts()["post"] == {SESSION: 1}
    pairs = [f"{name}={name}_refined" for name in NAMES]
    boxes = [plain_measure(blend, *pairs) for blend in (farm.output, alone)]
    assert boxes[0] == boxes[1]
    exported = sorted(path.name for path in (tmp_path / "farm").iterdir())
    assert len(exported) == 3
    for name in exported:
        assert (tmp_path / "farm" / name).read_bytes() == (tmp_path / "alone" / name).read_bytes()


def test_results_stand_where_block_outs_are_now(farm: Farm, scene: Path) -> None:
    assert farm.make_of_files().status == 0
    assert farm.work().status == 0

    def artist() -> None:
        objects = bpy.data.objects
        objects["Crate"].location = (9.0, 9.0, 9.0)
        objects["Crate"].rotation_euler = (0.5, 0.0, 0.0)
        objects["Barrel"].name = "Keg"
        bpy.data.objects.remove(objects["Post"])

    change(scene, artist)
    done = farm.assemble()
    assert done.status == 0, done.stderr
    found = plain_measure(farm.output, "Crate=Crate_refined", "Keg=Keg_refined")
    assert [facts["corner_error"] <= TOLERANCE for facts in found.values()] == [True, True]
    notes = {job["object"]: job["quality"]["notes"][-1] for job in done.jobs}
    assert "faces" in notes["Crate"], "the converter's: a plain box does not say which way a mesh looks"
    assert notes["Barrel"] == "'Barrel' is called 'Keg' now."
    assert "is not in the scene any more" in notes["Post"]
    bpy.ops.wm.open_mainfile(filepath=str(farm.output))
    assert list(bpy.data.objects["Post_refined"].location) == pytest.approx([-3.0, 0.0, 0.0])
    assert list(bpy.data.objects["Post_refined"].dimensions) == pytest.approx([0.1, 0.1, 2.0])


def test_assembled_while_work_goes_on_and_again_later(farm: Farm) -> None:
    assert farm.make_of_files().status == 0
    assert farm.work("--index", 2).status == 0
    part = farm.assemble()
    assert part.status == 1, "not all placed"
    assert [job["status"] for job in part.jobs] == ["QUEUED", "PLACED", "QUEUED"]
    assert "2 of 3 jobs are not done yet" in part.stderr
    moved = next(job["result"]["object"] for job in part.jobs if job["status"] == "PLACED")

    def artist() -> None:
        bpy.data.objects[moved]["note"] = "mine"

    change(farm.output, artist)
    assert farm.work("--range", "1-3").status == 0
    whole = farm.assemble()
    assert whole.status == 0, whole.stderr
    assert [job["status"] for job in whole.jobs] == ["PLACED"] * 3
    before = farm.output.read_bytes()
    again = farm.assemble()
    assert (again.status, again.jobs) == (0, whole.jobs)
    assert farm.output.read_bytes() == before, "nothing new, nothing written"
    bpy.ops.wm.open_mainfile(filepath=str(farm.output))
    assert sorted(obj.name for obj in bpy.data.objects if obj.name.endswith("_refined")) == [
        "Barrel_refined", "Crate_refined", "Post_refined",
    ]  # fmt: skip
    assert bpy.data.objects[moved]["note"] == "mine"


def test_linked_results_stay_in_their_files(farm: Farm, tmp_path: Path) -> None:
    assert farm.make_of_files().status == 0
    assert farm.work().status == 0
    done = farm.assemble("--link")
    assert done.status == 0, done.stderr
    found = plain_measure(farm.output, *(f"{name}={name}_refined" for name in NAMES))
    assert all(facts["corner_error"] <= TOLERANCE for facts in found.values())
    (tmp_path / "elsewhere").mkdir()
    for part in (farm.plan, farm.output):
        shutil.move(part, tmp_path / "elsewhere" / part.name)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "elsewhere" / "out.blend"))
    meshes = [bpy.data.objects[f"{name}_refined"].data for name in NAMES]
    assert all(mesh.library is not None and mesh.library.filepath.startswith("//") for mesh in meshes)
    assert [len(mesh.vertices) for mesh in meshes] == [8, 8, 8], "links are relative, so a moved folder still has them"


def test_an_object_is_copied_when_the_plan_is_made(farm: Farm, scene: Path) -> None:
    assert farm.make("--job", "object:Barrel=Post", "--engine", "none").status == 0
    change(scene, lambda: bpy.data.objects.remove(bpy.data.objects["Barrel"]))
    assert farm.work().status == 0
    done = farm.assemble()
    assert [job["fit"]["placed_error"] <= TOLERANCE for job in done.jobs] == [True], done.stderr


def test_a_dry_run_and_a_plan_that_cannot_be_write_nothing(farm: Farm) -> None:
    shown = farm.make_of_files("--dry-run", "--json")
    assert (shown.status, [job["status"] for job in shown.jobs]) == (0, ["DRY_RUN"] * 3)
    assert farm.make("--job", "object:Nothing=Post").status == 2
    assert farm.make("--job", "object:Barrel=Post", "--job", "nothing.glb=Crate").status == 2
    assert not farm.plan.exists()
    assert farm.make_of_files().status == 0
    twice = farm.make_of_files()
    assert (twice.status, "a plan in" in twice.stderr) == (2, True)


def test_a_python_without_bpy_fetches_and_another_one_converts(csm: Csm, scene: Path, tmp_path: Path) -> None:
    farm = Farm(csm, tmp_path)
    assert farm.make("--job", f"{SESSION}=Crate", "--poll-interval", "0.2").status == 0
    call = [service_python(), "-m", "csm_blender", "work", str(farm.plan), "--json"]

    def plain(**variables: str) -> subprocess.CompletedProcess[str]:
        environment = {**csm.environment(), **variables}
        return subprocess.run(call, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120)

    without_key = plain(CSM_API_KEY="")
    assert (without_key.returncode, "CSM_API_KEY" in without_key.stderr) == (3, True)
    of_other_service = plain(CSM_BASE_URL="https://api.csm.example")
    assert of_other_service.returncode == 2
    assert "The plan is for the service" in of_other_service.stderr
    assert csm.service.counts()["post"] == {}
    fetched = plain()
    assert fetched.returncode == 1
    assert [json.loads(line)["error"]["code"] for line in fetched.stdout.splitlines()] == ["no_blender"]
    assert farm.work().status == 0
    assert csm.service.counts()["post"] == {SESSION: 1}
    assert csm.service.counts()["download"] == {SESSION: 1}


def test_files_without_a_blender_are_refused(farm: Farm) -> None:
    assert farm.make_of_files().status == 0
    call = [service_python(), "-m", "csm_blender", "work", str(farm.plan)]
    done = subprocess.run(call, cwd=ROOT, env=farm.csm.environment(), capture_output=True, text=True, check=False)
    assert (done.returncode, "There is no Blender here" in done.stderr) == (2, True)
    assert not (farm.plan / "results").exists()


def edited(plan: Path) -> None:
    path = plan / "plan.json"
    path.write_text(path.read_text(encoding="utf-8").replace("EXACT", "INSIDE"), encoding="utf-8")


def half_copied(plan: Path) -> None:
    path = plan / "plan.json"
    path.write_bytes(path.read_bytes()[:-200])


def of_another_version(plan: Path) -> None:
    path = plan / "plan.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"version": 1', '"version": 2'), encoding="utf-8")


def gone(plan: Path) -> None:
    (plan / "plan.json").unlink()


def results_in_the_way(plan: Path) -> None:
    (plan / "results").write_text("not a folder", encoding="utf-8")


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a plan of files, and a home."""
    folder = tmp_path_factory.mktemp("planned")
    (folder / "meshes").mkdir()
    for name in NAMES:
        (folder / "meshes" / f"{name}.glb").write_bytes(glb())
    save_scene(folder / "scene.blend", build)
    assert Farm(Csm(folder), folder).make_of_files().status == 0
    return folder


@pytest.mark.parametrize(
    ("break_it", "arguments", "status", "words"),
    [
        (edited, [], 2, "was changed after it was written"),
        (half_copied, [], 2, "not complete"),
        (of_another_version, [], 2, "another version"),
        (gone, [], 2, "There is no plan in"),
        (results_in_the_way, [], 1, "cannot be written"),
        (None, ["--index", "4"], 2, "There is no job 4 in the plan, which has 3"),
        (None, ["--range", "2-9"], 2, "There is no job 4"),
        (None, ["--range", "3-2"], 2, "two numbers with a hyphen"),
        (None, ["--index", "1", "--range", "1-2"], 2, "contradict each other"),
        (None, ["--index", "0"], 2, "positive whole number"),
        (None, ["--blender", "/no/such/blender"], 2, "There is no Blender at"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_done(
    planned: Path,
    tmp_path: Path,
    break_it: Callable[[Path], None] | None,
    arguments: list[str],
    status: int,
    words: str,
) -> None:
    plan = tmp_path / "plan"
    shutil.copytree(planned / "plan", plan)
    if break_it:
        break_it(plan)
    call = [service_python() if "--blender" in arguments else sys.executable, "-m", "csm_blender", "work", str(plan)]
    environment = Csm(planned).environment()
    done = subprocess.run(
        [*call, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, words in done.stderr) == (status, True), done.stderr
    assert "Traceback" not in done.stderr
    assert not list(plan.glob("results/*"))


def test_progress_as_farms_read_it_and_a_table(planned: Path) -> None:
    farm = Farm(Csm(planned), planned)
    shown = farm.csm("work", farm.plan, "--status", "--json")
    assert shown.report["counts"] == {"QUEUED": 3}
    done = farm.work("--openjd")
    assert done.status == 0, done.stderr
    told = [line for line in done.stderr.splitlines() if line.startswith("openjd_progress: ")]
    shares = [float(line.split(": ")[1]) for line in told]
    assert shares[-1] == 100.0
    assert shares == sorted(shares)
    assert any(line.startswith("openjd_status: [") and "READY" in line for line in done.stderr.splitlines())
    table = farm.csm("work", farm.plan, "--status")
    assert table.stdout.split() == ["status", "jobs", "------", "----", "READY", "3"]
    missing = farm.csm("assemble", farm.plan)
    assert (missing.status, "no output" in missing.stderr) == (2, True)
