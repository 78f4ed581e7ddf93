# SPDX-License-Identifier: GPL-3.0-or-later
"""Put a converted mesh where its block-out stands.

This is all of a refine that happens on Blender's main thread: append one mesh, make one object. Nothing of the artist's
is deleted; a replaced mesh stays in the file, held by the object it belonged to.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import bpy
from mathutils import Matrix, Vector

from ..core.box import corner_error, corners
from ..core.errors import PlacementFailed, TargetUnchangeable
from ..core.jobs import Job
from ..core.models import Fit, Original, Vec3
from .measure import as_matrix4

EARLIER_MESH = "csm_original_mesh"


@dataclass(frozen=True)
class Placed:
    """The object that now holds the result, and how far its box is from the one that was wanted (of the diagonal)."""

    obj: bpy.types.Object
    placed_error: float


def place(job: Job, scene: bpy.types.Scene, target: bpy.types.Object | None) -> Placed:
    """Append the result of a READY *job* and stand it where *target* stands now.

    Without a target (it is gone, or the job had none) the result goes to the recorded place. Raises
    :class:`PlacementFailed` with the scene as it was.
    """
    if job.spec.original is Original.REPLACE and target is not None:
        check_replaceable(target)
    mesh = _append_mesh(Path(job.result.get("blend", "")), job.result.get("mesh", ""))
    moved = _moved_since(job, target)
    if job.spec.original is Original.REPLACE and target is not None:
        obj = _replace_mesh(target, mesh)
    else:
        obj = _new_object(job, scene, target, mesh, moved)
        if target is not None and job.spec.original is Original.HIDE:
            target.hide_viewport = target.hide_render = True
    bpy.context.view_layer.update()
    return Placed(obj, _placed_error(job, obj, moved))


def check_replaceable(target: bpy.types.Object) -> None:
    """Raise :class:`TargetUnchangeable` unless the mesh of *target* can be exchanged."""
    if target.type != "MESH":
        raise TargetUnchangeable(
            f"{target.name!r} is a {target.type.lower()}, which cannot hold a mesh.",
            "Use hide or keep instead of replace.",
        )
    if target.library is not None:
        raise TargetUnchangeable(f"{target.name!r} is linked from another file and cannot be changed.")


def _append_mesh(path: Path, name: str) -> bpy.types.Mesh:
    try:
        with bpy.data.libraries.load(str(path), link=False) as (available, wanted):
            wanted.meshes = [name] if name in available.meshes else available.meshes[:1]
    except (OSError, RuntimeError) as error:
        raise PlacementFailed(f"The converted mesh cannot be read: {error}.") from error
    mesh = next(iter(wanted.meshes), None)
    if not isinstance(mesh, bpy.types.Mesh):
        raise PlacementFailed(f"There is no mesh in {path.name}.")
    mesh.use_fake_user = False
    return mesh


def _moved_since(job: Job, target: bpy.types.Object | None) -> Matrix:
    """What takes the recorded world to today's: the block-out may have been moved while the job ran."""
    recorded = job.spec.target
    if target is None or recorded is None:
        return Matrix()
    now, then = target.matrix_world, Matrix(recorded.matrix_world)
    if now == then:
        return Matrix()
    try:
        return now @ then.inverted()
    except ValueError:  # scale 0 on an axis
        return Matrix()


def _new_object(
    job: Job, scene: bpy.types.Scene, target: bpy.types.Object | None, mesh: bpy.types.Mesh, moved: Matrix
) -> bpy.types.Object:
    obj = bpy.data.objects.new(job.spec.result_name, mesh)
    collections = target.users_collection if target else ()
    for collection in collections or (scene.collection,):
        collection.objects.link(obj)
    world = moved @ Matrix(job.spec.placement.matrix_world)
    if target is not None and _is_sheared(world):
        _follow_exactly(obj, target, world)
    else:
        obj.matrix_world = world
    return obj


def _is_sheared(world: Matrix) -> bool:
    """Whether *world* cannot be said as location, rotation and scale."""
    location, rotation, scale = world.decompose()
    return any((a - b).length > 1e-6 * world.to_3x3().median_scale for a, b in zip(
        world.to_3x3().col, Matrix.LocRotScale(location, rotation, scale).to_3x3().col, strict=True
    ))  # fmt: skip


def _follow_exactly(obj: bpy.types.Object, target: bpy.types.Object, world: Matrix) -> None:
    """Give *obj* the sheared matrix *world*, which only a parent like the target's can produce."""
    offset = target.matrix_world.inverted() @ world
    obj.parent, obj.parent_type, obj.parent_bone = target.parent, target.parent_type, target.parent_bone
    obj.matrix_parent_inverse = target.matrix_parent_inverse
    obj.matrix_basis = target.matrix_basis @ Matrix.Translation(offset.translation)


def _replace_mesh(target: bpy.types.Object, mesh: bpy.types.Mesh) -> bpy.types.Object:
    """Exchange the mesh of *target*. Its modifiers were part of the measured box, so they are switched off and kept."""
    earlier = target.data
    earlier.use_fake_user = True
    target.data = mesh
    target[EARLIER_MESH] = earlier
    for modifier in target.modifiers:
        modifier.show_viewport = modifier.show_render = False
    return target


def _placed_error(job: Job, obj: bpy.types.Object, moved: Matrix) -> float:
    """The corners of the placed object's real vertices against those of the block-out, or of the box intended."""
    spec = job.spec
    low, high = _vertex_bounds(obj)
    found = corners(as_matrix4(obj.matrix_world), low, high)
    if spec.target is not None and spec.fit is Fit.EXACT and not any(spec.placement.flat):
        now = moved @ Matrix(spec.target.matrix_world)
        return corner_error(found, corners(as_matrix4(now), spec.target.box_min, spec.target.box_max))
    intended = moved @ Matrix(spec.placement.matrix_world)
    box_min, box_max = (tuple(job.result[name]) for name in ("box_min", "box_max"))
    return corner_error(found, corners(as_matrix4(intended), box_min, box_max))


def _vertex_bounds(obj: bpy.types.Object) -> tuple[Vec3, Vec3]:
    box = [Vector(corner) for corner in obj.bound_box]
    low = (min(v.x for v in box), min(v.y for v in box), min(v.z for v in box))
    high = (max(v.x for v in box), max(v.y for v in box), max(v.z for v in box))
    return low, high
