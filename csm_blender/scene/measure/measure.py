# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure block-outs: the evaluated box in an object's own axes, and its world matrix."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np
from mathutils import Matrix

from ...core.errors import NoSize, NoSuchObject, UsageError
from ...core.geometry.custom_box import check_custom_box
from ...core.messages import NOTHING, Message
from ...core.models import Target, Vec3, vec3
from ..blender.evaluation import is_evaluated, looking_at, world_matrix
from ..blender.matrix import as_matrix4
from ..versions import history, mesh_swap
from .custom_box import custom_box
from .evaluated_bounds import Array, Bounds, add_shown, box_corners, display_box, to_axes_of, transformed

SIZELESS_TYPES = frozenset({"CAMERA", "LIGHT", "LIGHT_PROBE", "SPEAKER", "ARMATURE"})
JOINT = "+"


def find_object(scene: bpy.types.Scene, name: str) -> bpy.types.Object:
    """The object called *name* in *scene*. Raises :class:`NoSuchObject`, naming close matches."""
    first = scene.objects.get(name)
    if first is not None and first.library is None:
        return first
    found = [obj for obj in scene.objects if obj.name == name]
    if found:
        return min(found, key=lambda obj: obj.library is not None)  # a library override is called like its original
    close = sorted(other.name for other in scene.objects if other.name.casefold() == name.strip().casefold())
    guess = Message("Did you mean {name}?", name=repr(close[0])) if close else NOTHING
    words = "There is no object {name} in the scene {scene}."
    raise NoSuchObject(words, guess=guess, name=repr(name), scene=repr(scene.name))


def find_objects(scene: bpy.types.Scene, names: str) -> list[bpy.types.Object]:
    """The objects of *names*: one, or several joined by ``+``; the box is in the axes of the first.

    Names may contain a plus sign themselves: an object of exactly that name wins, then the longest name that fits.
    Raises :class:`NoSuchObject` and, for one named twice, :class:`UsageError`.
    """
    if JOINT not in names:
        return [find_object(scene, names)]
    known = {obj.name for obj in scene.objects}
    if names in known:
        return [find_object(scene, names)]
    words = names.split(JOINT)
    found: list[bpy.types.Object] = []
    while words:
        joined = [(JOINT.join(words[:count]), count) for count in range(len(words), 0, -1)]
        spelled = [(name, count) for text, count in joined for name in (text, text.strip()) if name in known]
        name, count = spelled[0] if spelled else (words[0].strip(), 1)
        obj = find_object(scene, name)
        if obj in found:
            raise UsageError("{name} is named twice in {names}.", name=repr(obj.name), names=repr(names))
        found.append(obj)
        del words[:count]
    return found


def measure(obj: bpy.types.Object, depsgraph: bpy.types.Depsgraph) -> Target:
    """The box *obj* is to be refined to, in its own axes and Blender units, and its world matrix.

    That is its custom box, if it has one, else the box of all it shows. Raises :class:`NoSize` for what has neither,
    and :class:`BadValue` for a custom box without a size.
    """
    drawn = custom_box(obj)
    if drawn is None:
        return measure_shape(obj, depsgraph)
    check_custom_box(obj.name, *drawn)
    return Target(obj.name, as_matrix4(world_matrix(obj, depsgraph)), *drawn)


def measure_shape(obj: bpy.types.Object, depsgraph: bpy.types.Depsgraph) -> Target:
    """The box of all that *obj* shows, whether it has a custom box or not.

    Modifiers, shape keys and instances count. An object whose mesh was replaced by a result is measured as the
    block-out it was. What *depsgraph* does not evaluate (hidden, excluded, of another scene) is evaluated apart, which
    is not possible while Blender draws. Raises :class:`NoSize` for what has no box: cameras, lights, empty meshes.
    """
    bounds = _BoundsOfObjects(obj, depsgraph)
    bounds.add(obj, bounds.world, np.eye(4))
    return bounds.as_target(repr(obj.name))


