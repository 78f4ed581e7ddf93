# SPDX-License-Identifier: GPL-3.0-or-later
"""Have the local engine work on a mesh that was imported: what it cannot work on is refused before."""

from __future__ import annotations

from dataclasses import replace

import bpy
import numpy as np

from ..core.errors import BadMesh
from ..core.messages import Message
from ..core.processes.memory import memory_to_use, not_enough_memory
from ..core.remesh import RemeshOptions, RemeshReport, ReportProgress, Way, memory_needed
from ..remesh.remesh import remesh
from .mesh.transform_mesh import coordinates

_NEAR_QUADS = 1.25
"""As many times the quads asked for are about as many."""
_FLAT = 1e-7
_SMALLEST_M, _LARGEST_M = 1e-6, 1e8


def remesh_imported(
    mesh: bpy.types.Mesh, name: str, options: RemeshOptions, report_progress: ReportProgress
) -> tuple[bpy.types.Mesh, RemeshReport]:
    """What the engine makes of *mesh*, called *name*, and its report; *mesh* itself is gone then.

    Raises :class:`BadMesh` for one that it can make nothing of, and :class:`NotEnoughMemory`.
    """
    check_remeshable(mesh)
    needed, free = memory_needed(len(mesh.loops) - 2 * len(mesh.polygons), options), memory_to_use()
    if free is not None and needed > free:
        raise not_enough_memory(needed, free)
    mesh.name = name  # the engine names what it makes after it
    made, report = remesh(mesh, options, report_progress)
    if made != mesh:
        taken = f"{name}.001"
        bpy.data.meshes.remove(mesh)
        for block in (made, *bpy.data.materials, *bpy.data.images):
            if block.name.startswith(taken):
                block.name = name + block.name.removeprefix(taken)
    return made, replace(report, notes=(*report.notes, *shortfalls(report, options)))


def shortfalls(report: RemeshReport, options: RemeshOptions) -> list[Message]:
    """What of the wishes in *options* was not reached, as notes."""
    if report.way is Way.KEPT:
        return []
    made, budget = report.output, options.quads or options.triangles
    notes = []
    if options.quads and not made.quads:
        notes.append(Message("No mesh of {quads} quads was found for this shape: it has triangles.", quads=budget))
    if made.triangles > (2 * _NEAR_QUADS * budget if options.quads else budget):
        words = "The budget of {budget} faces is missed: the shape was not reduced below {triangles} triangles."
        notes.append(Message(words, budget=budget, triangles=made.triangles))
    return notes


def check_remeshable(mesh: bpy.types.Mesh) -> None:
    """Raises :class:`BadMesh` for a mesh without faces, without a volume, or of a size that is no size."""
    if not len(mesh.polygons):
        raise BadMesh("The file holds points or edges, but no faces.")
    points = coordinates(mesh)
    if not np.isfinite(points).all():
        raise BadMesh("The mesh has coordinates that are not numbers.")
    used = np.empty(len(mesh.loops), dtype=np.int32)
    mesh.loops.foreach_get("vertex_index", used)
    size = np.ptp(points[used], axis=0)
    largest = float(size.max())
    if not _SMALLEST_M <= largest <= _LARGEST_M:
        raise BadMesh(
            "The mesh measures {size} m, which is too {how} to work on.",
            "Scale it to its real size in meters before.",
            size=f"{largest:.3g}",
            how=Message("small" if largest < _SMALLEST_M else "large"),
        )
    if float(size.min()) <= _FLAT * largest:
        raise BadMesh("The mesh is flat: it encloses nothing.", "Give it a thickness before.")
