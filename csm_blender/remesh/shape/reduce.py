# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a surface down to a budget of triangles: Blender's Decimate modifier, by collapsing edges."""

from __future__ import annotations

import bpy

from .surface import Surface, mesh_of, surface_of

ROUNDS = 4


def reduced(surface: Surface, triangles: int) -> Surface:
    """*surface* with at most *triangles* triangles, as near to that as collapsing edges comes."""
    for _ in range(ROUNDS):
        if len(surface.triangles) <= triangles:
            break
        surface = _collapsed(surface, triangles / len(surface.triangles))
    return surface


def _collapsed(surface: Surface, ratio: float) -> Surface:
    mesh = mesh_of(surface, "CSM reduced")
    obj = bpy.data.objects.new("CSM reduced", mesh)
    assert bpy.context.scene is not None
    bpy.context.scene.collection.objects.link(obj)
    try:
        decimate = obj.modifiers.new("CSM", "DECIMATE")
        assert isinstance(decimate, bpy.types.DecimateModifier)
        decimate.ratio, decimate.use_collapse_triangulate = ratio, True
        made = obj.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
        assert isinstance(made, bpy.types.Mesh)
        return surface_of(made)
    finally:
        bpy.data.objects.remove(obj)
        bpy.data.meshes.remove(mesh)
