# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure a block-out: its evaluated box in its own axes, and where it stands."""

from __future__ import annotations

from collections.abc import Iterable

import bpy
from mathutils import Matrix

from ..core.errors import NoSize, NoSuchObject
from ..core.models import Matrix4, Target, Vec3

SIZELESS_TYPES = frozenset({"CAMERA", "LIGHT", "LIGHT_PROBE", "SPEAKER", "ARMATURE"})


def find_object(scene: bpy.types.Scene, name: str) -> bpy.types.Object:
    """The object called *name* in *scene*. Raises :class:`NoSuchObject`, naming close matches."""
    obj = scene.objects.get(name)
    if obj is not None:
        return obj
    close = sorted(other.name for other in scene.objects if other.name.casefold() == name.strip().casefold())
    hint = f"Did you mean {close[0]!r}? Names are case-sensitive." if close else None
    raise NoSuchObject(f"There is no object {name!r} in the scene {scene.name!r}.", hint)


def measure(obj: bpy.types.Object, depsgraph: bpy.types.Depsgraph) -> Target:
    """The box of *obj* with its modifiers, in its own axes and Blender units, and its world matrix.

    Raises :class:`NoSize` for what has no box: cameras, lights, empty meshes.
    """
    if obj.type in SIZELESS_TYPES:
        raise NoSize(f"{obj.name!r} is a {obj.type.lower().replace('_', ' ')}, which has no size.")
    evaluated = obj.evaluated_get(depsgraph)
    low, high = _bounds(tuple(corner) for corner in evaluated.bound_box)
    if low == high:
        raise NoSize(f"{obj.name!r} has no size.")
    return Target(obj.name, as_matrix4(evaluated.matrix_world), low, high)


def as_matrix4(matrix: Matrix) -> Matrix4:
    """A mathutils matrix as plain numbers, row by row."""
    r0, r1, r2, r3 = ((row[0], row[1], row[2], row[3]) for row in matrix)
    return (r0, r1, r2, r3)


def _bounds(points: Iterable[tuple[float, ...]]) -> tuple[Vec3, Vec3]:
    xs, ys, zs = zip(*points, strict=True)
    return (min(xs), min(ys), min(zs)), (max(xs), max(ys), max(zs))
