# SPDX-License-Identifier: GPL-3.0-or-later
"""Remesh a file of the user: read it, have the local engine work on it, write it."""

from __future__ import annotations

import time
from dataclasses import replace

import bpy
import numpy as np

from ..core.errors import BadMesh, ConversionFailed, CsmError, NotEnoughMemory
from ..core.files.mesh_file import EMPTY_GLB
from ..core.messages import Message
from ..core.processes.memory import memory_to_use
from ..core.remesh import RemeshAnswer, RemeshOptions, RemeshReport, RemeshRequest, ReportProgress, memory_needed
from ..remesh.remesh import remesh
from .import_mesh import EMPTY_SCENE, import_as_one_mesh
from .transform_mesh import coordinates
from .write_file import write_file

ENGINE_FROM, ENGINE_TO = 0.1, 0.9
"""Shares of the whole work between which the engine works."""
_FLAT = 1e-7
_SMALLEST_M, _LARGEST_M = 1e-6, 1e8
_SERVICE_HINTS = (BadMesh.default_hint, ConversionFailed.default_hint, EMPTY_SCENE, EMPTY_GLB)
_LOCAL_HINT = "Open the file in another program to see what is in it, and export it again, best as .glb."


def remesh_file(request: RemeshRequest, report_progress: ReportProgress) -> RemeshAnswer:
    """Do what *request* says. Raises :class:`CsmError` with a hint that fits a file of the user."""
    started_s = time.monotonic()
    report_progress(0.0, Message("Reading {name}", name=request.source.name))
    try:
        imported = import_as_one_mesh(request.source)
        mesh, report = remesh_imported(imported.mesh, request.options, part(report_progress, ENGINE_FROM, ENGINE_TO))
    except (BadMesh, ConversionFailed) as error:
        raise for_local_file(error) from error
    report_progress(ENGINE_TO, Message("Writing {name}", name=request.target.name))
    notes = (*imported.notes, *report.notes, *write_file(mesh, request.target))
    companions = sorted(path.name for path in request.target.parent.iterdir() if path.name != request.target.name)
    report = replace(report, notes=notes, seconds=round(time.monotonic() - started_s, 3))
    return RemeshAnswer(report, tuple(companions))


def remesh_imported(
    mesh: bpy.types.Mesh, options: RemeshOptions, report_progress: ReportProgress
) -> tuple[bpy.types.Mesh, RemeshReport]:
    """What the engine makes of *mesh*. Raises :class:`BadMesh` for one that it could make nothing of."""
    check_remeshable(mesh)
    needed, free = memory_needed(len(mesh.loops) - 2 * len(mesh.polygons), options), memory_to_use()
    if free is not None and needed > free:
        raise not_enough_memory(needed, free)
    return remesh(mesh, options, report_progress)


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
            how="small" if largest < _SMALLEST_M else "large",
        )
    if float(size.min()) <= _FLAT * largest:
        raise BadMesh("The mesh is flat: it encloses nothing.", "Give it a thickness before.")


def not_enough_memory(needed: int, free: int) -> NotEnoughMemory:
    """The error for work that needs *needed* bytes where *free* may be used."""
    return NotEnoughMemory(
        "This mesh needs about {needed} GB of memory, and {free} GB may be used.",
        needed=f"{needed / 1e9:.1f}",
        free=f"{free / 1e9:.1f}",
    )


def for_local_file(error: CsmError) -> CsmError:
    """*error* with a hint for a file of the user in place of one for what a service delivered."""
    return type(error)(error.message, _LOCAL_HINT) if error.hint in _SERVICE_HINTS else error


def part(report_progress: ReportProgress, start: float, end: float) -> ReportProgress:
    """*report_progress* for work that is the part from *start* to *end* of the whole."""

    def report(share: float, text: str) -> None:
        report_progress(start + (end - start) * min(1.0, max(0.0, share)), text)

    return report
