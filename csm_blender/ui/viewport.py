# SPDX-License-Identifier: GPL-3.0-or-later
"""Conversions between pixels of a 3D view and points of the world, in perspective and orthographic views."""

from __future__ import annotations

from typing import Any

import bpy
from bpy_extras import view3d_utils
from mathutils import Vector

from ..core.models import Vec3
from ..scene.blender.bpy_typing import Context

utils: Any = view3d_utils  # its functions have no types


def mouse_in(context: Context, event: bpy.types.Event) -> Vector:
    """Where the mouse is, in pixels of the current region."""
    return Vector((event.mouse_x - context.region.x, event.mouse_y - context.region.y))


def ray(context: Context, pixel: Vector) -> tuple[Vec3, Vec3]:
    """Start and direction of the line of sight through *pixel* of the region, in the world."""
    region, view = context.region, context.region_data
    return (
        as_vec3(utils.region_2d_to_origin_3d(region, view, pixel)),
        as_vec3(utils.region_2d_to_vector_3d(region, view, pixel)),
    )


def on_screen(context: Context, point: Vector) -> Vector | None:
    """Where a point of the world is in the region, in pixels; ``None`` behind the viewer."""
    found: Vector | None = utils.location_3d_to_region_2d(context.region, context.region_data, point)
    return found


def toward_eye(context: Context, point: Vector) -> Vector:
    """The direction from a point of the world to the viewer."""
    view = context.region_data
    if view.is_perspective:
        eye: Vector = view.view_matrix.inverted().translation
        return (eye - point).normalized()
    toward: Vector = view.view_rotation @ Vector((0.0, 0.0, 1.0))
    return toward


def as_vec3(vector: Any) -> Vec3:
    """A vector's first three numbers."""
    return (vector[0], vector[1], vector[2])
