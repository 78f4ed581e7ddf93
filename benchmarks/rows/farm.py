# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans for many machines: planning, what a worker costs itself, the table, assembling, and all three against one."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from measuring import Bench, Row, Samples, run, yes_if
from meshes import make_glb
from workshop import INSIDE, bpy_python, bpy_script, cli, surroundings

PLANNED, MADE_UP, ASSEMBLED, TOGETHER = 1_000, 100_000, 1_000, 12
PLANNING_GOAL_S, MEMORY_GOAL_MB, OWN_GOAL_MS, STATUS_GOAL_S = 5.0, 300.0, 2.0, 5.0
FLAT_GOAL, OVERHEAD_GOAL = 1.5, 1.05
ASSEMBLED_TRIANGLES, TOGETHER_TRIANGLES = 20_000, 370_000


def measure(bench: Bench) -> list[Row]:
    """Four rows."""
    around = surroundings(bench, "http://127.0.0.1:9", "")
    return [_planning(bench, around), _many(bench), _assembling(bench, around), _together(bench, around)]


def _planning(bench: Bench, around: dict[str, Any]) -> Row:
    count = 20 if bench.quick else PLANNED
    scene, jobs = _scene(bench, "planned", count)
    found = []
    for number in range(bench.times(3)):
        plan = ("plan", "--blend", scene, "--jobs", jobs, "--engine", "none", "--facing", "auto")
        ended = run(cli(bpy_python(), *plan, "--out", bench.folder / f"planned-{number}"), **around)
        found.append(ended.seconds)
    seconds = Samples.of(found)
    return Row(
        f"planning {count:,} block-outs",
        seconds.text("s", 1),
        "-",
        f"{seconds.median / count * 1000:.1f} ms for each",
        f"at most {PLANNING_GOAL_S:g} s",
        yes_if(seconds.median <= PLANNING_GOAL_S),
        "The whole call, with the start of Blender. The facing is auto, so each block-out's shape is read as well.",
    )


def _many(bench: Bench) -> Row:
    count = 500 if bench.quick else MADE_UP
    out, where = bench.folder / "many.json", bench.folder / "many"
    call = [sys.executable, INSIDE / "farm_many.py", out, where, count]
    run(call, timeout_s=600.0)
    run(call, timeout_s=3600.0, log=bench.folder / "many.log")
    seen = json.loads(out.read_text(encoding="utf-8"))
    shutil.rmtree(where)
    reached = (
        seen["peak_mb"] <= MEMORY_GOAL_MB and seen["own_cpu_ms"] <= OWN_GOAL_MS and seen["status_s"] <= STATUS_GOAL_S
    )
    return Row(
        f"a made-up plan of {count:,} jobs, executor without Blender",
        f"{seen['own_cpu_ms']:.2f} ms of processor time of its own a job, {seen['peak_mb']:.0f} MB",
        "-",
        f"status in {seen['status_s']:.1f} s",
        f"at most {OWN_GOAL_MS:g} ms, {MEMORY_GOAL_MB:g} MB, {STATUS_GOAL_S:g} s",
        yes_if(reached),
        f"By the clock {seen['own_ms']:.2f} ms a job: claiming, copying the file, five lines of journal, the report."
        f" Reading the plan took {seen['read_s']:.2f} s.",
    )


def _assembling(bench: Bench, around: dict[str, Any]) -> Row:
    count = 6 if bench.quick else ASSEMBLED
    scene, jobs = _scene(bench, "assembled", count, 500 if bench.quick else ASSEMBLED_TRIANGLES)
    plan, output = bench.folder / "assembled-plan", bench.folder / "assembled-out.blend"
    how = ("--engine", "none", "--facing", "0", "--out", plan)
    run(cli(bpy_python(), "plan", "--blend", scene, "--jobs", jobs, *how), **around)
    run(cli(bpy_python(), "work", plan, "--index", 1), **around)
    (first,) = (plan / "results").iterdir()
    for index in range(2, count + 1):
        folder = first.with_name(f"{first.name[:24]}{index:08d}")
        folder.mkdir()
        for name in ("claim-1.jsonl", "refined.blend"):
            os.link(first / name, folder / name)
    call = bpy_script(bench, bpy_python(), "farm_assemble.py", plan, "--output", output)
    run(call, timeout_s=1800.0, log=bench.folder / "assembling.log", good=(0, 1), **around)
    seen = json.loads((bench.folder / "farm_assemble.py.json").read_text(encoding="utf-8"))
    shutil.rmtree(plan)
    times, part = seen["put_s"], max(1, count // 10)
    early, late = Samples.of(times[:part]), Samples.of(times[-part:])
    ratio = late.median / early.median
    return Row(
        f"assembling {count:,} results of {ASSEMBLED_TRIANGLES:,} triangles: the last against the first",
        f"the last {part} {late.text('ms', 1)} of processor time each",
        f"the first {part} {early.text('ms', 1)}",
        f"{ratio:.2f} times",
        f"at most {FLAT_GOAL} times",
        yes_if(ratio <= FLAT_GOAL),
        f"{seen['cpu_s'] / count * 1000:.0f} ms of processor time for each over the whole call, {seen['seconds']:.0f} s"
        " in all. Blender looks through all datablocks of the file for each mesh that is linked and made local.",
    )


def _together(bench: Bench, around: dict[str, Any]) -> Row:
    count, triangles = (2, 500) if bench.quick else (TOGETHER, TOGETHER_TRIANGLES)
    scene, jobs = _scene(bench, "together", count, triangles)
    python, repeats = bpy_python(), bench.times(2)
    three, one = [], []
    for number in range(repeats):
        plan, made = bench.folder / f"together-{number}", bench.folder / f"together-{number}.blend"
        options = ("--blend", scene, "--jobs", jobs, "--engine", "local", "--texture", 512)
        calls = [("plan", *options, "--out", plan), ("work", plan), ("assemble", plan, "--output", made)]
        three.append(sum(run(cli(python, *call), timeout_s=1800.0, **around).seconds for call in calls))
        refine = cli(python, "refine", *options, "--output", bench.folder / f"alone-{number}.blend")
        one.append(run(refine, timeout_s=1800.0, **around).seconds)
    ratio = Samples.of([a / b for a, b in zip(three, one, strict=True)])
    return Row(
        f"plan, work and assemble, {count} local jobs of {triangles:,} triangles",
        Samples.of(three).text("s", 1),
        f"refine in one call {Samples.of(one).text('s', 1)}",
        ratio.text("times", 3),
        f"at most {OVERHEAD_GOAL} times",
        yes_if(ratio.median <= OVERHEAD_GOAL),
        "Two more starts of a Blender are most of the difference.",
    )


def _scene(bench: Bench, name: str, count: int, triangles: int = 500) -> tuple[Path, Path]:
    """A scene of block-outs, and a jobs file that gives all of them the same mesh."""
    scene, jobs = bench.folder / f"{name}.blend", bench.folder / f"{name}.csv"
    mesh = make_glb(bench.folder / f"{name}.glb", triangles, 64)
    run(bpy_script(bench, bpy_python(), "farm_scene.py", scene, count))
    rows = "".join(f"{mesh},B{number:05d}\n" for number in range(count))
    jobs.write_text(f"source,object\n{rows}", encoding="utf-8")
    return scene, jobs
