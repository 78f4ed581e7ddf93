# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring converted meshes into the file ahead of their placing, a step in each round of Blender's event loop.

For a million triangles reading the file takes some 30 ms and working out the normals 200 ms; Blender would do the
latter within the first drawing, in one go with all the rest. In between the artist goes on. A mesh on its way has no
users: undo may take it away, then it is fetched again; and before the file is saved it is turned away.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import bpy

from ...core.jobs.job import Job
from ..blender.runtime import Part, part
from .append import all_or_nothing, bring_mesh, datablocks


@dataclass
class _Preload:
    """A mesh on its way, and what came with it, known by ``session_uid``.

    ``mesh`` is 0 where it could not be read: whoever places the job will say why.
    """

    mesh: int = 0
    made: frozenset[int] = field(default_factory=frozenset)
    is_prepared: bool = False


@dataclass
class Preloads(Part):
    """The meshes on their way, by job."""

    by_job: dict[str, _Preload] = field(default_factory=dict)

    def stop(self) -> None:
        """Remove them."""
        turn_away()


def is_here(job_id: str) -> bool:
    """Whether there is nothing left to do ahead of placing the job."""
    found = part(Preloads).by_job.get(job_id)
    return found is not None and (found.mesh == 0 or (found.is_prepared and mesh_of(job_id) is not None))


def come_closer(job: Job) -> None:
    """Do one step for a READY *job* whose mesh is not here yet."""
    mesh = mesh_of(job.job_id)
    if mesh is None:
        part(Preloads).by_job[job.job_id] = _brought(job)
    else:
        prepare_for_drawing(mesh)
        part(Preloads).by_job[job.job_id].is_prepared = True


def mesh_of(job_id: str) -> bpy.types.Mesh | None:
    """The job's mesh, if it is in the file already."""
    found = part(Preloads).by_job.get(job_id)
    if found is None:
        return None
    return next((mesh for mesh in bpy.data.meshes if mesh.session_uid == found.mesh), None)


def placed(job_id: str) -> None:
    """The job's mesh is the artist's from now on."""
    found = part(Preloads).by_job.pop(job_id, None)
    if found is not None:
        _remove_libraries(found.made)


def turn_away(*, all_but: frozenset[str] = frozenset()) -> None:
    """Remove the meshes that are on their way for other jobs than *all_but*, and what came with them."""
    by_job = part(Preloads).by_job
    for job_id in [job_id for job_id in by_job if job_id not in all_but]:
        made = by_job.pop(job_id).made
        for blocks in datablocks():  # users before what they use
            bpy.data.batch_remove([block for block in blocks if block.session_uid in made and block.users == 0])
        _remove_libraries(made)


def _remove_libraries(made: frozenset[int]) -> None:
    """Remove what the file that was read has left behind. It is empty: all of it was made local."""
    bpy.data.batch_remove([library for library in bpy.data.libraries if library.session_uid in made])


def prepare_for_drawing(mesh: bpy.types.Mesh) -> None:
    """Have Blender work out and keep the normals, which evaluated copies of *mesh* share: drawing needs them first."""
    mesh.calc_loop_triangles()
    if len(mesh.corner_normals):
        _ = mesh.corner_normals[0]  # the first one asked for has all of them worked out


def _brought(job: Job) -> _Preload:
    before = {block.session_uid for blocks in datablocks() for block in blocks}
    try:
        with all_or_nothing():
            assert job.result is not None  # it is READY
            mesh = bring_mesh(job.result.conversion)
    except Exception:  # noqa: BLE001 - whoever places the job meets it again, and says what it is
        return _Preload()
    made = {block.session_uid for blocks in datablocks() for block in blocks} - before
    return _Preload(mesh.session_uid, frozenset(made))
