# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans for tests, without a scene, and converters that need no Blender."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from common import ROOT
from jobs_at_hand import spec

from csm_blender.core.farm.job_folders import JobFolders
from csm_blender.core.farm.plan import BlockOut, Plan, PlanHead, planned, write_plan
from csm_blender.core.files.whole_file import write_whole
from csm_blender.core.jobs.job import Job
from csm_blender.core.jobs.states import JobState
from csm_blender.core.models import DEFAULT_CHOICES, JobSpec
from csm_blender.core.processes.child_process import Progress
from csm_blender.core.processes.converter_pool import BLEND_NAME, ConverterPool
from csm_blender.core.sources import Engine, Source, SourceKind

LEASE_S = 50.0
MADE_AT = "2026-01-01T00:00:00.000+00:00"


def file_spec(path: Path, **changes: Any) -> JobSpec:
    """What to do with a mesh file: fit it into a box of half a meter, as it is."""
    changes.setdefault("choices", replace(DEFAULT_CHOICES, engine=Engine.NONE))
    return spec("", file_or_object=Source(SourceKind.FILE, str(path)), **changes)


def plan_of(folder: Path, specs: Sequence[JobSpec], base_url: str = "", **head: Any) -> Plan:
    """A plan for *specs* in *folder*."""
    needed = any(each.needs_service for each in specs)
    made = PlanHead(run_id=uuid.uuid4().hex, made_at=MADE_AT, base_url=base_url, needs_service=needed, **head)
    write_plan(folder, made, planned(specs, [BlockOut()] * len(specs)))
    return Plan.read(folder)


def folders_of(folder: Path, specs: Sequence[JobSpec], base_url: str = "") -> JobFolders:
    """The jobs of such a plan."""
    return JobFolders(plan_of(folder, specs, base_url))


def held(folders: JobFolders, index: int = 1, owner: str = "me") -> Job:
    """The job *index*, which *owner* has taken."""
    job_id = folders.plan.job_id(index)
    assert folders.claim(job_id, owner, LEASE_S)
    job = folders.get(job_id)
    assert job is not None
    return job


def submitting(folders: JobFolders, index: int = 1, owner: str = "me") -> Job:
    """The same, about to ask for its refine."""
    job = held(folders, index, owner)
    if job.state is JobState.QUEUED:
        job = folders.update(job, owner=owner, state=JobState.CHECKING)
    return folders.update(job, owner=owner, state=JobState.SUBMITTING)


class QuickConverters(ConverterPool):
    """Convert nothing: what is delivered becomes the result, at once."""

    def __init__(self) -> None:
        super().__init__(None)
        self._reports: dict[str, dict[str, Any]] = {}
        self.converted: list[str] = []

    def start(self, job_id: str, folder: Path, request: Mapping[str, Any]) -> bool:
        """Make the result."""
        write_whole(folder / BLEND_NAME, Path(request["mesh"]).read_bytes())
        box = request["placement"]
        self._reports[job_id] = {
            "box_min": box["box_min"], "box_max": box["box_max"], "blend": str(folder / BLEND_NAME), "mesh": "Chair",
        }  # fmt: skip
        self.converted.append(job_id)
        return True

    def is_running(self, job_id: str) -> bool:
        """Whether its outcome waits."""
        return job_id in self._reports

    def collect(self, job_id: str) -> dict[str, Any] | None:
        """The outcome."""
        return self._reports.pop(job_id, None)

    def progress(self, job_id: str) -> Progress:
        """None."""
        return Progress()

    def poll(self) -> float | None:
        """Nothing waits."""
        return None

    def stop(self, job_id: str) -> None:
        """Forget it."""
        self._reports.pop(job_id, None)

    def stop_all(self) -> None:
        """Forget all."""
        self._reports.clear()


ENDED = """
import os, sys
sys.path[:0] = [{root!r}, {root!r} + "/tests/support"]
from pathlib import Path
from csm_blender.core.farm.journal import JournalWriter
from csm_blender.core.jobs.holder import alive_as
with alive_as("an owner of its own " + sys.argv[3]):
    assert JournalWriter.create(
        Path(sys.argv[1]), int(sys.argv[2]), {{"state": "QUEUED", "revision": 0}}, "an owner of its own " + sys.argv[3]
    )
    os._exit(0)  # as a kill does: without an orderly end
"""


def claimed_by_ended_process(folder: Path, number: int = 1) -> None:
    """Have another process, which has ended since, take the job in *folder*."""
    program = ENDED.format(root=str(ROOT))
    subprocess.run([sys.executable, "-c", program, str(folder), str(number), uuid.uuid4().hex], check=True)
