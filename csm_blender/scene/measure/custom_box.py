# SPDX-License-Identifier: GPL-3.0-or-later
"""The box a person drew for an object: ``Object.csm.use_custom_box``, ``custom_box_min`` and ``custom_box_max``.

It belongs to the block-out and is saved with it. The object itself is never changed by it.
"""

from __future__ import annotations

from typing import Any

import bpy

from ...core.models import Vec3, vec3

_CORNERS = ("custom_box_min", "custom_box_max")


def custom_box(obj: bpy.types.Object) -> tuple[Vec3, Vec3] | None:
    """Low and high corner, in the object's own axes, as they are stored; ``None`` while the measured box counts."""
    tag = _tag(obj)
    if tag is None or not tag.use_custom_box:
        return None
    low, high = (vec3(getattr(tag, name)) for name in _CORNERS)
    return low, high


def set_custom_box(obj: bpy.types.Object, low: Vec3, high: Vec3) -> None:
    """Give *obj* these corners. Whether they count is ``use_custom_box``."""
    tag = _tag(obj)
    for name, corner in zip(_CORNERS, (low, high), strict=True):
        setattr(tag, name, corner)


def has_corners(obj: bpy.types.Object) -> bool:
    """Whether corners are stored, counting or not."""
    tag = _tag(obj)
    return any(tag.is_property_set(name) for name in _CORNERS)


def forget_corners(obj: bpy.types.Object) -> None:
    """Store none."""
    for name in _CORNERS:
        _tag(obj).property_unset(name)


def _tag(obj: bpy.types.Object) -> Any:
    """``Object.csm``; ``None`` where the add-on is used without being registered."""
    return getattr(obj, "csm", None)
