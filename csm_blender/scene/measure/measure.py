# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure block-outs: the evaluated box in an object's own axes, and where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix

from ...core.errors import NoSize, NoSuchObject, UsageError
from ...core.geometry.custom_box import check_custom_box
from ...core.messages import NOTHING, Message
from ...core.models import Target, vec3
from ..blender.evaluation import is_evaluated, looking_at, world_matrix
from ..blender.matrix import as_matrix4
from ..versions.history import recorded_box
from .custom_box import custom_box
from .empty_bounds import display_box
from .evaluated_bounds import Array, Bounds, add_shown, as_array, box_corners, through, to_axes_of

SIZELESS_TYPES = frozenset({"CAMERA", "LIGHT", "LIGHT_PROBE", "SPEAKER", "ARMATURE"})
JOINT = "+"


def find_object(scene: bpy.types.Scene, name: str) -> bpy.types.Object:
    """The object called *name* in *scene*. Raises :class:`NoSuchObject`, naming close matches."""
    found = [obj for obj in scene.objects if obj.name == name]
    if found:
        return min(found, key=lambda obj: obj.library is not None)  # a library override is called like its original
    close = sorted(other.name for other in scene.objects if other.name.casefold() == name.strip().casefold())
    guess = Message("Did you mean {name}?", name=repr(close[0])) if close else NOTHING
    words = "There is no object {name} in the scene {scene}."
    raise NoSuchObject(words, guess=guess, name=repr(name), scene=repr(scene.name))


def find_objects(scene: bpy.types.Scene, names: str) -> list[bpy.types.Object]:
    """The objects of *names*: one, or several joined by ``+``; the first one lends its axes.

    Names may hold a plus sign themselves: what is called exactly so wins, then the longest name that fits. Raises
    :class:`NoSuchObject` and, for one named twice, :class:`UsageError`.
    """
    known = {obj.name for obj in scene.objects}
    if JOINT not in names or names in known:
        return [find_object(scene, names)]
    words = names.split(JOINT)
    found: list[bpy.types.Object] = []
    while words:
        lengths = range(len(words), 0, -1)
        name_and_length = next(
            (
                (name, n)
                for n in lengths
                for name in (JOINT.join(words[:n]), JOINT.join(words[:n]).strip())
                if name in known
            ),
            (words[0].strip(), 1),
        )
        obj = find_object(scene, name_and_length[0])
        if obj in found:
            raise UsageError("{name} is named twice in {names}.", name=repr(obj.name), names=repr(names))
        found.append(obj)
        words = words[name_and_length[1] :]
    return found


def measure(obj: bpy.types.Object, depsgraph: bpy.types.Depsgraph) -> Target:
    """The box *obj* is to be refined to, in its own axes and Blender units, and its world matrix.

    That is its custom box, where it has one, else the box of all it shows. Raises :class:`NoSize` for what has neither,
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
    world = world_matrix(obj, depsgraph)
    look = _Look(depsgraph, to_axes_of(as_array(world)))
    look.at(obj, world, np.eye(4))
    return _target(obj, world, look.bounds, repr(obj.name))


def measure_common(objects: Sequence[bpy.types.Object], depsgraph: bpy.types.Depsgraph) -> Target:
    """The one box over all *objects*, in the axes of the first; its world matrix and its name.

    A custom box of the first is that box. One of another object stands for what that object shows. Raises
    :class:`NoSize`, also where the first has scale 0 on an axis and so has no axes to lend.
    """
    first = objects[0]
    if len(objects) == 1 or custom_box(first) is not None:
        return measure(first, depsgraph)
    world = world_matrix(first, depsgraph)
    if not abs(np.linalg.det(as_array(world)[:3, :3])) > 0.0:
        raise NoSize(
            "{name} has scale 0 on an axis, so the other objects cannot use its axes.",
            "Name another object first.",
            name=repr(first.name),
        )
    look = _Look(depsgraph, to_axes_of(as_array(world)))
    look.at(first, world, np.eye(4))
    for obj in objects[1:]:
        world_of_it, drawn = world_matrix(obj, depsgraph), custom_box(obj)
        if drawn is None:
            look.at(obj, world_of_it, None)
        else:
            check_custom_box(obj.name, *drawn)
            look.bounds.add(through(look.to_axes @ as_array(world_of_it), box_corners(*drawn)))
    return _target(first, world, look.bounds, JOINT.join(obj.name for obj in objects))


def family_of(obj: bpy.types.Object) -> list[bpy.types.Object]:
    """The metaballs that melt together with *obj*, itself among them: those of its scene named alike up to the number.

    Anything else is a family of one.
    """
    if obj.type != "META":
        return [obj]
    stem = _stem(obj.name)
    scenes = obj.users_scene
    around = scenes[0].objects if scenes else [obj]
    return [other for other in around if other.type == "META" and _stem(other.name) == stem]


@dataclass
class _Look:
    """Growing bounds, in axes that *to_axes* takes the world to."""

    depsgraph: bpy.types.Depsgraph
    to_axes: Array
    bounds: Bounds = field(default_factory=Bounds)

    def at(self, obj: bpy.types.Object, world: Matrix, own: Array | None) -> None:
        """Take in all that *obj*, which stands at *world*, shows. *own* is as for :func:`add_shown`."""
        if obj.type in SIZELESS_TYPES:
            raise NoSize(
                "{name} is a {type}, which has no size.", name=repr(obj.name), type=obj.type.lower().replace("_", " ")
            )
        box: Any = recorded_box(obj)
        if box is None and obj.type == "EMPTY" and obj.instance_type == "NONE":
            box = display_box(obj)
        if box is not None:
            matrix = self.to_axes @ as_array(world) if own is None else own
            self.bounds.add(through(matrix, box_corners(*box)))
            return
        family = family_of(obj)
        own_geometry = own if obj.type != "META" else None
        if all(is_evaluated(member, self.depsgraph) for member in family):
            add_shown(self.bounds, self.depsgraph, set(family), self.to_axes, own_geometry)
            return
        assert self.depsgraph.scene is not None
        with looking_at(family, self.depsgraph.scene) as (apart, copies):
            add_shown(self.bounds, apart, set(copies), self.to_axes, own_geometry)


def _target(obj: bpy.types.Object, world: Matrix, bounds: Bounds, what: str) -> Target:
    if bounds.empty or (bounds.low == bounds.high).all():
        raise NoSize("{name} has no size.", name=what)
    return Target(obj.name, as_matrix4(world), vec3(bounds.low), vec3(bounds.high))


def _stem(name: str) -> str:
    stem, dot, number = name.rpartition(".")
    return stem if dot and number.isdecimal() else name
