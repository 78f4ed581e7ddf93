# SPDX-License-Identifier: GPL-3.0-or-later
"""Boxes of evaluated geometry: of everything an object shows, instances included, in given axes; and of empties."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ...core.models import Vec3, vec3

Array = NDArray[np.float64]
_CURVE_TYPES = frozenset({"CURVE", "SURFACE", "FONT", "META"})
"""Types whose own ``bound_box`` is that of their control points, so that the mesh they make is measured instead."""

_BOXED_TYPES = frozenset({"CURVES", "POINTCLOUD", "VOLUME", "LATTICE", "GREASEPENCIL", "GPENCIL"})
_NO_POINTS: Array = np.empty((0, 3))
_ARROW_HEAD = 0.035
_UNIT_SHAPES: dict[str, tuple[Vec3, Vec3]] = {
    "PLAIN_AXES": ((-1.0, -1.0, -1.0), (1.0, 1.0, 1.0)),
    "ARROWS": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    "SINGLE_ARROW": ((-_ARROW_HEAD, -_ARROW_HEAD, 0.0), (_ARROW_HEAD, _ARROW_HEAD, 1.0)),
    "CIRCLE": ((-1.0, 0.0, -1.0), (1.0, 0.0, 1.0)),
    "CUBE": ((-1.0, -1.0, -1.0), (1.0, 1.0, 1.0)),
    "SPHERE": ((-1.0, -1.0, -1.0), (1.0, 1.0, 1.0)),
    "CONE": ((-1.0, 0.0, -1.0), (1.0, 2.0, 1.0)),
}
"""What Blender draws for an empty of display size 1: low and high corner."""


class Bounds:
    """A box that grows with the points added to it; *low* is above *high* while there are none."""

    def __init__(self) -> None:
        self.low = np.full(3, np.inf)
        self.high = np.full(3, -np.inf)

    def add(self, points: Array) -> None:
        """Grow to hold *points* (n, 3)."""
        if len(points):
            self.low = np.minimum(self.low, points.min(axis=0))
            self.high = np.maximum(self.high, points.max(axis=0))

    def holds(self, points: Array) -> bool:
        """Whether all *points* are inside already."""
        return bool((points >= self.low).all() and (points <= self.high).all())


def to_axes_of(world: Array) -> Array:
    """The matrix from the world to the axes of an object at *world*: the inverse, or the best one for a flat object."""
    inverse = np.eye(4)
    inverse[:3, :3] = np.linalg.pinv(world[:3, :3], rcond=1e-12)
    inverse[:3, 3] = -inverse[:3, :3] @ world[:3, 3]
    return inverse


def box_corners(low: Any, high: Any) -> Array:
    """The eight corners of a box (8, 3)."""
    return np.array(list(itertools.product(*zip(low, high, strict=True))), dtype=np.float64)


def transformed(matrix: Array, points: Array) -> Array:
    """*points* (n, 3) transformed by *matrix* (4, 4)."""
    return points @ matrix[:3, :3].T + matrix[:3, 3]


def add_shown(
    bounds: Bounds, depsgraph: bpy.types.Depsgraph, owners: set[bpy.types.Object], to_axes: Array, own: Array | None
) -> None:
    """Grow *bounds* by all that *owners* show in *depsgraph*, their instances too; *to_axes* transforms the world.

    *own* is the matrix for the owners' own geometry where that is known more exactly than through the world: identity
    for a single object in its own axes, so that no precision is lost far from the origin.
    """
    known: dict[int, Array] = {}
    for shown, world, is_instance in shown_by(depsgraph, owners):
        if own is not None and not is_instance:
            bounds.add(transformed(own, _points(shown)))
            continue
        matrix = to_axes @ np.array(world)
        box = _own_box(shown)
        if len(box) and bounds.holds(transformed(matrix, box)):
            continue  # thousands of leaves inside a crown: their vertices need not be read
        if shown.type == "MESH" and shown.data is not None:
            key = shown.data.as_pointer()
            if key not in known:
                known[key] = _made_mesh(shown)
            bounds.add(transformed(matrix, known[key]))
        else:
            bounds.add(transformed(matrix, _points(shown)))


def shown_by(
    depsgraph: bpy.types.Depsgraph, owners: set[bpy.types.Object]
) -> Iterator[tuple[bpy.types.Object, Any, bool]]:
    """What *owners* show, with its world matrix, and whether it is an instance.

    Blender lists an object's other components (the mesh of a text, the points of a node tree) as instances too.
    """
    if not any(map(may_have_more, owners)):
        for owner in owners:
            evaluated = owner.evaluated_get(depsgraph)
            yield evaluated, evaluated.matrix_world, False
        return
    for instance in depsgraph.object_instances:
        shown, by = instance.object, instance.parent if instance.is_instance else instance.object
        if shown is None or by is None or by.original not in owners:
            continue
        if instance.is_instance or instance.show_self:
            yield shown, instance.matrix_world, instance.is_instance


def may_have_more(obj: bpy.types.Object) -> bool:
    """Whether *obj* may show more than its own data. Asked first, since listing a scene's instances takes long."""
    return (
        obj.instance_type != "NONE"
        or obj.type != "MESH"
        or any(modifier.type in ("NODES", "PARTICLE_SYSTEM") for modifier in obj.modifiers)
    )


