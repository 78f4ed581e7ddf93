# SPDX-License-Identifier: GPL-3.0-or-later
"""One of everything that can be a block-out, each with the box it must be measured as, known without the add-on."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bpy
import fit_measure as fm
import numpy as np
from mathutils import Matrix, Vector

Box = tuple[Any, Any]
OBLIQUE = Matrix.LocRotScale(
    Vector((3.0, -2.0, 1.0)), Matrix.Rotation(0.7, 3, Vector((1.0, 2.0, 3.0))), (1.5, 0.5, 2.0)
)


@dataclass
class Kind:
    """What a builder made: names as on the command line, the world corners and the origin that a result must have."""

    names: str
    corners: np.ndarray
    origin: np.ndarray
    scene: str = ""
    limit: float = 1e-5
    copies: dict[str, np.ndarray] = field(default_factory=dict)


Builder = Callable[[Path], Kind]
KINDS: dict[str, Builder] = {}
"""By the name shown in docs/fit.md; each is called with an empty file open, and a folder for further files."""


def _kind(name: str) -> Callable[[Builder], Builder]:
    def keep(builder: Builder) -> Builder:
        KINDS[name] = builder
        return builder

    return keep


def add(name: str, data: Any, matrix: Matrix = OBLIQUE, scene: bpy.types.Scene | None = None) -> bpy.types.Object:
    """A new object."""
    obj = bpy.data.objects.new(name, data)
    (scene or bpy.context.scene).collection.objects.link(obj)
    obj.matrix_world = matrix
    return obj


def mesh(low: Any = (-0.5, -0.25, 0.0), high: Any = (0.75, 0.5, 2.0)) -> bpy.types.Mesh:
    """A box with its origin somewhere inside."""
    made = bpy.data.meshes.new("Blockout")
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    made.from_pydata(fm.corners(np.eye(4), np.array(low), np.array(high)).tolist(), [], quads)
    return made


def as_shown(obj: bpy.types.Object, names: str = "", box: Box | None = None, **rest: Any) -> Kind:
    """The kind for a visible object: its evaluated mesh, or *box* in its own axes where it makes no mesh."""
    low, high = box or fm.box_of(fm.vertices(obj))
    matrix = fm.world(obj)
    return Kind(names or obj.name, fm.corners(matrix, np.array(low), np.array(high)), matrix[:3, 3], **rest)


def boxed(obj: bpy.types.Object) -> Kind:
    """The kind for what has no vertices to look at, only the box that Blender gives."""
    evaluated = obj.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return as_shown(obj, box=fm.box_of(np.array([tuple(corner) for corner in evaluated.bound_box])))


@_kind("mesh")
def _mesh(_folder: Path) -> Kind:
    return as_shown(add("Thing", mesh()))


@_kind("mesh with modifiers")
def _modifiers(_folder: Path) -> Kind:
    obj = add("Thing", mesh())
    array = obj.modifiers.new("Array", "ARRAY")
    array.count = 3
    obj.modifiers.new("Subdivision", "SUBSURF").levels = 2
    return as_shown(obj)


@_kind("mesh with a shape key")
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


@_kind("mesh deformed by an armature")
def _deformed(_folder: Path) -> Kind:
    rig = _armature()
    obj = add("Thing", mesh())
    obj.vertex_groups.new(name="Bone").add(range(4, 8), 1.0, "REPLACE")
    obj.modifiers.new("Armature", "ARMATURE").object = rig
    return as_shown(obj)


@_kind("mesh deformed by its parent armature")
def _parent_deformed(_folder: Path) -> Kind:
    rig = _armature()
    obj = add("Thing", mesh(), Matrix())
    obj.vertex_groups.new(name="Bone").add(range(4, 8), 1.0, "REPLACE")
    obj.parent, obj.parent_type = rig, "ARMATURE"
    return as_shown(obj)


@_kind("child of a bone")
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


@_kind("Geometry Nodes mesh")
def _nodes(_folder: Path) -> Kind:
    obj = add("Thing", mesh())
    obj.modifiers.new("Nodes", "NODES").node_group = node_tree(lambda t: _moved(t, _cube(t, (1, 2, 3)), (1, 0, 0)))
    return as_shown(obj)


@_kind("Geometry Nodes instances")
def _node_instances(_folder: Path) -> Kind:
    def build(tree: bpy.types.NodeTree) -> Any:
        instance = tree.nodes.new("GeometryNodeGeometryToInstance")
        tree.links.new(_cube(tree, (2.0, 2.0, 1.0)), instance.inputs[0])
        return _moved(tree, instance.outputs[0], (4.0, 1.0, 0.0), (0.0, 0.0, math.pi / 4.0))

    obj = add("Thing", mesh())
    obj.modifiers.new("Nodes", "NODES").node_group = node_tree(build)
    r = 2.0**0.5
    return as_shown(obj, box=((4.0 - r, 1.0 - r, -0.5), (4.0 + r, 1.0 + r, 0.5)))


@_kind("instances on vertices")
def _vertex_instances(_folder: Path) -> Kind:
    obj = add("Thing", mesh(), Matrix.LocRotScale(Vector((1.0, 2.0, 3.0)), Matrix.Rotation(0.5, 3, "Z"), None))
    ball = add("Ball", mesh((-0.25,) * 3, (0.25,) * 3), Matrix())
    ball.parent = obj
    obj.instance_type = "VERTS"
    obj.show_instancer_for_viewport = obj.show_instancer_for_render = True
    return as_shown(obj, box=((-0.75, -0.5, -0.25), (1.0, 0.75, 2.25)))


def curve(name: str = "Curve", bevel: float = 0.2) -> bpy.types.Curve:
    """A bent 3D curve."""
    made = bpy.data.curves.new(name, "CURVE")
    made.dimensions, made.bevel_depth = "3D", bevel
    spline = made.splines.new("POLY")
    spline.points.add(2)
    for point, place in zip(spline.points, [(0, 0, 0, 1), (1, 2, 1, 1), (3, 1, 2, 1)], strict=True):
        point.co = place
    return made


@_kind("curve")
def _curve(_folder: Path) -> Kind:
    return as_shown(add("Thing", curve()))


@_kind("curve without thickness")
def _wire(_folder: Path) -> Kind:
    return as_shown(add("Thing", curve(bevel=0.0)), box=((0.0, 0.0, 0.0), (3.0, 2.0, 2.0)))


@_kind("surface")
def _surface(_folder: Path) -> Kind:
    bpy.ops.surface.primitive_nurbs_surface_torus_add()
    bpy.context.object.matrix_world = OBLIQUE
    return as_shown(bpy.context.object)


@_kind("text")
def _text(_folder: Path) -> Kind:
    made = bpy.data.curves.new("Text", "FONT")
    made.body, made.extrude = "Chair", 0.1
    return as_shown(add("Thing", made))


@_kind("metaball")
def _metaball(_folder: Path) -> Kind:
    made = bpy.data.metaballs.new("Ball")
    made.elements.new().radius = 2.0
    return as_shown(add("Thing", made))


@_kind("metaball family, by a member")
def _family(_folder: Path) -> Kind:
    basis = bpy.data.metaballs.new("Ball")
    basis.elements.new().radius = 2.0
    other = bpy.data.metaballs.new("Ball")
    other.elements.new().radius = 1.5
    first = add("Thing", basis, Matrix.Translation((1.0, 0.0, 0.0)))
    second = add("Thing.001", other, Matrix.Translation((2.2, 0.3, 0.0)))
    points = fm.vertices(first) + np.array([1.0, 0.0, 0.0]) - fm.world(second)[:3, 3]
    return as_shown(second, box=fm.box_of(points))


@_kind("point cloud")
def _points(_folder: Path) -> Kind:
    def build(tree: bpy.types.NodeTree) -> Any:
        grid = _moved(tree, _cube(tree, (1.0, 2.0, 3.0)), (0.5, 0.0, 0.0))
        node = tree.nodes.new("GeometryNodeMeshToPoints")
        tree.links.new(grid, node.inputs[0])
        return node.outputs[0]

    obj = add("Thing", bpy.data.pointclouds.new("Cloud"))  # Blender 4.2 lets no script add points to it
    obj.modifiers.new("Nodes", "NODES").node_group = node_tree(build)
    return boxed(obj)


@_kind("volume")
def _volume(_folder: Path) -> Kind:
    source = add("Source", mesh(), Matrix())
    obj = add("Thing", bpy.data.volumes.new("Fog"))
    obj.modifiers.new("Volume", "MESH_TO_VOLUME").object = source
    return boxed(obj)


@_kind("hair curves")
def _hair(_folder: Path) -> Kind:
    made = bpy.data.hair_curves.new("Hair")
    made.add_curves([2, 2])
    for place, point in zip([(0, 0, 0), (1, 2, 1), (0, 1, 0), (3, 1, 2)], made.position_data, strict=True):
        point.vector = place
    return boxed(add("Thing", made))


@_kind("grease pencil")
def _grease_pencil(_folder: Path) -> Kind:
    name = "grease_pencil_add" if bpy.app.version >= (4, 3, 0) else "gpencil_add"
    getattr(bpy.ops.object, name)(type="MONKEY")
    obj = bpy.context.object
    obj.matrix_world = OBLIQUE
    if obj.type == "GPENCIL":  # flat before Blender 4.3; thickness does not count there
        for point in obj.data.layers[0].frames[0].strokes[0].points:
            point.co.y += point.co.x / 4.0
    return boxed(obj)


@_kind("lattice")
def _lattice(_folder: Path) -> Kind:
    return as_shown(add("Thing", bpy.data.lattices.new("Lattice")), box=((-0.5,) * 3, (0.5,) * 3))


@_kind("empty (cube)")
def _empty(_folder: Path) -> Kind:
    obj = add("Thing", None)
    obj.empty_display_type, obj.empty_display_size = "CUBE", 0.7
    return as_shown(obj, box=((-0.7,) * 3, (0.7,) * 3))


@_kind("empty (cone)")
def _cone(_folder: Path) -> Kind:
    obj = add("Thing", None)
    obj.empty_display_type, obj.empty_display_size = "CONE", 0.5
    return as_shown(obj, box=((-0.5, 0.0, -0.5), (0.5, 1.0, 0.5)))


@_kind("collection instance")
def _instance(_folder: Path) -> Kind:
    collection = bpy.data.collections.new("Set")
    part = bpy.data.objects.new("Part", mesh((-1.0, -1.0, 0.0), (1.0, 1.0, 1.0)))
    part.rotation_euler, part.location = (0.0, 0.0, math.pi / 4.0), (2.0, 0.0, 0.0)
    collection.objects.link(part)
    collection.objects.link(bpy.data.objects.new("Lamp", bpy.data.lights.new("Lamp", "POINT")))
    collection.instance_offset = (0.5, 0.0, 0.0)
    obj = add("Thing", None)
    obj.instance_type, obj.instance_collection = "COLLECTION", collection
    r = 2.0**0.5
    return as_shown(obj, box=((1.5 - r, -r, 0.0), (1.5 + r, r, 1.0)))


@_kind("hidden, its parent moved since")
def _hidden(_folder: Path) -> Kind:
    parent = add("Parent", None, Matrix())
    obj = add("Thing", mesh(), Matrix())
    obj.parent = parent
    bpy.context.view_layer.update()
    parent.matrix_world = OBLIQUE
    known = as_shown(obj)
    parent.matrix_world = Matrix()
    bpy.context.view_layer.update()
    obj.hide_viewport = obj.hide_render = True
    bpy.context.view_layer.update()
    parent.matrix_world = OBLIQUE
    return known


@_kind("hidden by the eye")
def _eye(_folder: Path) -> Kind:
    obj = add("Thing", mesh())
    known = as_shown(obj)
    obj.hide_set(True)
    return known


@_kind("in an excluded collection")
def _excluded(_folder: Path) -> Kind:
    obj = add("Thing", mesh())
    known = as_shown(obj)
    collection = bpy.data.collections.new("Away")
    bpy.context.scene.collection.children.link(collection)
    collection.objects.link(obj)
    bpy.context.scene.collection.objects.unlink(obj)
    bpy.context.view_layer.layer_collection.children["Away"].exclude = True
    return known


@_kind("in another scene")
def _elsewhere(_folder: Path) -> Kind:
    obj = add("Thing", mesh())
    known = as_shown(obj, scene="Other")
    other = bpy.data.scenes.new("Other")
    other.collection.objects.link(obj)
    bpy.context.scene.collection.objects.unlink(obj)
    return known


def _library(folder: Path) -> Kind:
    """A file with the collection Set, which holds the object Thing; and what a result must fill."""
    collection = bpy.data.collections.new("Set")
    bpy.context.scene.collection.children.link(collection)
    obj = add("Thing", mesh())
    collection.objects.link(obj)
    bpy.context.scene.collection.objects.unlink(obj)
    obj.modifiers.new("Array", "ARRAY")
    known = as_shown(obj)
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "library.blend"))
    bpy.ops.wm.read_factory_settings(use_empty=True)
    with bpy.data.libraries.load(str(folder / "library.blend"), link=True) as (_available, wanted):
        wanted.collections = ["Set"]
    return known


@_kind("linked object")
def _linked(folder: Path) -> Kind:
    known = _library(folder)
    bpy.context.scene.collection.children.link(bpy.data.collections["Set"])
    return known


@_kind("library override")
def _override(folder: Path) -> Kind:
    known = _library(folder)
    linked = bpy.data.collections["Set"]
    bpy.context.scene.collection.children.link(linked)
    linked.override_hierarchy_create(bpy.context.scene, bpy.context.view_layer, do_fully_editable=True)
    bpy.context.scene.collection.children.unlink(linked)
    return known


@_kind("instance of a linked collection")
def _linked_instance(folder: Path) -> Kind:
    known = _library(folder)
    obj = add("Place", None, Matrix())
    obj.instance_type, obj.instance_collection = "COLLECTION", bpy.data.collections["Set"]
    part = bpy.data.collections["Set"].objects[0]
    bpy.context.view_layer.update()
    points = fm.vertices(part)
    matrix = np.array(OBLIQUE)
    return as_shown(obj, box=fm.box_of(points @ matrix[:3, :3].T + matrix[:3, 3])) if known else known


def _chain(depth: int) -> bpy.types.Object | None:
    parent = None
    for number in range(depth):
        turn = Matrix.Rotation(0.4 + number, 3, Vector((1.0, number, 2.0)))
        empty = add(f"Parent{number}", None, Matrix.LocRotScale(Vector((1.0, 2.0, -1.0)), turn, (1.0, 2.5, 0.4)))
        empty.parent = parent
        parent = empty
    return parent


@_kind("sheared by its parents")
def _sheared(_folder: Path) -> Kind:
    obj = add("Thing", mesh(), Matrix.LocRotScale(None, Matrix.Rotation(0.8, 3, "X"), None))
    obj.parent = _chain(2)
    return as_shown(obj)


@_kind("sheared by a constraint")
def _constrained(_folder: Path) -> Kind:
    obj = add("Thing", mesh(), Matrix.LocRotScale(None, Matrix.Rotation(0.8, 3, "X"), None))
    constraint = obj.constraints.new("CHILD_OF")
    constraint.target = _chain(1)
    constraint.inverse_matrix = Matrix()
    return as_shown(obj)


@_kind("mirrored")
def _mirrored(_folder: Path) -> Kind:
    turn = Matrix.Rotation(0.8, 3, Vector((1.0, 1.0, 0.5)))
    return as_shown(add("Thing", mesh(), Matrix.LocRotScale(Vector((1.0, 2.0, 3.0)), turn, (1.0, -2.0, 1.5))))


@_kind("mirrored and sheared")
def _mirrored_sheared(_folder: Path) -> Kind:
    obj = add("Thing", mesh(), Matrix.LocRotScale(None, Matrix.Rotation(0.8, 3, "X"), (-1.0, 1.0, 1.0)))
    obj.parent = _chain(2)
    return as_shown(obj)


@_kind("flat (a plane)")
def _flat(_folder: Path) -> Kind:
    # 3 x 1 in the world, no thickness: the largest unstretched cube that fits is 1 x 1 x 1.
    obj = add("Thing", mesh((-1.0, -1.0, 0.0), (1.0, 1.0, 0.0)))
    return as_shown(obj, box=((-1.0 / 3.0, -1.0, -0.25), (1.0 / 3.0, 1.0, 0.25)))


@_kind("pivot 10 sizes outside")
def _far_pivot(_folder: Path) -> Kind:
    return as_shown(add("Thing", mesh((20.0, 5.0, 0.0), (22.0, 6.0, 1.0))))


@_kind("100 km from the origin")
def _far(_folder: Path) -> Kind:
    place = Matrix.Translation((70000.0, -60000.0, 40000.0))
    return as_shown(add("Thing", mesh(), place @ OBLIQUE))


@_kind("1 mm")
def _tiny(_folder: Path) -> Kind:
    return as_shown(add("Thing", mesh((-0.0005, 0.0, 0.0), (0.0005, 0.0005, 0.0008))))


@_kind("10 km")
def _huge(_folder: Path) -> Kind:
    return as_shown(add("Thing", mesh((-5000.0, 0.0, 0.0), (5000.0, 2000.0, 900.0))))


@_kind("one millimetre a unit")
def _millimetres(_folder: Path) -> Kind:
    bpy.context.scene.unit_settings.scale_length = 0.001
    return as_shown(add("Thing", mesh((-250.0, 0.0, 0.0), (250.0, 500.0, 900.0))))


@_kind("one centimetre a unit")
def _centimetres(_folder: Path) -> Kind:
    bpy.context.scene.unit_settings.scale_length = 0.01
    return as_shown(add("Thing", mesh()))


@_kind("one foot a unit")
def _feet(_folder: Path) -> Kind:
    bpy.context.scene.unit_settings.system = "IMPERIAL"
    bpy.context.scene.unit_settings.scale_length = 0.3048
    return as_shown(add("Thing", mesh()))


@_kind("one kilometre a unit")
def _kilometres(_folder: Path) -> Kind:
    bpy.context.scene.unit_settings.scale_length = 1000.0
    return as_shown(add("Thing", mesh()))


@_kind("linked duplicates")
def _duplicates(_folder: Path) -> Kind:
    shared = mesh()
    obj = add("Thing", shared)
    others = [add(f"Thing.{n:03}", shared, Matrix.Translation((n, 5.0, 0.0)) @ OBLIQUE) for n in range(1, 4)]
    others.append(add("Mirrored", shared, Matrix.Diagonal((-1.0, 2.0, 1.0, 1.0))))
    low, high = fm.box_of(fm.vertices(obj))
    copies = {other.name: fm.corners(fm.world(other), low, high) for other in others}
    return as_shown(obj, copies=copies)


@_kind("several objects, one box")
def _several(_folder: Path) -> Kind:
    first = add("A+B", mesh())
    second = add("C", mesh((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)), Matrix.Translation((4.0, 1.0, 2.0)))
    third = add("D", curve())
    inverse = np.linalg.inv(fm.world(first))
    points = [fm.vertices(first)]
    for other in (second, third):
        total = inverse @ fm.world(other)
        points.append(fm.vertices(other) @ total[:3, :3].T + total[:3, 3])
    return as_shown(first, "A+B+C+D", fm.box_of(np.concatenate(points)))


NO_SIZE: dict[str, Callable[[], Any]] = {
    "camera": lambda: bpy.data.cameras.new("Camera"),
    "light": lambda: bpy.data.lights.new("Light", "AREA"),
    "speaker": lambda: bpy.data.speakers.new("Speaker"),
    "armature": lambda: bpy.data.armatures.new("Rig"),
    "light probe": lambda: bpy.data.lightprobes.new("Probe", "SPHERE"),
    "mesh without vertices": lambda: bpy.data.meshes.new("Nothing"),
    "curve without points": lambda: bpy.data.curves.new("Nothing", "CURVE"),
}
"""What has no box."""
