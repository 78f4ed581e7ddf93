# SPDX-License-Identifier: GPL-3.0-or-later
"""Between the mouse and the world: what is seen at a place of the 3D view, in perspective or not."""

from __future__ import annotations

from typing import Any

import bpy
from bpy_extras import view3d_utils
from mathutils import Vector

from ..core.models import Vec3
from ..scene.blender.bpy_typing import Context

utils: Any = view3d_utils  # its functions have no types


def mouse_in(context: Context, event: bpy.types.Event) -> Vector:
    """Where the mouse is, in pixels of the region at hand."""
    return Vector((event.mouse_x - context.region.x, event.mouse_y - context.region.y))


def ray(context: Context, event: bpy.types.Event) -> tuple[Vec3, Vec3]:
    """Start and direction of the line of sight through the mouse, in the world."""
    return ray_through(context, mouse_in(context, event))


def ray_through(context: Context, place: Vector) -> tuple[Vec3, Vec3]:
    """Start and direction of the line of sight through a place of the region, in the world."""
    region, view = context.region, context.region_data
    return (
        as_vec3(utils.region_2d_to_origin_3d(region, view, place)),
        as_vec3(utils.region_2d_to_vector_3d(region, view, place)),
    )


def on_screen(context: Context, point: Vector) -> Vector | None:
    """Where a point of the world is in the region, in pixels; ``None`` behind the eye."""
    found: Vector | None = utils.location_3d_to_region_2d(context.region, context.region_data, point)
    return found


def toward_eye(context: Context, place: Vector) -> Vector:
    """The direction from *place* to the one who looks at it."""
    view = context.region_data
    if view.is_perspective:
        eye: Vector = view.view_matrix.inverted().translation
        return (eye - place).normalized()
    toward: Vector = view.view_rotation @ Vector((0.0, 0.0, 1.0))
    return toward


def draw_views_anew(context: Context) -> None:
    """All 3D views of the window, with their sidebars."""
    for area in context.screen.areas if context.screen else ():
        if area.type == "VIEW_3D":
            area.tag_redraw()


def as_vec3(vector: Any) -> Vec3:
    """A vector's first three numbers."""
    return (vector[0], vector[1], vector[2])
