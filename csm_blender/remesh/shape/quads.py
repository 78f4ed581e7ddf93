# SPDX-License-Identifier: GPL-3.0-or-later
"""A mesh of quads over a closed surface: QuadriFlow, which Blender brings, moved onto the surface."""

from __future__ import annotations

import bpy
import numpy as np

from ...core.errors import ConversionFailed
from ..geometry.nearest import nearest_on
from ..geometry.surface import Surface, mesh_of

LARGEST_INPUT = 60_000
"""Triangles QuadriFlow is given: it takes minutes for more, and gets no better."""
WITHIN = 0.08
"""How near to the budget is near enough: a share of it."""
ROUNDS = 3


def triangles_for(quads: int) -> int:
    """How many triangles the surface should have that *quads* quads are laid over."""
    return max(LARGEST_INPUT, 4 * quads)


def quads_over(surface: Surface, quads: int, name: str) -> bpy.types.Mesh:
    """A new mesh of about *quads* quads (within a tenth) over *surface*, which is closed.

    Raises :class:`ConversionFailed` where QuadriFlow finds no such mesh.
    """
    source = mesh_of(surface, "CSM source")
    asked, best = float(quads), None
    try:
        for _ in range(ROUNDS):
            made = _quadriflow(source, round(asked), name)
            if best is None or abs(len(made.polygons) - quads) < abs(len(best.polygons) - quads):
                best, made = made, best
            if made is not None:
                bpy.data.meshes.remove(made)
            if abs(len(best.polygons) - quads) <= WITHIN * quads:
                break
            asked *= quads / max(len(best.polygons), 1)
        assert best is not None
        points = np.empty((len(best.vertices), 3), dtype=np.float32)
        best.vertices.foreach_get("co", points.ravel())
        best.vertices.foreach_set("co", nearest_on(source, points.astype(np.float64)).places.astype(np.float32).ravel())
        best.update()
    finally:
        bpy.data.meshes.remove(source)
    return best


def _quadriflow(source: bpy.types.Mesh, quads: int, name: str) -> bpy.types.Mesh:
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
                target_faces=quads, seed=1, use_preserve_sharp=False, use_preserve_boundary=False
            )
    finally:
        bpy.data.objects.remove(obj)
    if status != {"FINISHED"} or not len(mesh.polygons):
        raise ConversionFailed(
            "QuadriFlow, Blender's quad remesher, finds no mesh of {quads} quads for this shape.",
            "Ask for triangles, or for another number of quads.",
            quads=quads,
        )
    return mesh
