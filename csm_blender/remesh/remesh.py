# SPDX-License-Identifier: GPL-3.0-or-later
"""The local engine: a rough mesh in, a clean textured mesh within a budget out."""

from __future__ import annotations

import time
from dataclasses import replace

import bpy
import numpy as np
from mathutils import Matrix

from ..core.errors import BadMesh
from ..core.messages import Message
from ..core.remesh import Deviation, OutputFigures, RemeshMode, RemeshOptions, RemeshReport, ReportProgress, Way
from .geometry.arrays import Mask
from .geometry.deviation import deviation
from .geometry.surface import Surface, mesh_of, surface_of
from .geometry.topology import edges_of, twins_of, wound_against
from .geometry.weld import welded
from .material.see_through import is_see_through
from .progress import within
from .shape.look import Look, is_closed, look_at
from .shape.quads import quads_over, triangles_for
from .shape.shape import Shaped, shaped
from .shape.sharp_edges import creases_of, shade
from .texture.bake import bake
from .texture.unwrap import unwrap

NO_SURFACE = "Points and lines cannot be refined: check what the program that made the file has exported."
EXPORT_AGAIN = "Export the mesh again from the program that made it."

NO_AREA = 1e-6
"""Of the square of the diagonal: less is what rounding leaves of faces along a line."""
GOOD_SIZE = (0.05, 200.0)
"""Diagonals, in meters, that single precision serves well everywhere; other meshes are scaled for the work."""


def remesh(
    mesh: bpy.types.Mesh, options: RemeshOptions, report_progress: ReportProgress
) -> tuple[bpy.types.Mesh, RemeshReport]:
    """A clean mesh made of *mesh* as *options* say, and what was done. *mesh* itself is not changed.

    *mesh* is one mesh with all its materials, in Blender's axes and meters, in a file that holds nothing else of value.
    What is clean and within the budget already is given back as it is, unless ``RemeshMode.ALWAYS`` is asked for. The
    same mesh gives the same result, to the bit, in the same Blender. Raises :class:`BadMesh` for a mesh without a
    usable surface, :class:`BadValue` for options that mean nothing, and what *report_progress* raises.
    """
    started_s = time.monotonic()
    options = options.checked()
    report_progress(0.0, Message("Examining the mesh"))
    surface = _usable(mesh)
    look = look_at(surface)
    if options.mode is RemeshMode.AUTO and _is_fine(mesh, look, options):
        output = replace(_output(mesh), texture=_texture_size(mesh))
        return mesh, RemeshReport(look.figures, output, Way.KEPT, seconds=_since(started_s))
    move = _to_good_size(surface)
    original, look = (mesh, look) if move is None else _scaled(mesh, move)
    made, shape, distance, flipped = _made(original, look, options, within(report_progress, 0.05, 0.6))
    report_progress(0.6, Message("Unwrapping"))
    unwrap(made, options.texture_size)
    notes = bake(original, made, options.texture_size, within(report_progress, 0.65, 1.0), flipped)
    if move is not None:
        bpy.data.meshes.remove(original)
        made.transform(move.inverted())
    output = replace(_output(made), texture=_texture_size(made))
    if not output.watertight and not shape.is_open:
        notes = (*notes, Message("The result is not closed everywhere: the mesh was too damaged for that."))
    return made, RemeshReport(
        input=look.figures,
        output=output,
        way=shape.way,
        holes_closed=shape.holes_closed,
        bodies_dropped=shape.bodies_dropped,
        deviation=distance,
        notes=(*shape.notes, *notes),
        seconds=_since(started_s),
    )


def _made(
    original: bpy.types.Mesh, look: Look, options: RemeshOptions, report_progress: ReportProgress
) -> tuple[bpy.types.Mesh, Shaped, Deviation, Mask]:
    """The new mesh, not unwrapped yet, with its normals; and which triangles of the original are flipped, (t,)."""
    budget = triangles_for(options.quads) if options.quads else options.triangles
    shape = shaped(look.surface, budget, within(report_progress, 0.0, 0.8), keep_hidden=is_see_through(original))
    if not len(shape.surface.triangles):
        raise BadMesh("Nothing is left of the mesh: it has no surface that encloses or covers anything.", NO_SURFACE)
    if options.quads:
        report_progress(0.8, Message("Making quads"))
        made = quads_over(shape.surface, options.quads, original.name)
    else:
        made = mesh_of(shape.surface, original.name)
    report_progress(0.9, Message("Measuring the deviation"))
    edges = edges_of(look.group[surface_of(original).triangles])
    flipped = wound_against(edges, twins_of(edges))
    shade(made, creases_of(original, edges))
    reference = mesh_of(shape.reference, "CSM reference")
    distance = deviation(shape.reference, reference, surface_of(made), made)
    bpy.data.meshes.remove(reference)
    return made, shape, distance, flipped


def _usable(mesh: bpy.types.Mesh) -> Surface:
    """The surface of *mesh*. Raises :class:`BadMesh` where there is none to work on."""
    surface = surface_of(mesh)
    if not len(surface.triangles):
        raise BadMesh("The mesh has no faces.", NO_SURFACE)
    if not np.isfinite(surface.points).all():
        raise BadMesh("The mesh has coordinates that are not numbers.", EXPORT_AGAIN)
    if not surface.areas().sum() > NO_AREA * surface.diagonal**2:
        raise BadMesh("The faces of the mesh have no area.", NO_SURFACE)
    return surface


def _is_fine(mesh: bpy.types.Mesh, look: Look, options: RemeshOptions) -> bool:
    """Whether nothing has to be done: clean, within the budget, and unwrapped where there is something to unwrap."""
    in_budget = not options.quads and look.figures.triangles <= options.triangles
    return look.is_clean and in_budget and (bool(mesh.uv_layers) or not mesh.color_attributes)


def _to_good_size(surface: Surface) -> Matrix | None:
    """What brings *surface* to a size and place that single precision serves well; ``None`` where it is there."""
    low, high = surface.points.min(axis=0), surface.points.max(axis=0)
    middle, diagonal = (low + high) / 2.0, surface.diagonal
    if GOOD_SIZE[0] <= diagonal <= GOOD_SIZE[1] and np.linalg.norm(middle) <= GOOD_SIZE[1]:
        return None
    return Matrix.Scale(2.0 / diagonal, 4) @ Matrix.Translation((-middle).tolist())


def _scaled(mesh: bpy.types.Mesh, move: Matrix) -> tuple[bpy.types.Mesh, Look]:
    copy = mesh.copy()
    copy.name = mesh.name
    copy.transform(move)
    return copy, look_at(surface_of(copy))


def _output(mesh: bpy.types.Mesh) -> OutputFigures:
    surface = surface_of(mesh)
    edges = welded(surface).edges
    sides = np.empty(len(mesh.polygons), dtype=np.int32)
    mesh.polygons.foreach_get("loop_total", sides)
    quads = int((sides == 4).sum())  # noqa: PLR2004 - by definition
    return OutputFigures(len(surface.triangles), quads, len(mesh.vertices), watertight=is_closed(edges), texture=0)


def _texture_size(mesh: bpy.types.Mesh) -> int:
    """The longest side of the images that the materials of *mesh* use, in pixels; 0 where there are none."""
    trees = [material.node_tree for material in mesh.materials if material and material.node_tree]
    nodes = [node for tree in trees for node in tree.nodes if isinstance(node, bpy.types.ShaderNodeTexImage)]
    return max((max(node.image.size) for node in nodes if node.image), default=0)


def _since(started_s: float) -> float:
    return round(time.monotonic() - started_s, 3)
