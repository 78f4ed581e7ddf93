# SPDX-License-Identifier: GPL-3.0-or-later
"""The box of an empty: that of the shape Blender draws for it."""

from __future__ import annotations

import bpy

from ...core.models import Vec3

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
"""What is drawn at display size 1: low and high corner."""


def display_box(empty: bpy.types.Object) -> tuple[Vec3, Vec3]:
    """The low and the high corner of an empty's display shape, in its own axes."""
    if empty.empty_display_type == "IMAGE":
        return _image_box(empty)
    size = empty.empty_display_size
    low, high = _UNIT_SHAPES[empty.empty_display_type]
    return (low[0] * size, low[1] * size, low[2] * size), (high[0] * size, high[1] * size, high[2] * size)


def _image_box(empty: bpy.types.Object) -> tuple[Vec3, Vec3]:
    """A reference image: its longer side is the display size; it stands in its own xy plane, moved by its offset."""
    image = empty.data
    width = height = 1.0
    if isinstance(image, bpy.types.Image) and all(image.size):
        ratio_x, ratio_y = image.display_aspect
        width, height = image.size[0] * ratio_x, image.size[1] * ratio_y
    unit = empty.empty_display_size / max(width, height)
    width, height = width * unit, height * unit
    x, y = empty.empty_image_offset[0] * width, empty.empty_image_offset[1] * height
    return (x, y, 0.0), (x + width, y + height, 0.0)
