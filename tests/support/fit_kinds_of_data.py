# SPDX-License-Identifier: GPL-3.0-or-later
"""Block-outs of every kind of data: meshes, curves, points, empties."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import fit_measure as fm
import numpy as np
from fit_kind import OBLIQUE, Kind, add, as_shown, boxed, curve, kind, mesh
from mathutils import Matrix, Vector


@kind("mesh")
def _mesh(_folder: Path) -> Kind:
    return as_shown(add("Thing", mesh()))


@kind("mesh with modifiers")
def _modifiers(_folder: Path) -> Kind:
    obj = add("Thing", mesh())
    array = obj.modifiers.new("Array", "ARRAY")
    array.count = 3
    obj.modifiers.new("Subdivision", "SUBSURF").levels = 2
    return as_shown(obj)


@kind("mesh with a shape key")
def _shape_key(_folder: Path) -> Kind:
    obj = add("Thing", mesh())
    obj.shape_key_add(name="Basis")
    key = obj.shape_key_add(name="Wide")
    key.data[7].co = (3.0, 1.0, 2.5)
    key.value = 0.5
    return as_shown(obj)


def _armature(matrix: Matrix | None = None) -> bpy.types.Object:
    rig = add("Rig", bpy.data.armatures.new("Rig"), matrix or Matrix())
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    bone = rig.data.edit_bones.new("Bone")
    bone.tail = (0.0, 0.0, 1.0)
    bpy.ops.object.mode_set(mode="OBJECT")
    rig.pose.bones["Bone"].rotation_mode = "XYZ"
    rig.pose.bones["Bone"].rotation_euler = (0.4, 0.3, 0.2)
    return rig


@kind("mesh deformed by an armature")
def _deformed(_folder: Path) -> Kind:
    rig = _armature()
    obj = add("Thing", mesh())
    obj.vertex_groups.new(name="Bone").add(range(4, 8), 1.0, "REPLACE")
    obj.modifiers.new("Armature", "ARMATURE").object = rig
    return as_shown(obj)


@kind("mesh deformed by its parent armature")
def _parent_deformed(_folder: Path) -> Kind:
    rig = _armature()
    obj = add("Thing", mesh(), Matrix())
    obj.vertex_groups.new(name="Bone").add(range(4, 8), 1.0, "REPLACE")
    obj.parent, obj.parent_type = rig, "ARMATURE"
    return as_shown(obj)


@kind("child of a bone")
def _bone_child(_folder: Path) -> Kind:
    rig = _armature(OBLIQUE)
    obj = add("Thing", mesh(), Matrix())
    obj.parent, obj.parent_type, obj.parent_bone = rig, "BONE", "Bone"
    obj.rotation_euler = (0.1, 0.2, 0.3)
    return as_shown(obj)


def node_tree(build: Callable[[bpy.types.NodeTree], Any]) -> bpy.types.NodeTree:
    """A geometry node tree; *build* gives the output socket."""
    tree = bpy.data.node_groups.new("Nodes", "GeometryNodeTree")
    for direction in ("INPUT", "OUTPUT"):
        tree.interface.new_socket("Geometry", in_out=direction, socket_type="NodeSocketGeometry")
    tree.nodes.new("NodeGroupInput")
    tree.links.new(build(tree), tree.nodes.new("NodeGroupOutput").inputs[0])
    return tree


def _cube(tree: bpy.types.NodeTree, size: Any) -> Any:
    node = tree.nodes.new("GeometryNodeMeshCube")
    node.inputs["Size"].default_value = size
    return node.outputs[0]


def _moved(tree: bpy.types.NodeTree, geometry: Any, to: Any, turn: Any = (0.0, 0.0, 0.0)) -> Any:
    node = tree.nodes.new("GeometryNodeTransform")
    node.inputs["Translation"].default_value = to
    node.inputs["Rotation"].default_value = turn
    tree.links.new(geometry, node.inputs[0])
    return node.outputs[0]


@kind("Geometry Nodes mesh")
def _nodes(_folder: Path) -> Kind:
    obj = add("Thing", mesh())
    obj.modifiers.new("Nodes", "NODES").node_group = node_tree(lambda t: _moved(t, _cube(t, (1, 2, 3)), (1, 0, 0)))
    return as_shown(obj)


@kind("Geometry Nodes instances")
def _node_instances(_folder: Path) -> Kind:
    def build(tree: bpy.types.NodeTree) -> Any:
        instance = tree.nodes.new("GeometryNodeGeometryToInstance")
        tree.links.new(_cube(tree, (2.0, 2.0, 1.0)), instance.inputs[0])
        return _moved(tree, instance.outputs[0], (4.0, 1.0, 0.0), (0.0, 0.0, math.pi / 4.0))

    obj = add("Thing", mesh())
    obj.modifiers.new("Nodes", "NODES").node_group = node_tree(build)
    r = 2.0**0.5
    return as_shown(obj, box=((4.0 - r, 1.0 - r, -0.5), (4.0 + r, 1.0 + r, 0.5)))


@kind("instances on vertices")
def _vertex_instances(_folder: Path) -> Kind:
    obj = add("Thing", mesh(), Matrix.LocRotScale(Vector((1.0, 2.0, 3.0)), Matrix.Rotation(0.5, 3, "Z"), None))
    ball = add("Ball", mesh((-0.25,) * 3, (0.25,) * 3), Matrix())
    ball.parent = obj
    obj.instance_type = "VERTS"
    obj.show_instancer_for_viewport = obj.show_instancer_for_render = True
    return as_shown(obj, box=((-0.75, -0.5, -0.25), (1.0, 0.75, 2.25)))


@kind("curve")
def _curve(_folder: Path) -> Kind:
    return as_shown(add("Thing", curve()))


@kind("curve without thickness")
def _wire(_folder: Path) -> Kind:
    return as_shown(add("Thing", curve(bevel=0.0)), box=((0.0, 0.0, 0.0), (3.0, 2.0, 2.0)))


@kind("surface")
def _surface(_folder: Path) -> Kind:
    bpy.ops.surface.primitive_nurbs_surface_torus_add()
    bpy.context.object.matrix_world = OBLIQUE
    return as_shown(bpy.context.object)


@kind("text")
def _text(_folder: Path) -> Kind:
    made = bpy.data.curves.new("Text", "FONT")
    made.body, made.extrude = "Chair", 0.1
    return as_shown(add("Thing", made))


@kind("metaball")
def _metaball(_folder: Path) -> Kind:
    made = bpy.data.metaballs.new("Ball")
    made.elements.new().radius = 2.0
    return as_shown(add("Thing", made))


@kind("metaball family, by a member")
def _family(_folder: Path) -> Kind:
    basis = bpy.data.metaballs.new("Ball")
    basis.elements.new().radius = 2.0
    other = bpy.data.metaballs.new("Ball")
    other.elements.new().radius = 1.5
    first = add("Thing", basis, Matrix.Translation((1.0, 0.0, 0.0)))
    second = add("Thing.001", other, Matrix.Translation((2.2, 0.3, 0.0)))
    points = fm.vertices(first) + np.array([1.0, 0.0, 0.0]) - fm.world(second)[:3, 3]
    return as_shown(second, box=fm.box_of(points))


@kind("point cloud")
def _points(_folder: Path) -> Kind:
    def build(tree: bpy.types.NodeTree) -> Any:
        grid = _moved(tree, _cube(tree, (1.0, 2.0, 3.0)), (0.5, 0.0, 0.0))
        node = tree.nodes.new("GeometryNodeMeshToPoints")
        tree.links.new(grid, node.inputs[0])
        return node.outputs[0]

    obj = add("Thing", bpy.data.pointclouds.new("Cloud"))  # Blender 4.2 lets no script add points to it
    obj.modifiers.new("Nodes", "NODES").node_group = node_tree(build)
    return boxed(obj)


@kind("volume")
def _volume(_folder: Path) -> Kind:
    source = add("Source", mesh(), Matrix())
    obj = add("Thing", bpy.data.volumes.new("Fog"))
    obj.modifiers.new("Volume", "MESH_TO_VOLUME").object = source
    return boxed(obj)


@kind("hair curves")
def _hair(_folder: Path) -> Kind:
    made = bpy.data.hair_curves.new("Hair")
    made.add_curves([2, 2])
    for place, point in zip([(0, 0, 0), (1, 2, 1), (0, 1, 0), (3, 1, 2)], made.position_data, strict=True):
        point.vector = place
    return boxed(add("Thing", made))


@kind("grease pencil")
def _grease_pencil(_folder: Path) -> Kind:
    name = "grease_pencil_add" if bpy.app.version >= (4, 3, 0) else "gpencil_add"
    getattr(bpy.ops.object, name)(type="MONKEY")
    obj = bpy.context.object
    obj.matrix_world = OBLIQUE
    if obj.type == "GPENCIL":  # flat before Blender 4.3; thickness does not count there
        for point in obj.data.layers[0].frames[0].strokes[0].points:
            point.co.y += point.co.x / 4.0
    return boxed(obj)


@kind("lattice")
def _lattice(_folder: Path) -> Kind:
    return as_shown(add("Thing", bpy.data.lattices.new("Lattice")), box=((-0.5,) * 3, (0.5,) * 3))


@kind("empty (cube)")
def _empty(_folder: Path) -> Kind:
    obj = add("Thing", None)
    obj.empty_display_type, obj.empty_display_size = "CUBE", 0.7
    return as_shown(obj, box=((-0.7,) * 3, (0.7,) * 3))


@kind("empty (cone)")
def _cone(_folder: Path) -> Kind:
    obj = add("Thing", None)
    obj.empty_display_type, obj.empty_display_size = "CONE", 0.5
    return as_shown(obj, box=((-0.5, 0.0, -0.5), (0.5, 1.0, 0.5)))
