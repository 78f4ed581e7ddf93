# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan: what is written is what is read, one job at a time, wherever the folder lies; anything else is refused."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest
from farm import file_spec, plan_of
from jobs_at_hand import spec

from csm_blender.core.errors import BadPlan
from csm_blender.core.farm.plan import PLAN_NAME, BlockOut, Plan, PlanHead, from_plan, planned, to_plan, write_plan
from csm_blender.core.models import AssetChoice, AssetPlace, Choices


def test_a_job_is_read_as_it_was_planned(tmp_path: Path) -> None:
    scene, mesh = tmp_path / "scene.blend", tmp_path / "meshes" / "chair 1.glb"
    wanted = [
        file_spec(mesh, export_path=str(tmp_path / "out" / "chair 1.glb")),
        spec(
            "SESSION_1", choices=Choices(asset=AssetChoice(AssetPlace.LIBRARY, "Mine", str(tmp_path / "lib"))).settled()
        ),
    ]
    head = PlanHead("ab" * 16, "2026-01-01", blend_file=str(scene), output=str(tmp_path / "o.blend"), timeout_s=5.0)
    write_plan(tmp_path / "plan", head, planned(wanted, [BlockOut("Cube", "MESH"), BlockOut()]))
    plan = Plan.read(tmp_path / "plan")
    assert plan.head == head
    assert len(plan) == 2
    assert plan.job(1).block_out == BlockOut("Cube", "MESH")
    shared = {"blend_file": str(scene), "output": str(tmp_path / "o.blend"), "run_id": "ab" * 16}
    assert [plan.job(index).spec for index in (1, 2)] == [replace(each, **shared) for each in wanted]


def test_the_plan_is_one_json_document_without_a_key(tmp_path: Path) -> None:
    plan_of(tmp_path, [spec("SESSION_1"), spec("SESSION_2")], "https://api.csm.example")
    data = json.loads((tmp_path / PLAN_NAME).read_text(encoding="utf-8"))
    assert (data["format"], data["version"], data["count"]) == ("csm-plan", 1, 2)
    assert [job["index"] for job in data["jobs"]] == [1, 2]
    assert not [name for name in data if "key" in name.lower()]


def test_the_folder_may_lie_elsewhere_on_another_machine(tmp_path: Path) -> None:
    here, there = tmp_path / "mnt" / "share", tmp_path / "farm"
    (here / "meshes").mkdir(parents=True)
    plan_of(here / "plan", [file_spec(here / "meshes" / "a.glb")], blend_file=str(here / "scene.blend"))
    assert str(here) not in (here / "plan" / PLAN_NAME).read_text(encoding="utf-8")
    here.rename(there)
    moved = Plan.read(there / "plan")
    assert moved.job(1).spec.source.name == str(there / "meshes" / "a.glb")
    assert moved.head.blend_file == str(there / "scene.blend")


@pytest.mark.parametrize("text", ["C:/meshes/a.glb", "//server/share/a.glb", "/abs/a.glb"])
def test_what_is_on_another_disk_stays_as_it_is(tmp_path: Path, text: str) -> None:
    assert from_plan(text, tmp_path) == text


def test_no_path_is_no_path(tmp_path: Path) -> None:
    assert to_plan("", tmp_path) == from_plan("", tmp_path) == ""


def test_jobs_for_one_session_are_bound_together() -> None:
    specs = [spec("SESSION_1"), spec("SESSION_2"), spec("SESSION_1"), file_spec(Path("a.glb"))]
    assert [job.asks_with for job in planned(specs, [BlockOut()] * 4)] == [1, 2, 1, 0]


def test_ids_say_which_job_of_which_plan(tmp_path: Path) -> None:
    plan, other = plan_of(tmp_path / "a", [spec("SESSION_1")] * 3), plan_of(tmp_path / "b", [spec("SESSION_1")] * 3)
    assert [plan.index_of(job_id) for job_id in plan.ids()] == [1, 2, 3]
    assert len(set(plan.ids()) | set(other.ids())) == 6
    assert other.index_of(plan.job_id(1)) == 0
    assert plan.index_of("nonsense") == plan.index_of(plan.job_id(4)) == 0


@pytest.mark.parametrize("index", [0, 4, -1])
def test_an_index_that_does_not_exist_is_said(tmp_path: Path, index: int) -> None:
    plan = plan_of(tmp_path, [spec("SESSION_1")] * 3)
    for ask in (plan.job, lambda index: plan.ids([index])):
        with pytest.raises(BadPlan, match=f"no job {index} in the plan, which has 3"):
            ask(index)


def test_there_is_one_plan_in_a_folder(tmp_path: Path) -> None:
    plan_of(tmp_path, [spec("SESSION_1")])
    before = (tmp_path / PLAN_NAME).read_bytes()
    with pytest.raises(BadPlan, match="already"):
        plan_of(tmp_path, [spec("SESSION_2")])
    assert (tmp_path / PLAN_NAME).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [PLAN_NAME]


def test_a_folder_without_a_plan_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadPlan, match="no plan in"):
        Plan.read(tmp_path)


def test_every_shorter_copy_of_a_plan_is_refused(tmp_path: Path) -> None:
    plan_of(tmp_path, [spec("SESSION_1"), spec("SESSION_2")])
    whole = (tmp_path / PLAN_NAME).read_bytes()
    for length in range(0, len(whole) - 1, 7):
        (tmp_path / PLAN_NAME).write_bytes(whole[:length])
        with pytest.raises(BadPlan, match=r"not complete|is no plan"):
            Plan.read(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("SESSION_1", "SESSION_9"),
        lambda text: text.replace('"EXACT"', '"INSIDE"', 1),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace('"count": 2', '"count": 3'),
        lambda text: "".join(line for number, line in enumerate(text.splitlines(keepends=True)) if number != 1),
    ],
)
def test_an_edited_plan_is_refused(tmp_path: Path, change: object) -> None:
    plan_of(tmp_path, [spec("SESSION_1"), spec("SESSION_2")])
    path = tmp_path / PLAN_NAME
    path.write_bytes(change(path.read_text(encoding="utf-8")).encode())  # type: ignore[operator]  # one of the above
    with pytest.raises(BadPlan, match="changed after it was written"):
        Plan.read(tmp_path)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"null", b"\xff\xfe\x00", b"{}\n", b'{"format": "else", "version": 1}\n']
)
def test_what_is_no_plan_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / PLAN_NAME).write_bytes(content)
    with pytest.raises(BadPlan, match="is no plan"):
        Plan.read(tmp_path)


def test_a_plan_of_another_version_is_said(tmp_path: Path) -> None:
    plan_of(tmp_path, [spec("SESSION_1")])
    path = tmp_path / PLAN_NAME
    path.write_text(path.read_text(encoding="utf-8").replace('"version": 1,', '"version": 7,'), encoding="utf-8")
    with pytest.raises(BadPlan, match=r"another version .*format 7") as refused:
        Plan.read(tmp_path)
    assert "plan again" in refused.value.hint


def test_a_large_plan_is_not_held_in_memory(tmp_path: Path) -> None:
    """20,000 jobs make 13 MB of plan; reading it must not take a fifth of that, nor must reading some of its jobs."""
    plan_of(tmp_path, [spec(f"SESSION_{number}") for number in range(20_000)])
    assert (tmp_path / PLAN_NAME).stat().st_size > 13_000_000
    tracemalloc.start()
    try:
        plan = Plan.read(tmp_path)
        for index in range(1, 20_000, 20):
            plan.job(index)
        _now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 2_400_000