def measure_common(objects: Sequence[bpy.types.Object], depsgraph: bpy.types.Depsgraph) -> Target:
    """The one box over all *objects*, in the axes of the first; its world matrix and its name.

    A custom box of the first is that box. One of another object replaces what that object shows. Raises
    :class:`NoSize`, also where the first has scale 0 on an axis, so that the others cannot use its axes.
    """
    first = objects[0]
    if len(objects) == 1 or custom_box(first) is not None:
        return measure(first, depsgraph)
    bounds = _BoundsOfObjects(first, depsgraph)
    if not abs(np.linalg.det(np.array(bounds.world)[:3, :3])) > 0.0:
        words = "{name} has scale 0 on an axis, so the other objects cannot use its axes."
        raise NoSize(words, "Name another object first.", name=repr(first.name))
    bounds.add(first, bounds.world, np.eye(4))
    for obj in objects[1:]:
        world, drawn = world_matrix(obj, depsgraph), custom_box(obj)
        if drawn is None:
            bounds.add(obj, world, None)
        else:
            check_custom_box(obj.name, *drawn)
            bounds.add_box(drawn, bounds.to_axes @ np.array(world))
    return bounds.as_target(JOINT.join(obj.name for obj in objects))


def family_of(obj: bpy.types.Object) -> list[bpy.types.Object]:
    """The metaballs that melt together with *obj*, itself among them: those of its scene named alike up to the number.

    Anything else is a family of one.
    """
    if obj.type != "META":
        return [obj]
    scenes = obj.users_scene
    around = scenes[0].objects if scenes else [obj]
    return [other for other in around if other.type == "META" and _stem(other.name) == _stem(obj.name)]


class _BoundsOfObjects:
    """The growing box of several objects in the axes of the first, which *to_axes* transforms the world to."""

    def __init__(self, first: bpy.types.Object, depsgraph: bpy.types.Depsgraph) -> None:
        self.world = world_matrix(first, depsgraph)
        self.to_axes = to_axes_of(np.array(self.world))
        self._name, self._depsgraph, self._bounds = first.name, depsgraph, Bounds()

    def add_box(self, box: tuple[Vec3, Vec3], matrix: Array) -> None:
        """Grow to hold *box*, transformed by *matrix*."""
        self._bounds.add(transformed(matrix, box_corners(*box)))

    def add(self, obj: bpy.types.Object, world: Matrix, own: Array | None) -> None:
        """Grow to hold all that *obj*, which is at *world*, shows. *own* is as for :func:`add_shown`."""
        if obj.type in SIZELESS_TYPES:
            kind = obj.type.lower().replace("_", " ")
            raise NoSize("{name} is a {type}, which has no size.", name=repr(obj.name), type=kind)
        box = mesh_swap.recorded_box(obj, history.key_of(obj))
        if box is None and obj.type == "EMPTY" and obj.instance_type == "NONE":
            box = display_box(obj)
        if box is not None:
            self.add_box(box, self.to_axes @ np.array(world) if own is None else own)
            return
        family = family_of(obj)
        own_geometry = own if obj.type != "META" else None
        if all(is_evaluated(member, self._depsgraph) for member in family):
            add_shown(self._bounds, self._depsgraph, set(family), self.to_axes, own_geometry)
            return
        assert self._depsgraph.scene is not None
        with looking_at(family, self._depsgraph.scene) as (apart, copies):
            add_shown(self._bounds, apart, set(copies), self.to_axes, own_geometry)

    def as_target(self, what: str) -> Target:
        """The box as that of the first object. Raises :class:`NoSize`, naming *what*, if it has none."""
        low, high = self._bounds.low, self._bounds.high
        if not (low <= high).all() or (low == high).all():
            raise NoSize("{name} has no size.", name=what)
        return Target(self._name, as_matrix4(self.world), vec3(low), vec3(high))


def _stem(name: str) -> str:
    stem, dot, number = name.rpartition(".")
    return stem if dot and number.isdecimal() else name
