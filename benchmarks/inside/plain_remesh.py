# SPDX-License-Identifier: GPL-3.0-or-later
"""In a Python with bpy: ``plain_remesh.py OUT.json GLB TRIANGLES PIXELS``: refine a mesh as artists script it.

Voxel remesh, decimate, smart UV project, bake base color and normals with Cycles, export.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import bpy

_VOXELS = 200
"""On the longest side."""


def main(answer: str, glb: str, triangles: str, pixels: str) -> None:
    """Refine *glb* and write the result beside *answer*."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.import_scene.gltf(filepath=glb)
    high = next(obj for obj in bpy.data.objects if obj.type == "MESH")
    low = high.copy()
    low.data = high.data.copy()
    bpy.context.collection.objects.link(low)
    _alone(low)
    _apply(low, "REMESH", mode="VOXEL", voxel_size=max(low.dimensions) / _VOXELS)
    low.data.calc_loop_triangles()
    _apply(low, "TRIANGULATE")
    _apply(low, "DECIMATE", ratio=min(1.0, int(triangles) / len(low.data.polygons)))
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="SELECT")
    bpy.ops.uv.smart_project(angle_limit=1.15, island_margin=0.002)
    bpy.ops.object.mode_set(mode="OBJECT")
    bpy.ops.object.shade_smooth()
    _bake(high, low, int(pixels))
    _alone(low)
    bpy.ops.export_scene.gltf(filepath=str(Path(answer).with_suffix(".glb")), use_selection=True)


def _alone(obj: bpy.types.Object) -> None:
    bpy.ops.object.select_all(action="DESELECT")
    obj.select_set(True)
    bpy.context.view_layer.objects.active = obj


def _apply(obj: bpy.types.Object, kind: str, **settings: Any) -> None:
    modifier = obj.modifiers.new(kind, kind)
    for name, value in settings.items():
        setattr(modifier, name, value)
    bpy.ops.object.modifier_apply(modifier=modifier.name)


def _bake(high: bpy.types.Object, low: bpy.types.Object, pixels: int) -> None:
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.device, scene.cycles.samples = "CPU", 1
    material = bpy.data.materials.new("refined")
    material.use_nodes = True
    low.data.materials.clear()
    low.data.materials.append(material)
    nodes, links = material.node_tree.nodes, material.node_tree.links
    high.select_set(True)
    for name, kind, space in (("Base Color", "DIFFUSE", "sRGB"), ("Normal", "NORMAL", "Non-Color")):
        node = nodes.new("ShaderNodeTexImage")
        node.image = bpy.data.images.new(name, pixels, pixels)
        node.image.colorspace_settings.name = space
        nodes.active = node
        color = {"pass_filter": {"COLOR"}} if kind == "DIFFUSE" else {}
        distance = max(low.dimensions) / _VOXELS * 2.0
        bpy.ops.object.bake(type=kind, use_selected_to_active=True, cage_extrusion=distance, **color)
        node.image.pack()
        if kind == "DIFFUSE":
            links.new(node.outputs[0], nodes["Principled BSDF"].inputs["Base Color"])
        else:
            bump = nodes.new("ShaderNodeNormalMap")
            links.new(node.outputs[0], bump.inputs["Color"])
            links.new(bump.outputs[0], nodes["Principled BSDF"].inputs["Normal"])


if __name__ == "__main__":
    main(*sys.argv[1:])
    os._exit(0)  # the wheels of 4.5 may hang in an orderly exit
