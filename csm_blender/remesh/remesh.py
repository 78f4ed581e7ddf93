# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for the local engine: merge by distance and Decimate."""

from __future__ import annotations

import time
from typing import Any

import bmesh
import bpy

from ..core.errors import BadMesh
from ..core.messages import Message
from ..core.remesh import InputFigures, OutputFigures, RemeshOptions, RemeshReport, ReportProgress, Way


def remesh(
    mesh: bpy.types.Mesh, options: RemeshOptions, report_progress: ReportProgress
) -> tuple[bpy.types.Mesh, RemeshReport]:
    """*mesh* within the budget, and an honest report of it."""
    started_s = time.monotonic()
    report_progress(0.0, Message("Merging vertices"))
    work = bmesh.new()
    work.from_mesh(mesh)
    bmesh.ops.remove_doubles(work, verts=work.verts[:], dist=1e-7)
    bmesh.ops.triangulate(work, faces=work.faces[:])
    if not work.faces:
        raise BadMesh("The mesh has no faces.")
    before = len(work.faces)
    faces_on = [len(edge.link_faces) for edge in work.edges]
    open_edges, more = faces_on.count(1), sum(number >= 3 for number in faces_on)  # noqa: PLR2004
    result = mesh.copy()
    work.to_mesh(result)
    work.free()
    report_progress(0.5, Message("Reducing"))
    if before > options.triangles:
        obj = bpy.data.objects.new("work", result)
        bpy.data.scenes[0].collection.objects.link(obj)
        modifier: Any = obj.modifiers.new("Decimate", "DECIMATE")
        modifier.ratio = options.triangles / before
        result = bpy.data.meshes.new_from_object(obj.evaluated_get(bpy.context.evaluated_depsgraph_get()))
    figures = OutputFigures(len(result.polygons), 0, len(result.vertices), not open_edges and not more, 0)
    return result, RemeshReport(
        InputFigures(before, 1, open_edges, more), figures, Way.MENDED, seconds=time.monotonic() - started_s
    )
