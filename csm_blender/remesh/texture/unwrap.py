# SPDX-License-Identifier: GPL-3.0-or-later
"""One UV map without overlaps."""

from __future__ import annotations

from typing import Any

import bpy

_ANGLE = 1.15
"""Radians: how far the faces of one island may lean from its plane."""


def padding(texture_size: int) -> int:
    """Texels that two islands are apart, and an island is from the border: as many at 512 as 3 mip levels need."""
    return max(4, texture_size // 256)


def unwrap(mesh: bpy.types.Mesh, texture_size: int) -> None:
    """Give *mesh* one UV map, ``UVMap``, without overlaps and inside 0 to 1, and no other.

    Islands lie :func:`padding` texels apart at *texture_size*, the side of the texture in texels. The same mesh gets
    the same map. The mesh must not be in edit mode.
    """
    layers = mesh.uv_layers
    while layers:
        layers.remove(layers[0])
    layers.new(name="UVMap")
    scene = bpy.data.scenes.new("Unwrapping")
    obj = bpy.data.objects.new("Unwrapping", mesh)
    try:
        scene.collection.objects.link(obj)
        layer = scene.view_layers[0]
        layer.objects.active = obj
        layer.update()
        context: dict[str, Any] = {"object": obj, "active_object": obj, "edit_object": obj, "selected_objects": [obj]}
        with bpy.context.temp_override(scene=scene, view_layer=layer, **context):
            bpy.ops.object.mode_set(mode="EDIT")
            try:
                bpy.ops.mesh.select_all(action="SELECT")
                margin = padding(texture_size or 1024) / (texture_size or 1024)
                bpy.ops.uv.smart_project(angle_limit=_ANGLE, margin_method="FRACTION", island_margin=margin)
            finally:
                bpy.ops.object.mode_set(mode="OBJECT")
    finally:
        bpy.data.objects.remove(obj)
        bpy.data.scenes.remove(scene)
