# SPDX-License-Identifier: GPL-3.0-or-later
"""Block-outs that stand in every kind of place: hidden, linked, sheared, mirrored, far away, in other units."""

from __future__ import annotations

import math
from pathlib import Path

import bpy
import fit_measure as fm
import numpy as np
from fit_kind import OBLIQUE, Kind, add, as_shown, curve, kind, mesh
from mathutils import Matrix, Vector


@kind("collection instance")
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


@kind("hidden, its parent moved since")
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


@kind("hidden by the eye")
def _eye(_folder: Path) -> Kind:
    obj = add("Thing", mesh())
    known = as_shown(obj)
    obj.hide_set(True)
    return known


@kind("in an excluded collection")
def _excluded(_folder: Path) -> Kind:
    obj = add("Thing", mesh())
    known = as_shown(obj)
    collection = bpy.data.collections.new("Away")
    bpy.context.scene.collection.children.link(collection)
    collection.objects.link(obj)
    bpy.context.scene.collection.objects.unlink(obj)
    bpy.context.view_layer.layer_collection.children["Away"].exclude = True
    return known


@kind("in another scene")
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


@kind("linked object")
def _linked(folder: Path) -> Kind:
    known = _library(folder)
    bpy.context.scene.collection.children.link(bpy.data.collections["Set"])
    return known


@kind("library override")
def _override(folder: Path) -> Kind:
    known = _library(folder)
    linked = bpy.data.collections["Set"]
    bpy.context.scene.collection.children.link(linked)
    linked.override_hierarchy_create(bpy.context.scene, bpy.context.view_layer, do_fully_editable=True)
    bpy.context.scene.collection.children.unlink(linked)
    return known


@kind("instance of a linked collection")
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


@kind("sheared by its parents")
def _sheared(_folder: Path) -> Kind:
    obj = add("Thing", mesh(), Matrix.LocRotScale(None, Matrix.Rotation(0.8, 3, "X"), None))
    obj.parent = _chain(2)
    return as_shown(obj)


@kind("sheared by a constraint")
def _constrained(_folder: Path) -> Kind:
    obj = add("Thing", mesh(), Matrix.LocRotScale(None, Matrix.Rotation(0.8, 3, "X"), None))
    constraint = obj.constraints.new("CHILD_OF")
    constraint.target = _chain(1)
    constraint.inverse_matrix = Matrix()
    return as_shown(obj)


@kind("mirrored")
def _mirrored(_folder: Path) -> Kind:
    turn = Matrix.Rotation(0.8, 3, Vector((1.0, 1.0, 0.5)))
    return as_shown(add("Thing", mesh(), Matrix.LocRotScale(Vector((1.0, 2.0, 3.0)), turn, (1.0, -2.0, 1.5))))


@kind("mirrored and sheared")
def _mirrored_sheared(_folder: Path) -> Kind:
    obj = add("Thing", mesh(), Matrix.LocRotScale(None, Matrix.Rotation(0.8, 3, "X"), (-1.0, 1.0, 1.0)))
    obj.parent = _chain(2)
    return as_shown(obj)


@kind("flat (a plane)")
def _flat(_folder: Path) -> Kind:
    # 3 x 1 in the world, no thickness: the largest unstretched cube that fits is 1 x 1 x 1.
    obj = add("Thing", mesh((-1.0, -1.0, 0.0), (1.0, 1.0, 0.0)))
    return as_shown(obj, box=((-1.0 / 3.0, -1.0, -0.25), (1.0 / 3.0, 1.0, 0.25)))


@kind("pivot 10 sizes outside")
def _far_pivot(_folder: Path) -> Kind:
    return as_shown(add("Thing", mesh((20.0, 5.0, 0.0), (22.0, 6.0, 1.0))))


@kind("100 km from the origin")
def _far(_folder: Path) -> Kind:
    place = Matrix.Translation((70000.0, -60000.0, 40000.0))
    return as_shown(add("Thing", mesh(), place @ OBLIQUE))


@kind("1 mm")
def _tiny(_folder: Path) -> Kind:
    return as_shown(add("Thing", mesh((-0.0005, 0.0, 0.0), (0.0005, 0.0005, 0.0008))))


@kind("10 km")
def _huge(_folder: Path) -> Kind:
    return as_shown(add("Thing", mesh((-5000.0, 0.0, 0.0), (5000.0, 2000.0, 900.0))))


@kind("one millimeter a unit")
def _millimetres(_folder: Path) -> Kind:
    bpy.context.scene.unit_settings.scale_length = 0.001
    return as_shown(add("Thing", mesh((-250.0, 0.0, 0.0), (250.0, 500.0, 900.0))))


@kind("one centimeter a unit")
def _centimetres(_folder: Path) -> Kind:
    bpy.context.scene.unit_settings.scale_length = 0.01
    return as_shown(add("Thing", mesh()))


@kind("one foot a unit")
def _feet(_folder: Path) -> Kind:
    bpy.context.scene.unit_settings.system = "IMPERIAL"
    bpy.context.scene.unit_settings.scale_length = 0.3048
    return as_shown(add("Thing", mesh()))


@kind("one kilometer a unit")
def _kilometres(_folder: Path) -> Kind:
    bpy.context.scene.unit_settings.scale_length = 1000.0
    return as_shown(add("Thing", mesh()))


@kind("linked duplicates")
def _duplicates(_folder: Path) -> Kind:
    shared = mesh()
    obj = add("Thing", shared)
    others = [add(f"Thing.{n:03}", shared, Matrix.Translation((n, 5.0, 0.0)) @ OBLIQUE) for n in range(1, 4)]
    others.append(add("Mirrored", shared, Matrix.Diagonal((-1.0, 2.0, 1.0, 1.0))))
    low, high = fm.box_of(fm.vertices(obj))
    copies = {other.name: fm.corners(fm.world(other), low, high) for other in others}
    return as_shown(obj, copies=copies)


@kind("several objects, one box")
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
