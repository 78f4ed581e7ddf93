# SPDX-License-Identifier: GPL-3.0-or-later
"""A mesh of quads over a closed surface: QuadriFlow, which Blender brings, moved onto the surface."""

from __future__ import annotations

import bpy
import numpy as np

from ..geometry.nearest import nearest_on
from ..geometry.surface import Surface, mesh_of, points_of

LARGEST_INPUT = 60_000
"""Triangles QuadriFlow is given: it takes minutes for more, and gets no better."""
WITHIN = 0.08
"""How near to the budget is near enough: a share of it."""
ROUNDS = 3
LEAST_AREA = 0.8
"""Share of the area of the surface that its quads have at least: else some of it is missing."""
FEW = 4
"""Bodies up to which their rims are kept."""
_QUAD = 4


def triangles_for(quads: int) -> int:
    """How many triangles the surface should have that *quads* quads are laid over."""
    return max(LARGEST_INPUT, 4 * quads)


def quads_over(surface: Surface, quads: int, name: str) -> bpy.types.Mesh | None:
    """A new mesh of about *quads* quads (within a tenth) over *surface*; ``None`` where QuadriFlow finds none.

    *surface* is closed or has sheets. The rims of sheets are kept where it has few bodies; else quads may end short of
    them. What a failing later round had before it stays.
    """
    source = mesh_of(surface, "CSM source")
    # Of many sheets, it has been seen to look for the rims for ever.
    keep_rims = bool(surface.edges.open_count) and int(surface.body.max()) < FEW
    asked, best = float(quads), None
    try:
        for _ in range(ROUNDS):
            made = _quadriflow(source, round(asked), name, keep_rims=keep_rims)
            if made is None:
                break
            if best is None or abs(len(made.polygons) - quads) < abs(len(best.polygons) - quads):
                best, made = made, best
            if made is not None:
                bpy.data.meshes.remove(made)
            if abs(len(best.polygons) - quads) <= WITHIN * quads:
                break
            asked *= quads / max(len(best.polygons), 1)
        if best is None:
            return None
        places = nearest_on(source, points_of(best).astype(np.float64)).places
        best.vertices.foreach_set("co", places.astype(np.float32).ravel())
        best.update()
        area = sum(polygon.area for polygon in best.polygons)
        if area < LEAST_AREA * surface.areas().sum():
            bpy.data.meshes.remove(best)
            return None
    finally:
        bpy.data.meshes.remove(source)
    return best


def _quadriflow(source: bpy.types.Mesh, quads: int, name: str, *, keep_rims: bool) -> bpy.types.Mesh | None:
    mesh = source.copy()
    mesh.name = name
    obj = bpy.data.objects.new(name, mesh)
    scene, view_layer = bpy.context.scene, bpy.context.view_layer
    assert scene is not None
    assert view_layer is not None
    scene.collection.objects.link(obj)
    view_layer.update()
    try:
        with bpy.context.temp_override(active_object=obj, object=obj, selected_objects=[obj]):
            status = bpy.ops.object.quadriflow_remesh(
                target_faces=quads, seed=1, use_preserve_sharp=False, use_preserve_boundary=keep_rims
            )
    except RuntimeError:  # the surface is none that it can work on
        status = {"CANCELLED"}
    finally:
        bpy.data.objects.remove(obj)
    # It also says that it has finished where it has left the triangles as they are.
    sides = np.zeros(len(mesh.polygons), dtype=np.int32)
    mesh.polygons.foreach_get("loop_total", sides)
    if status != {"FINISHED"} or not (sides == _QUAD).any():
        bpy.data.meshes.remove(mesh)
        return None
    return mesh
