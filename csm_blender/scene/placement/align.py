# SPDX-License-Identifier: GPL-3.0-or-later
"""Place a new object exactly at a world matrix, following the block-out's parent where that costs no exactness.

Location, rotation and scale cannot express a sheared matrix; a parent's inverse can hold any. So there are several ways
to place an object, tried from the one users expect most; each is measured by what Blender evaluates.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix

from ...core.geometry.box import corners
from ...core.models import JobSpec, Vec3, vec3
from ..blender.evaluation import depsgraph_of, world_matrix
from ..blender.matrix import as_matrix4, relative_to

GOOD_ENOUGH = 2e-6
"""Error of the corners and the origin, relative to the diagonal, at which no other way is tried."""

_TRANSFORM = ("location", "rotation_euler", "rotation_quaternion", "rotation_axis_angle", "scale")
_NO_DELTA = {
    "delta_location": (0.0, 0.0, 0.0),
    "delta_rotation_euler": (0.0, 0.0, 0.0),
    "delta_rotation_quaternion": (1.0, 0.0, 0.0, 0.0),
    "delta_scale": (1.0, 1.0, 1.0),
}


@dataclass(frozen=True)
class AlignmentGoal:
    """Where an object is to be: at *world*, where it fills *box*; for *target*, which is at *target_world*."""

    world: Matrix
    box: tuple[Vec3, Vec3]
    target: bpy.types.Object | None
    target_world: Matrix
    scene: bpy.types.Scene


def measured_world(spec: JobSpec) -> Matrix:
    """The world matrix of the block-out when it was measured; the identity for a job without one."""
    return Matrix(spec.target.matrix_world) if spec.target is not None else Matrix()


def goal_of(spec: JobSpec, target_world: Matrix) -> Matrix:
    """The world matrix of the result: the recorded one, moved along with the block-out, now at *target_world*."""
    world = Matrix(spec.placement.matrix_world)
    if target_world == measured_world(spec):
        return world
    offset = offset_of(spec)
    return target_world @ offset if offset is not None else world


def offset_of(spec: JobSpec) -> Matrix | None:
    """The result's matrix in the axes of the block-out; ``None`` where that was flat when it was measured."""
    return relative_to(measured_world(spec), Matrix(spec.placement.matrix_world))


def align(obj: bpy.types.Object, goal: AlignmentGoal) -> None:
    """Place *obj*, which is linked to the scene, as *goal* says.

    In this order: the target's own transform under the target's parent; any transform under that parent; free in the
    world; as a child of the target itself, for shear that comes from constraints. The best of them stays.
    """
    target = goal.target
    ways: list[Callable[[], None]] = [partial(_align_free, obj, goal.world)]
    if target is not None:
        obj.rotation_mode = target.rotation_mode
        offset = relative_to(goal.target_world, goal.world)
        if target.parent is not None:
            ways.insert(0, partial(_align_under_parent, obj, target, goal))
        if offset is not None:
            if np.abs(np.array(offset.to_3x3()) - np.eye(3)).max() <= 1e-6:  # noqa: PLR2004 - rounding of float32
                ways.insert(0, partial(_copy_transform, obj, target, offset))
            ways.append(partial(_align_as_child, obj, target, offset))
    _use_best(obj, goal, ways)


def align_following(obj: bpy.types.Object, goal: AlignmentGoal, offset: Matrix | None) -> None:
    """Place *obj* as *goal* says, and have it follow the target from then on, which its one constraint names.

    *offset* is its matrix in the target's axes. A constraint and no parent: a parent that makes instances would show
    the object again, and hierarchies are copied and deleted as a whole. Without an offset, or where following costs
    exactness, it does not follow.
    """
    assert goal.target is not None
    constraint: Any = obj.constraints.new("COPY_TRANSFORMS")
    constraint.target = goal.target
    constraint.mix_mode = "BEFORE_FULL"  # the target's matrix times the object's own, shear included

    def use(matrix: Matrix, *, follows: bool) -> None:
        constraint.mute = not follows
        obj.matrix_basis = matrix

    follow = [partial(use, offset, follows=True)] if offset is not None else []
    _use_best(obj, goal, [*follow, partial(use, goal.world, follows=False)])


def _use_best(obj: bpy.types.Object, goal: AlignmentGoal, ways: Sequence[Callable[[], None]]) -> None:
    """Try *ways* until one is exact, else use the best of them."""
    wanted = _reference_points(goal.world, goal.box)
    diagonal = max(math.dist(a, b) for a in wanted[:-1] for b in wanted[:-1]) or 1.0
    errors = []
    for way in ways:
        way()
        found = _reference_points(_resulting_matrix(obj, goal.scene), goal.box)
        errors.append(max(map(math.dist, found, wanted)) / diagonal)
        if errors[-1] <= GOOD_ENOUGH:
            return
    ways[errors.index(min(errors))]()


def _copy_transform(obj: bpy.types.Object, target: bpy.types.Object, offset: Matrix) -> None:
    """The target's own numbers, so that nothing is rounded; *offset* is where the origin was moved to."""
    _use_parent_of(obj, target)
    obj.matrix_parent_inverse = target.matrix_parent_inverse
    for name in (*_TRANSFORM, *_NO_DELTA):
        setattr(obj, name, getattr(target, name))
    if offset.translation.length > 0.0:
        obj.location = obj.location + (target.matrix_basis @ offset).translation - target.matrix_basis.translation


def _align_under_parent(obj: bpy.types.Object, target: bpy.types.Object, goal: AlignmentGoal) -> None:
    """Location 0 and scale 1 under the target's parent, whose inverse holds the rest."""
    _reset(obj)
    _use_parent_of(obj, target)
    # What this kind of parent (a bone, a vertex, an object) does by itself.
    inverse = relative_to(_resulting_matrix(obj, goal.scene), goal.world)
    if inverse is None:  # a parent with scale 0
        _align_free(obj, goal.world)
    else:
        obj.matrix_parent_inverse = inverse


def _align_free(obj: bpy.types.Object, world: Matrix) -> None:
    _reset(obj)
    obj.matrix_world = world


def _align_as_child(obj: bpy.types.Object, target: bpy.types.Object, offset: Matrix) -> None:
    """As a child of the target, which has the shear already."""
    _reset(obj)
    obj.parent = target
    obj.matrix_parent_inverse = offset


def _use_parent_of(obj: bpy.types.Object, target: bpy.types.Object) -> None:
    obj.parent = target.parent
    if target.parent is not None:
        # The deforming kinds place like OBJECT; the deformation is in the measured box already.
        obj.parent_type = "OBJECT" if target.parent_type in ("ARMATURE", "LATTICE") else target.parent_type
        obj.parent_bone = target.parent_bone
        obj.parent_vertices = target.parent_vertices


def _reset(obj: bpy.types.Object) -> None:
    obj.parent = None
    obj.matrix_parent_inverse = obj.matrix_basis = Matrix()
    for name, value in _NO_DELTA.items():
        setattr(obj, name, value)


def _resulting_matrix(obj: bpy.types.Object, scene: bpy.types.Scene) -> Matrix:
    is_free = obj.parent is None and not len(obj.constraints)
    return obj.matrix_basis.copy() if is_free else world_matrix(obj, depsgraph_of(scene))


def _reference_points(matrix: Matrix, box: tuple[Vec3, Vec3]) -> list[Vec3]:
    """The eight corners and, last, the origin."""
    return [*corners(as_matrix4(matrix), *box), vec3(matrix.translation)]
