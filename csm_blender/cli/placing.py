# SPDX-License-Identifier: GPL-3.0-or-later
"""Place the results of jobs in the open scene and save it: the last part of ``refine``, ``resume`` and ``assemble``."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import bpy
from mathutils import Matrix

from ..core.errors import BadOutput, CsmError
from ..core.jobs.job import Job
from ..core.jobs.states import JobState
from ..core.messages import ROUTINE, Message
from ..core.models import Original
from ..scene.blender.evaluation import world_matrices
from ..scene.placement.assets import add_catalog_beside
from ..scene.placement.place import Placed, Standing, put
from .console import say

Worlds = Mapping[bpy.types.Object, Matrix]
"""World matrices of objects."""


class PlaceableJobs(Protocol):
    """Where jobs are looked up, and where it is written what became of them."""

    def get(self, job_id: str) -> Job | None:
        """The job, or ``None`` if there is none of this id."""

    def update(self, job: Job, **changes: Any) -> Job:
        """Write *changes* and give the job as it is now."""


class Placing:
    """Places READY jobs in the order they were given, each as soon as those before it have ended.

    So it is done while this process waits for converters anyway. The scene is saved once, at the end; only then do the
    jobs become PLACED, so that a kill in between loses nothing.
    """

    def __init__(
        self,
        store: PlaceableJobs,
        ids: Sequence[str],
        output: str | None = None,
        put_job: Callable[[Job, bpy.types.Scene, Worlds], Standing] | None = None,
        on_placed: Callable[[Placed], None] = lambda _placed: None,
    ) -> None:
        """*output* is where the scene is saved, by default where its jobs want it; empty for nowhere.

        *put_job* puts a job into its scene, by default where the object of the block-out's name is. *on_placed* gets
        each before the scene is saved.
        """
        self._store = store
        self._output = output
        self._put, self._on_placed = put_job or _put_on_named_object, on_placed
        self._left = deque(ids)
        self._standing: list[tuple[Job, Standing]] = []
        self._worlds: dict[str, Worlds] = {}
        """Where the block-outs of each scene are. Placing moves none, and to evaluate a scene each time takes long."""

    def place_next(self) -> None:
        """Place the jobs whose turn it is."""
        while self._left:
            job = self._store.get(self._left[0])
            if job is not None and job.needs_worker:
                return
            if job is not None and job.state is JobState.READY:
                self._place(job)
            self._left.popleft()

    def _place(self, job: Job) -> None:
        scene = bpy.data.scenes.get(job.spec.scene_name) or bpy.data.scenes[0]
        try:
            self._standing.append((job, self._put(job, scene, self._worlds_in(scene, job))))
        except CsmError as error:
            self._store.update(job, state=JobState.FAILED, error=error.as_dict(), message=error.message)

    def _worlds_in(self, scene: bpy.types.Scene, job: Job) -> Worlds:
        if job.spec.choices.original is Original.REPLACE:
            return {}  # what hangs on vertices of a block-out moves with its mesh
        if scene.name not in self._worlds:
            self._worlds[scene.name] = world_matrices(scene)
        return self._worlds[scene.name]

    def save(self) -> None:
        """Save the scene where the jobs want it, and note that they are PLACED."""
        placed = [(job, standing.measured()) for job, standing in self._standing]
        for _job, done in placed:
            self._on_placed(done)
        output = placed[0][0].spec.output if placed and self._output is None else self._output
        if placed and output:
            _save_scene(output)
        for job, done in placed:
            assert job.result is not None  # it was placed
            result = replace(job.result, placement=done.report)
            self._store.update(job, state=JobState.PLACED, result=result, message=Message("Placed", code=ROUTINE))


def _put_on_named_object(job: Job, scene: bpy.types.Scene, worlds: Worlds) -> Standing:
    target = scene.objects.get(job.spec.object_name) if job.spec.object_name else None
    return put(job, scene, target, None, worlds)


def _save_scene(output: str) -> None:
    try:
        bpy.ops.wm.save_as_mainfile(filepath=output, copy=output != bpy.data.filepath, compress=False)
    except RuntimeError as error:
        raise BadOutput(
            "The scene cannot be saved to {output}: {error}",
            "The refined meshes are kept: call resume, for a plan assemble, to save them.",
            output=output,
            error=error,
        ) from error
    if problem := add_catalog_beside(Path(output)):
        say(problem)