def _own_box(shown: bpy.types.Object) -> Array:
    """The eight corners Blender keeps, or none for what has no such box."""
    if shown.type in _CURVE_TYPES or not (shown.type == "MESH" or shown.type in _BOXED_TYPES):
        return _NO_POINTS
    corners = np.array(shown.bound_box, dtype=np.float64)
    return corners if corners.any() else _NO_POINTS


def _points(shown: bpy.types.Object) -> Array:
    """Points whose box is that of *shown*, in its own axes."""
    # With a subdivision that is left to the graphics card, bound_box is that of the cage (seen in Blender 5.2).
    if shown.type in _CURVE_TYPES or (shown.type == "MESH" and len(shown.modifiers)):
        return _made_mesh(shown)
    return _own_box(shown)


def _made_mesh(shown: bpy.types.Object) -> Array:
    """The vertices of the mesh that *shown* makes, if it makes one."""
    try:
        mesh = shown.to_mesh()
        flat = np.empty(len(mesh.vertices) * 3 if mesh is not None else 0, dtype=np.float32)
        if len(flat):
            mesh.vertices.foreach_get("co", flat)
        return flat.reshape(-1, 3).astype(np.float64)
    except RuntimeError:  # no mesh of its own; Blender lists what it shows as instances
        return _NO_POINTS
    finally:
        shown.to_mesh_clear()


def display_box(empty: bpy.types.Object) -> tuple[Vec3, Vec3]:
    """The low and the high corner of an empty's display shape, in its own axes."""
    if empty.empty_display_type == "IMAGE":
        return _image_box(empty)
    size = empty.empty_display_size
    low, high = (vec3(value * size for value in corner) for corner in _UNIT_SHAPES[empty.empty_display_type])
    return low, high


def _image_box(empty: bpy.types.Object) -> tuple[Vec3, Vec3]:
    """A reference image: its longer side is the display size; it is in its own xy plane, moved by its offset."""
    image = empty.data
    width = height = 1.0
    if isinstance(image, bpy.types.Image) and all(image.size):
        ratio_x, ratio_y = image.display_aspect
        width, height = image.size[0] * ratio_x, image.size[1] * ratio_y
    unit = empty.empty_display_size / max(width, height)
    width, height = width * unit, height * unit
    x, y = empty.empty_image_offset[0] * width, empty.empty_image_offset[1] * height
    return (x, y, 0.0), (x + width, y + height, 0.0)
