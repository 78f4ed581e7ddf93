# SPDX-License-Identifier: GPL-3.0-or-later
"""``farm_many.py OUT.json FOLDER COUNT``: a made-up plan, worked on with an executor that needs no Blender."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]
from farm import QuickConverters, file_spec, plan_of
from tiny_glb import glb

import csm_blender.cli.farm.work as farm_work
from csm_blender.core.farm.job_folders import JobFolders
from csm_blender.core.farm.plan import Plan
from csm_blender.core.farm.summary import summarize
from csm_blender.core.jobs.states import JobState
from csm_blender.core.settings import NO_SERVICE

MEGABYTE_KB = 1024.0


class TimedConverters(QuickConverters):
    """Counts the time that is the executor's own."""

    spent_s = 0.0
    spent_cpu_s = 0.0

    def start(self, job_id: str, folder: Path, request: Mapping[str, Any]) -> bool:
        """Make the result."""
        began, began_cpu = time.perf_counter(), time.process_time()
        started = super().start(job_id, folder, request)
        self.spent_s += time.perf_counter() - began
        self.spent_cpu_s += time.process_time() - began_cpu
        self.converted.clear()
        return started


def main(folder: Path, count: int) -> dict[str, float]:
    """Work on the plan, which an earlier process made, so that this one's memory is a worker's."""
    began, began_cpu = time.perf_counter(), time.process_time()
    folders = JobFolders(Plan.read(folder / "plan"))
    read_s = time.perf_counter() - began
    converters = TimedConverters()
    farm_work.ConverterPool = lambda _interpreters: converters  # type: ignore[assignment,misc]  # the executor
    ended = farm_work.do_jobs(folders, None, NO_SERVICE, None, 8)
    wall_s, cpu_s = time.perf_counter() - began, time.process_time() - began_cpu
    assert ended == {JobState.READY: count}
    looked = time.perf_counter()
    found = summarize(JobFolders(Plan.read(folder / "plan")))
    status_s = time.perf_counter() - looked
    assert found.is_done
    return {
        "read_s": read_s,
        "own_ms": (wall_s - converters.spent_s) / count * 1000.0,
        "own_cpu_ms": (cpu_s - converters.spent_cpu_s) / count * 1000.0,
        "status_s": status_s,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEGABYTE_KB,
    }


if __name__ == "__main__":
    where, number = Path(sys.argv[2]), int(sys.argv[3])
    if not (where / "plan").exists():
        where.mkdir(parents=True)
        (where / "box.glb").write_bytes(glb())
        plan_of(where / "plan", [file_spec(where / "box.glb")] * number)
    else:
        Path(sys.argv[1]).write_text(json.dumps(main(where, number)), encoding="utf-8")
