# SPDX-License-Identifier: GPL-3.0-or-later
"""How the user interface shows states, sizes and labels."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

import bpy

from ..core.messages import Message
from ..core.models import Vec3
from ..core.sources import OBJECT_PREFIX
from ..scene.blender.bpy_typing import Layout

STATES = {
    "QUEUED": (Message("Queued"), "TIME"),
    "CHECKING": (Message("Checking"), "TIME"),
    "SUBMITTING": (Message("Sending"), "EXPORT"),
    "REFINING": (Message("Refining"), "MOD_REMESH"),
    "DOWNLOADING": (Message("Downloading"), "IMPORT"),
    "CONVERTING": (Message("Converting"), "FILE_REFRESH"),
    "READY": (Message("Ready"), "CHECKMARK"),
    "PLACED": (Message("Placed"), "CHECKMARK"),
    "FAILED": (Message("Failed"), "ERROR"),
    "CANCELLED": (Message("Cancelled"), "X"),
    "UNCERTAIN": (Message("Uncertain"), "QUESTION"),
}
MOVING = frozenset({"QUEUED", "CHECKING", "SUBMITTING", "REFINING", "DOWNLOADING", "CONVERTING"})

POINT_WORDS = {
    "BASE": Message("Base Center"),
    "CENTER": Message("Center"),
    "TOP": Message("Top Center"),
    "FRONT": Message("Front"),
    "BACK": Message("Back"),
    "LEFT": Message("Left"),
    "RIGHT": Message("Right"),
    "BOTTOM_FRONT_LEFT": Message("Bottom Front Left"),
    "BOTTOM_FRONT_RIGHT": Message("Bottom Front Right"),
    "BOTTOM_BACK_LEFT": Message("Bottom Back Left"),
    "BOTTOM_BACK_RIGHT": Message("Bottom Back Right"),
    "TOP_FRONT_LEFT": Message("Top Front Left"),
    "TOP_FRONT_RIGHT": Message("Top Front Right"),
    "TOP_BACK_LEFT": Message("Top Back Left"),
    "TOP_BACK_RIGHT": Message("Top Back Right"),
    "ORIGIN": Message("Object Origin"),
}
"""The points a pivot snaps to; see :data:`csm_blender.core.geometry.custom_box.SNAP_POINTS`."""


def state_word(status: str) -> Message:
    """The name of a state."""
    return STATES[status][0] if status in STATES else Message(status.title())


def state_icon(status: str) -> str:
    """The icon of a state."""
    return STATES.get(status, ("", "QUESTION"))[1]


def source_name(source: str) -> str:
    """What a source, as :attr:`.Source.text` writes it, is called: an object's name, or a file's without its folder."""
    if source.startswith(OBJECT_PREFIX):
        return source.removeprefix(OBJECT_PREFIX)
    return PurePath(source).name


def size_text(size: Vec3, scene: bpy.types.Scene) -> str:
    """A size in Blender units, as the scene's units write it."""
    return " \N{MULTIPLICATION SIGN} ".join(length_text(value, scene) for value in size)


def length_text(value: float, scene: bpy.types.Scene) -> str:
    """A length in Blender units, as the scene's units write it."""
    units = scene.unit_settings
    if units.system == "NONE":
        return f"{value:.4g}"
    return bpy.utils.units.to_string(
        units.system, "LENGTH", value * units.scale_length, precision=3, split_unit=False, compatible_unit=False
    )


def gray_label(layout: Layout, **label: Any) -> None:
    """Draw a label less prominent than the others."""
    row = layout.row()
    row.active = False
    row.label(**label)


def right_label(layout: Layout, **label: Any) -> None:
    """Draw a label at the right end of *layout*."""
    row = layout.row()
    row.alignment = "RIGHT"
    row.label(**label)
