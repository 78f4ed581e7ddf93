# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens when somebody chooses between the measured and a custom box, or types a size for the latter.

Blender calls these with ``Object.csm`` itself (see ``scene.properties``).
"""

from __future__ import annotations

import contextlib
from typing import Any

import bpy

from ...core.errors import NoSize
from ...core.geometry.custom_box import resized, span
from ...core.models import Vec3, vec3
from ..blender.bpy_typing import Context
from ..blender.change_counter import chosen
from .custom_box import custom_box, forget_corners, has_corners, set_custom_box
from .measure import measure_shape


def switched(tag: Any, context: Context) -> None:
    """A custom box starts as the measured one, unless a script gave it corners first; switched off it is forgotten."""
    chosen()
    obj: bpy.types.Object = tag.id_data
    if custom_box(obj) is None:
        forget_corners(obj)
    elif not has_corners(obj):
        with contextlib.suppress(NoSize):  # nothing to start from: it is drawn by numbers
            start_as_measured(obj, context.evaluated_depsgraph_get())


def start_as_measured(obj: bpy.types.Object, depsgraph: bpy.types.Depsgraph) -> None:
    """Make the custom box of *obj* that of what it shows. Raises :class:`NoSize`."""
    shape = measure_shape(obj, depsgraph)
    set_custom_box(obj, shape.box_min, shape.box_max)


def size_in_world(tag: Any) -> Vec3:
    """Width, depth and height of the custom box as seen in the world, in Blender units."""
    return vec3(extent * unit for extent, unit in zip(span(*_corners(tag)), _units(tag), strict=True))


def set_size_in_world(tag: Any, size: Vec3) -> None:
    """Grow it to *size*: about the middle of the base. A side along which the object has scale 0 stays as it is."""
    low, high = _corners(tag)
    old = span(low, high)
    seen = size_in_world(tag)
    x, y, z = (
        size[axis] / unit if unit and size[axis] != seen[axis] else old[axis] for axis, unit in enumerate(_units(tag))
    )
    set_custom_box(tag.id_data, *resized(low, high, (x, y, z)))


def _corners(tag: Any) -> tuple[Vec3, Vec3]:
    return vec3(tag.custom_box_min), vec3(tag.custom_box_max)


def _units(tag: Any) -> tuple[float, ...]:
    """How long one unit of the object's own axes is in the world."""
    return tuple(column.length for column in tag.id_data.matrix_world.to_3x3().col)
