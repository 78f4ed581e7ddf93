# SPDX-License-Identifier: GPL-3.0-or-later
"""Many sessions in one call of the command line, against one session."""

from __future__ import annotations

import json
import os
from pathlib import Path

from measuring import Bench, Ended, Row, Samples, run, yes_if
from meshes import make_glb
from workshop import add_sessions, bpy_python, bpy_script, cli, local_service, surroundings

SESSIONS = 200
SERVICE_S = 5.0
TRIANGLES = 2_000
GOAL = 1.3


def measure(bench: Bench) -> list[Row]:
    """One row: 200 sessions once, as it takes minutes; one session five times."""
    count, service_s = (4, 0.5) if bench.quick else (SESSIONS, SERVICE_S)
    glb = make_glb(bench.folder / "mesh.glb", TRIANGLES, 64)
    python, cores = bpy_python(), os.cpu_count() or 1
    with local_service(bench, service_s) as service:
        codes = add_sessions(service, count + bench.times(5), glb, glb)
        around = surroundings(bench, service.url, service.key)

        def refine(chosen: list[str]) -> tuple[Ended, int]:
            jobs = [word for code in chosen for word in ("--job", code)]
            options = ("--bbox", "1,1,1", "--json", "--concurrency", len(chosen))
            log = bench.folder / "report.log"
            ended = run(cli(python, "refine", *jobs, *options), log=log, timeout_s=900.0, **around)
            return ended, _requests(log)

        one = Samples.of([refine([code])[0].seconds for code in codes[count:]])
        many, requests = refine(codes[:count])
    own_cpu_s = _conversion_cpu_s(bench, glb, python)
    ideal = service_s + many.cpu_s / cores
    ratio = many.seconds / ideal
    plain = service_s + count * own_cpu_s.median / cores
    return [
        Row(
            f"{count} sessions in one call, each {service_s:g} s at the service",
            f"{many.seconds:.1f} s (n=1), {many.cpu_s:.0f} s of processor time",
            f"one session {one.text('s', 1)}; a conversion {own_cpu_s.text('s', 2)} of processor time",
            f"{ratio:.2f} x (service time + processor time of the call / {cores} cores = {ideal:.1f} s)",
            f"at most {GOAL} x",
            yes_if(ratio <= GOAL),
            f"{many.seconds / plain:.2f} x of what conversions in a process each would allow ({plain:.1f} s)."
            f" One after the other they would take {count * one.median:.0f} s."
            f" {requests / count:.1f} requests for each job, its refine included, all under way at once.",
        )
    ]


def _requests(log: Path) -> int:
    text = log.read_text(encoding="utf-8", errors="replace")
    report = json.JSONDecoder().raw_decode(text[text.index('{"version"' if '{"version"' in text else "{\n") :])[0]
    return sum(job["requests"]["get"] + job["requests"]["post"] for job in report["jobs"])


def _conversion_cpu_s(bench: Bench, glb: Path, python: str) -> Samples:
    """Processor time of conversions by themselves, each in a process of its own: the plain way, import and save."""
    command = bpy_script(bench, python, "import_save.py", glb)
    return Samples.of([run(command).cpu_s for _ in range(bench.times(5))])
