# SPDX-License-Identifier: GPL-3.0-or-later
"""The box a user drew for an object: ``Object.csm.use_custom_box``, ``custom_box_min`` and ``custom_box_max``.

It belongs to the block-out and is saved with it. The object itself is never changed by it.

Blender 5 forgets such a group of properties when it opens a file with a library override ("RNA_property_pointer_set:
expected ID type", seen in 5.2.3), but keeps properties of the object itself. So there the box of an override is in
``Object.csm_override_box`` as well: whether it is used (1: no, 2: yes; all zero would be no change to Blender), its low
and its high corner.
"""

from __future__ import annotations

from typing import Any

import bpy

from ...core.models import Vec3, vec3

OVERRIDE_BOX = "csm_override_box"
IS_KEPT_APART = bpy.app.version >= (5, 0, 0)
"""Whether overrides need ``Object.csm_override_box``."""

_NOT_USED, _USED = 1.0, 2.0


def custom_box(obj: bpy.types.Object) -> tuple[Vec3, Vec3] | None:
    """Low and high corner, in the object's own axes, as they are stored; ``None`` while the measured box counts."""
    tag: Any = getattr(obj, "csm", None)  # None where the add-on is used without being registered
    if tag is None:
        return None
    if (kept := _kept(obj)) is not None:
        return (vec3(kept[1:4]), vec3(kept[4:7])) if kept[0] == _USED else None
    if not tag.use_custom_box:
        return None
    return vec3(tag.custom_box_min), vec3(tag.custom_box_max)


def set_custom_box(obj: bpy.types.Object, low: Vec3, high: Vec3) -> None:
    """Give *obj* these corners. Whether they count is ``use_custom_box``."""
    tag: Any = obj.csm  # type: ignore[attr-defined]  # the add-on's property
    tag.custom_box_min, tag.custom_box_max = low, high


def keep_of_override(obj: bpy.types.Object) -> None:
    """Keep the custom box of *obj*, which has just changed, where the file keeps it for an override."""
    if IS_KEPT_APART and obj.override_library is not None:
        tag: Any = obj.csm  # type: ignore[attr-defined]  # the add-on's property
        setattr(
            obj, OVERRIDE_BOX, (_USED if tag.use_custom_box else _NOT_USED, *tag.custom_box_min, *tag.custom_box_max)
        )


def restore_of_overrides() -> None:
    """After a file was opened: show the kept boxes of overrides in the panel."""
    for obj in bpy.data.objects:
        kept = _kept(obj)
        if kept is not None:
            set_custom_box(obj, vec3(kept[1:4]), vec3(kept[4:7]))
            obj.csm.use_custom_box = kept[0] == _USED  # type: ignore[attr-defined]  # the add-on's property


def _kept(obj: bpy.types.Object) -> tuple[float, ...] | None:
    if not IS_KEPT_APART or obj.override_library is None or not obj.is_property_set(OVERRIDE_BOX):
        return None
    return tuple(getattr(obj, OVERRIDE_BOX))
