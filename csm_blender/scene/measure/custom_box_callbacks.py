# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens when a user switches between the measured and a custom box, or types a size for the latter.

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
from .custom_box import keep_of_override, set_custom_box
from .measure import measure_shape


def switched(tag: Any, context: Context) -> None:
    """A custom box starts as the measured one, unless a script set its corners first; switched off it is deleted."""
    corners = ("custom_box_min", "custom_box_max")
    if not tag.use_custom_box:
        for name in corners:
            tag.property_unset(name)
    elif not any(map(tag.is_property_set, corners)):
        with contextlib.suppress(NoSize):  # nothing to start from: the user types numbers
            start_as_measured(tag.id_data, context.evaluated_depsgraph_get())
    changed(tag, context)


def changed(tag: Any, _context: Context) -> None:
    """The box is another one."""
    keep_of_override(tag.id_data)
    chosen()


def start_as_measured(obj: bpy.types.Object, depsgraph: bpy.types.Depsgraph) -> None:
    """Make the custom box of *obj* that of what it shows. Raises :class:`NoSize`."""
    shape = measure_shape(obj, depsgraph)
    set_custom_box(obj, shape.box_min, shape.box_max)


def size_in_world(tag: Any) -> Vec3:
    """Width, depth and height of the custom box in the world, in Blender units."""
    return vec3(extent * unit for extent, unit in zip(span(*_corners(tag)), _units(tag), strict=True))


def set_size_in_world(tag: Any, size: Vec3) -> None:
    """Grow it to *size*, about the middle of the base. A side along which the object has scale 0 stays as it is."""
    low, high = _corners(tag)
    sides = zip(size, size_in_world(tag), span(low, high), _units(tag), strict=True)
    new = vec3(wanted / unit if unit and wanted != seen else old for wanted, seen, old, unit in sides)
    set_custom_box(tag.id_data, *resized(low, high, new))


def _corners(tag: Any) -> tuple[Vec3, Vec3]:
    return vec3(tag.custom_box_min), vec3(tag.custom_box_max)


def _units(tag: Any) -> tuple[float, ...]:
    """How long one unit of the object's own axes is in the world."""
    return tuple(column.length for column in tag.id_data.matrix_world.to_3x3().col)
