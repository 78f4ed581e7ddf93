# SPDX-License-Identifier: GPL-3.0-or-later
"""How states and sizes are told to people."""

from __future__ import annotations

import bpy

from ..core.models import Vec3

STATES = {
    "QUEUED": ("Queued", "TIME"),
    "CHECKING": ("Checking", "TIME"),
    "SUBMITTING": ("Sending", "EXPORT"),
    "REFINING": ("Refining", "MOD_REMESH"),
    "DOWNLOADING": ("Downloading", "IMPORT"),
    "CONVERTING": ("Converting", "FILE_REFRESH"),
    "READY": ("Ready", "CHECKMARK"),
    "PLACED": ("Placed", "CHECKMARK"),
    "FAILED": ("Failed", "ERROR"),
    "CANCELLED": ("Cancelled", "X"),
    "UNCERTAIN": ("Uncertain", "QUESTION"),
}
MOVING = frozenset({"QUEUED", "CHECKING", "SUBMITTING", "REFINING", "DOWNLOADING", "CONVERTING"})


POINT_WORDS = {
    "BASE": "Base Center",
    "CENTER": "Center",
    "TOP": "Top Center",
    "FRONT": "Front",
    "BACK": "Back",
    "LEFT": "Left",
    "RIGHT": "Right",
    "BOTTOM_FRONT_LEFT": "Bottom Front Left",
    "BOTTOM_FRONT_RIGHT": "Bottom Front Right",
    "BOTTOM_BACK_LEFT": "Bottom Back Left",
    "BOTTOM_BACK_RIGHT": "Bottom Back Right",
    "TOP_FRONT_LEFT": "Top Front Left",
    "TOP_FRONT_RIGHT": "Top Front Right",
    "TOP_BACK_LEFT": "Top Back Left",
    "TOP_BACK_RIGHT": "Top Back Right",
    "ORIGIN": "Object Origin",
}
"""The points a pivot snaps to; see :data:`csm_blender.core.geometry.custom_box.SNAP_POINTS`."""


def state_word(status: str) -> str:
    """The state for people."""
    return STATES.get(status, (status.title(), ""))[0]


def state_icon(status: str) -> str:
    """The icon of a state."""
    return STATES.get(status, ("", "QUESTION"))[1]


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
