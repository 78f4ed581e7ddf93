# SPDX-License-Identifier: GPL-3.0-or-later
"""``assemble``: place the results that a plan has so far, in the scene as it is now, and save it.

Called again, it goes on with the file it has saved: what stands there already stays as it is, with what the artist did
to it since, and what is new is placed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy

from ...core.conversion import PlacementReport
from ...core.errors import BadOutput, PlacementFailed
from ...core.farm.job_folders import JobFolders
from ...core.farm.plan import Plan
from ...core.jobs.job import Job
from ...core.jobs.states import JobState
from ...core.messages import ROUTINE, Message
from ...core.models import AssetPlace, Materials, Original
from ...scene.blender.custom_properties import read
from ...scene.placement.append import link_mesh
from ...scene.placement.find_block_out import find_block_out
from ...scene.placement.place import Placed, Standing, put
from ..console import say
from ..job_arguments import typed_path
from ..placing import Placing, Worlds
from ..planning import checked_output, open_scene

PLACEMENT = "csm_placement"
"""Custom property of an object with a result: how exactly it was placed, as JSON. In the file, so as true as it is."""
JOB = "csm_job_id"


class AssembledJobs:
    """The jobs of a plan with what becomes of them in this file. Their folders are not written to."""

    def __init__(self, folders: JobFolders) -> None:
        self._folders = folders
        self._here: dict[str, Job] = {}

    def get(self, job_id: str) -> Job | None:
        """The job, or ``None`` if there is none of this id."""
        return self._here.get(job_id) or self._folders.get(job_id)

    def update(self, job: Job, **changes: Any) -> Job:
        """Keep *changes* and give the job as it is now."""
        self._here[job.job_id] = replace(job, **changes)
        return self._here[job.job_id]


def assemble(plan: Plan, output: str, blend: str | None, *, link: bool) -> list[Job]:
    """Place what is there and save the scene as *output*; give all jobs of the plan as they are.

    *blend* is the scene where it is not the plan's any more. Raises :class:`BadBlendFile` and :class:`BadOutput`.
    """
    folders = JobFolders(plan)
    before = _opened_output(plan, output)
    if before is None:
        open_scene(blend or plan.head.blend_file or None)
        before = {}
    jobs = AssembledJobs(folders)
    ids = plan.ids()
    for job_id, report in before.items():
        job = jobs.get(job_id)
        if job is not None and job.result is not None:
            result = replace(job.result, placement=report)
            jobs.update(job, state=JobState.PLACED, result=result, message=Message("Placed", code=ROUTINE))
    ready = [job_id for job_id in ids if job_id not in before and _is_ready(folders, job_id)]
    placing = Placing(jobs, ready, output, _Put(plan, link=link), _note_placement)
    placing.place_next()
    placing.save()
    return [job for job in map(jobs.get, ids) if job is not None]


class _Put:
    """Places a job where its block-out is now."""

    def __init__(self, plan: Plan, *, link: bool) -> None:
        self._plan, self._link = plan, link
        self._taken = {plan.job(index).spec.object_name for index in range(1, len(plan) + 1)}

    def __call__(self, job: Job, scene: bpy.types.Scene, worlds: Worlds) -> Standing:
        known = self._plan.job(self._plan.index_of(job.job_id)).block_out
        target, note = find_block_out(job.spec, known, scene, self._taken)
        standing = put(job, scene, target, self._linked(job), worlds, [note] if note else [])
        if note:
            say(note)
        return standing

    def _linked(self, job: Job) -> bpy.types.Mesh | None:
        """The mesh of *job* linked, where that is wanted and nothing has to be changed about it."""
        choices = job.spec.choices
        changes = choices.materials is Materials.OWN or choices.asset.place is not AssetPlace.OFF
        if not self._link or changes or choices.original is Original.REPLACE or job.result is None:
            return None
        return link_mesh(job.result.conversion, relative=True)


def _note_placement(placed: Placed) -> None:
    placed.obj[PLACEMENT] = json.dumps(placed.report.as_dict())


def _is_ready(folders: JobFolders, job_id: str) -> bool:
    return folders.glance(job_id).state == JobState.READY


def _opened_output(plan: Plan, output: str) -> dict[str, PlacementReport] | None:
    """Open *output* if it is there and holds results of the plan; what it holds, by job. ``None`` if it does not."""
    if not Path(output).is_file():
        return None
    open_scene(output)
    return dict(_placed_here(plan)) or None


def _placed_here(plan: Plan) -> Iterator[tuple[str, PlacementReport]]:
    for obj in bpy.data.objects:
        job_id, text = read(obj, JOB), read(obj, PLACEMENT)
        if isinstance(job_id, str) and isinstance(text, str) and plan.index_of(job_id):
            try:
                yield job_id, PlacementReport.from_dict(json.loads(text))
            except (TypeError, ValueError) as error:
                raise PlacementFailed("The object {name} cannot be understood.", name=repr(obj.name)) from error


def output_for(plan: Plan, given: str | None, blend: str | None) -> str:
    """Where the scene is to be saved: *given*, else what the plan says. Raises :class:`BadOutput`.

    *blend* is the scene where it is not the plan's any more: it is not saved over.
    """
    if given:
        scene = str(typed_path(blend)) if blend else plan.head.blend_file
        return checked_output(given, scene, "Give the output another name: the scene of a plan is never changed.")
    if not plan.head.output:
        raise BadOutput("There is no output.", "Give --output OUT.blend.")
    return checked_output(plan.head.output, "")


def not_done(jobs: Sequence[Job]) -> int:
    """How many of *jobs* may still be placed by a later call."""
    return sum(job.needs_worker or job.state is JobState.UNCERTAIN for job in jobs)
