# SPDX-License-Identifier: GPL-3.0-or-later
"""Many sessions in one call of the command line, against one session."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measuring import Bench, Row, Samples, run, yes_if
from meshes import make_glb
from workshop import add_sessions, bpy_python, bpy_script, local_service, surroundings

SESSIONS = 200
SERVICE_S = 5.0
TRIANGLES = 2_000
GOAL = 1.3


def measure(bench: Bench) -> list[Row]:
    """One row: 200 sessions in one call, five times, and one session as often, in turns."""
    count, service_s, repeats = (4, 0.5, 1) if bench.quick else (SESSIONS, SERVICE_S, 5)
    glb = make_glb(bench.folder / "mesh.glb", TRIANGLES, 64)
    python, cores = bpy_python(), os.cpu_count() or 1
    ones: list[_Call] = []
    calls: list[_Call] = []
    with local_service(bench, service_s) as service:
        around = surroundings(bench, service.url, service.key)
        for _ in range(repeats):
            for number, found in ((1, ones), (count, calls)):
                codes = add_sessions(service, number, glb, glb)
                found.append(_refine(bench, python, codes, around))
    seconds = Samples.of([call.seconds for call in calls])
    converters, own = Samples.of([call.converters_s for call in calls]), Samples.of([call.own_s for call in calls])
    ideal = Samples.of([service_s + call.converters_s / cores for call in calls])
    ratio = Samples.of([call.seconds / best for call, best in zip(calls, ideal.values, strict=True)])
    one = Samples.of([call.seconds for call in ones])
    return [
        Row(
            f"{count} sessions in one call, each {service_s:g} s at the service",
            f"{seconds.text('s', 1)}; the converters took {converters.text('s', 1)} of processor time",
            f"service time + the converters' processor time / {cores} cores = {ideal.text('s', 1)}",
            ratio.text("times", 2),
            f"at most {GOAL} times",
            yes_if(ratio.median <= GOAL),
            f"The call itself took {own.text('s', 1)} of processor time on the same cores, for starting, asking,"
            f" fetching and placing. One session alone takes {one.text('s', 1)}; one after the other all would take"
            f" {count * one.median:.0f} s. {calls[0].requests / count:.1f} requests for each job, its refine included,"
            " all under way at once.",
        )
    ]


@dataclass(frozen=True)
class _Call:
    """One call of the command line: its wall time, processor time of it and its converters, and requests."""

    seconds: float
    own_s: float
    converters_s: float
    requests: int


def _refine(bench: Bench, python: str, codes: list[str], around: dict[str, Any]) -> _Call:
    jobs = [word for code in codes for word in ("--job", code)]
    options = ("--bbox", "1,1,1", "--json", "--concurrency", len(codes))
    log = bench.folder / "report.log"
    ended = run(bpy_script(bench, python, "calling.py", "refine", *jobs, *options), log=log, timeout_s=900.0, **around)
    used = json.loads((bench.folder / "calling.py.json").read_text(encoding="utf-8"))
    return _Call(ended.seconds, used["own_s"], used["converters_s"], _requests(log))


def _requests(log: Path) -> int:
    text = log.read_text(encoding="utf-8", errors="replace")
    report = json.JSONDecoder().raw_decode(text[text.index('{"version"' if '{"version"' in text else "{\n") :])[0]
    return sum(job["requests"]["get"] + job["requests"]["post"] for job in report["jobs"])
