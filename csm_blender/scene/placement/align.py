# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand a new object exactly at a world matrix, following the block-out's parent where that costs no exactness.

Location, rotation and scale cannot say a sheared matrix; a parent's inverse can hold any. So there are several ways to
stand, tried from the one users expect most; each is measured by what Blender makes of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix

from ...core.geometry.box import corners
from ...core.models import JobSpec, Vec3, vec3
from ..blender.evaluation import depsgraph_of, world_matrix
from ..blender.matrix import as_matrix4, relative_to

GOOD_ENOUGH = 2e-6
"""Error of the corners and the origin, of the diagonal, at which no other way to stand is tried."""


@dataclass(frozen=True)
class AlignmentGoal:
    """Where an object is to stand: at *world*, where it fills *box*; for *target*, which is at *target_world*."""

    world: Matrix
    box: tuple[Vec3, Vec3]
    target: bpy.types.Object | None
    target_world: Matrix
    scene: bpy.types.Scene


def goal_of(spec: JobSpec, target_world: Matrix) -> Matrix:
    """Where the result goes: the recorded place, taken along by what has happened to the block-out since.

    *target_world* is where that stands now.
    """
    world = Matrix(spec.placement.matrix_world)
    if target_world == _target_then(spec):
        return world
    offset = offset_of(spec)
    return target_world @ offset if offset is not None else world


def offset_of(spec: JobSpec) -> Matrix | None:
    """Where the result stands in the axes of the block-out; ``None`` where that was flat when it was measured."""
    return relative_to(_target_then(spec), Matrix(spec.placement.matrix_world))


def _target_then(spec: JobSpec) -> Matrix:
    return Matrix(spec.target.matrix_world) if spec.target is not None else Matrix()


def align(obj: bpy.types.Object, goal: AlignmentGoal) -> None:
    """Stand *obj*, which is linked to the scene, as *goal* says.

    In this order: the target's own transform under the target's parent; any transform under that parent; free in the
    world; as a child of the target itself, for shear that comes from constraints. The best of them stays.
    """
    if goal.target is not None:
        obj.rotation_mode = goal.target.rotation_mode
    _take_best(obj, goal, _ways(obj, goal))


def align_following(obj: bpy.types.Object, goal: AlignmentGoal, offset: Matrix | None) -> None:
    """Stand *obj* as *goal* says, and have it follow the target from then on, which its one constraint names.

    *offset* is where it stands in the target's axes. A constraint and no parent: a parent that makes instances would
    show the object again, and hierarchies are copied and deleted as a whole. Without an offset, or where following
    costs exactness, it stands still.
    """
    assert goal.target is not None
    constraint: Any = obj.constraints.new("COPY_TRANSFORMS")
    constraint.target = goal.target
    constraint.mix_mode = "BEFORE_FULL"  # the target's matrix times the object's own, shear included
    _take_best(obj, goal, _ways_to_follow(obj, constraint, goal, offset))


def _take_best(obj: bpy.types.Object, goal: AlignmentGoal, ways: Iterator[Callable[[], None]]) -> None:
    """Try *ways* until one is exact, else take the best of them."""
    wanted = _reference_points(goal.world, goal.box)
    diagonal = max(math.dist(a, b) for a in wanted[:-1] for b in wanted[:-1]) or 1.0
    best: tuple[float, Callable[[], None]] | None = None
    for way in ways:
        way()
        error = max(map(math.dist, _reference_points(_resulting_matrix(obj, goal.scene), goal.box), wanted)) / diagonal
        if error <= GOOD_ENOUGH:
            return
        if best is None or error < best[0]:
            best = error, way
    assert best is not None
    best[1]()


def _ways(obj: bpy.types.Object, goal: AlignmentGoal) -> Iterator[Callable[[], None]]:
    target = goal.target
    if target is None:
        yield lambda: _align_free(obj, goal.world)
        return
    offset = relative_to(goal.target_world, goal.world)
    if offset is not None and _is_translation(offset):
        yield lambda: _copy_transform(obj, target, offset)
    if target.parent is not None:
        yield lambda: _align_under_parent(obj, target, goal)
    yield lambda: _align_free(obj, goal.world)
    if offset is not None:
        yield lambda: _align_as_child(obj, target, offset)


def _ways_to_follow(
    obj: bpy.types.Object, constraint: Any, goal: AlignmentGoal, offset: Matrix | None
) -> Iterator[Callable[[], None]]:
    def follow(offset: Matrix) -> None:
        constraint.mute = False
        obj.matrix_basis = offset

    def stand_still() -> None:
        constraint.mute = True
        obj.matrix_basis = goal.world

    if offset is not None:
        yield lambda: follow(offset)
    yield stand_still


def _copy_transform(obj: bpy.types.Object, target: bpy.types.Object, offset: Matrix) -> None:
    """The target's very numbers, so that nothing is rounded; *offset* is where the origin was moved to."""
    _adopt_parent(obj, target)
    obj.matrix_parent_inverse = target.matrix_parent_inverse
    for name in ("location", "rotation_euler", "rotation_quaternion", "rotation_axis_angle", "scale"):
        setattr(obj, name, getattr(target, name))
    for name in ("delta_location", "delta_rotation_euler", "delta_rotation_quaternion", "delta_scale"):
        setattr(obj, name, getattr(target, name))
    if offset.translation.length > 0.0:
        obj.location = obj.location + (target.matrix_basis @ offset).translation - target.matrix_basis.translation


def _align_under_parent(obj: bpy.types.Object, target: bpy.types.Object, goal: AlignmentGoal) -> None:
    """Location 0 and scale 1 under the target's parent, whose inverse takes up the rest."""
    _reset(obj)
    _adopt_parent(obj, target)
    space = _resulting_matrix(
        obj, goal.scene
    )  # what this kind of parent (a bone, a vertex, an object) makes of nothing
    inverse = relative_to(space, goal.world)
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


def _adopt_parent(obj: bpy.types.Object, target: bpy.types.Object) -> None:
    obj.parent = target.parent
    if target.parent is None:
        return
    # The deforming kinds place like OBJECT; the deformation is in the measured box already.
    obj.parent_type = "OBJECT" if target.parent_type in ("ARMATURE", "LATTICE") else target.parent_type
    obj.parent_bone = target.parent_bone
    obj.parent_vertices = target.parent_vertices


def _reset(obj: bpy.types.Object) -> None:
    obj.parent = None
    obj.matrix_parent_inverse = Matrix()
    obj.matrix_basis = Matrix()
    obj.delta_location = (0.0, 0.0, 0.0)
    obj.delta_rotation_euler = (0.0, 0.0, 0.0)
    obj.delta_rotation_quaternion = (1.0, 0.0, 0.0, 0.0)
    obj.delta_scale = (1.0, 1.0, 1.0)


def _resulting_matrix(obj: bpy.types.Object, scene: bpy.types.Scene) -> Matrix:
    is_free = obj.parent is None and not len(obj.constraints)
    return obj.matrix_basis.copy() if is_free else world_matrix(obj, depsgraph_of(scene))


def _reference_points(matrix: Matrix, box: tuple[Vec3, Vec3]) -> list[Vec3]:
    """The eight corners and, last, the origin."""
    return [*corners(as_matrix4(matrix), *box), vec3(matrix.translation)]


def _is_translation(matrix: Matrix) -> bool:
    turn = np.array(matrix.to_3x3())
    return bool(np.abs(turn - np.eye(3)).max() <= 1e-6)  # noqa: PLR2004 - rounding of float32
