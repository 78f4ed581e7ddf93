# SPDX-License-Identifier: GPL-3.0-or-later
"""Append converted meshes to the file before they are placed, one step in each round of Blender's event loop.

For a million triangles reading the file takes some 30 ms and computing the normals 200 ms; Blender would do the latter
within the first drawing, together with all the rest. Between the steps the user can go on. A preloaded mesh has no
users: undo may remove it, then it is loaded again; and before the file is saved it is discarded.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field

import bpy

from ...core.jobs.job import Job
from ..blender.runtime import Part, part
from .append import all_or_nothing, bring_mesh, datablocks


@dataclass
class _Preload:
    """A preloaded mesh, and what came with it, by ``session_uid``.

    ``mesh`` is 0 where it could not be read: placing the job reports why.
    """

    mesh: int = 0
    made: frozenset[int] = frozenset()
    is_prepared: bool = False


@dataclass
class Preloads(Part):
    """The preloaded meshes, by job."""

    by_job: dict[str, _Preload] = field(default_factory=dict)

    def stop(self) -> None:
        """Remove them."""
        discard()


def is_done(job_id: str) -> bool:
    """Whether no step is left before the job is placed."""
    found = part(Preloads).by_job.get(job_id)
    return found is not None and (found.mesh == 0 or (found.is_prepared and mesh_of(job_id) is not None))


def advance(job: Job) -> None:
    """Do one step for a READY *job* whose preload is not done."""
    by_job, mesh = part(Preloads).by_job, mesh_of(job.job_id)
    if mesh is not None:
        prepare_for_drawing(mesh)
        by_job[job.job_id].is_prepared = True
        return
    by_job[job.job_id] = _Preload()
    before = _uids()
    with contextlib.suppress(Exception), all_or_nothing():  # placing the job meets the error again, and reports it
        assert job.result is not None  # it is READY
        mesh = bring_mesh(job.result.conversion)
        by_job[job.job_id] = _Preload(mesh.session_uid, _uids() - before)


def mesh_of(job_id: str) -> bpy.types.Mesh | None:
    """The job's mesh, if it is in the file already."""
    found = part(Preloads).by_job.get(job_id)
    if found is None:
        return None
    return next((mesh for mesh in bpy.data.meshes if mesh.session_uid == found.mesh), None)


def placed(job_id: str) -> None:
    """The job's mesh is in the scene: it is the user's from now on."""
    found = part(Preloads).by_job.pop(job_id, None)
    if found is not None:
        _remove_libraries(found.made)


def discard(*, all_but: frozenset[str] = frozenset()) -> None:
    """Remove the preloaded meshes of other jobs than *all_but*, and what came with them."""
    by_job = part(Preloads).by_job
    for job_id in by_job.keys() - all_but:
        made = by_job.pop(job_id).made
        for blocks in datablocks():  # users before what they use
            bpy.data.batch_remove([block for block in blocks if block.session_uid in made and block.users == 0])
        _remove_libraries(made)


def _remove_libraries(made: frozenset[int]) -> None:
    """Remove the library of the file that was read. It is empty: all of it was made local."""
    bpy.data.batch_remove([library for library in bpy.data.libraries if library.session_uid in made])


def prepare_for_drawing(mesh: bpy.types.Mesh) -> None:
    """Have Blender compute and keep the normals, which evaluated copies of *mesh* share: drawing needs them first."""
    mesh.calc_loop_triangles()
    if len(mesh.corner_normals):
        _ = mesh.corner_normals[0]  # reading one makes Blender compute all


def _uids() -> frozenset[int]:
    return frozenset(block.session_uid for blocks in datablocks() for block in blocks)
