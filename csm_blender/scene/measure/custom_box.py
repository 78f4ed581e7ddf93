# SPDX-License-Identifier: GPL-3.0-or-later
"""The box a user drew for an object: ``Object.csm.use_custom_box``, ``custom_box_min`` and ``custom_box_max``.

It belongs to the block-out and is saved with it. The object itself is never changed by it.
"""

from __future__ import annotations

from typing import Any

import bpy

from ...core.models import Vec3, vec3


def custom_box(obj: bpy.types.Object) -> tuple[Vec3, Vec3] | None:
    """Low and high corner, in the object's own axes, as they are stored; ``None`` while the measured box counts."""
    tag: Any = getattr(obj, "csm", None)  # None where the add-on is used without being registered
    if tag is None or not tag.use_custom_box:
        return None
    return vec3(tag.custom_box_min), vec3(tag.custom_box_max)


def set_custom_box(obj: bpy.types.Object, low: Vec3, high: Vec3) -> None:
    """Give *obj* these corners. Whether they count is ``use_custom_box``."""
    tag: Any = obj.csm  # type: ignore[attr-defined]  # the add-on's property
    tag.custom_box_min, tag.custom_box_max = low, high
