# SPDX-License-Identifier: GPL-3.0-or-later
"""How states and sizes are told to people."""

from __future__ import annotations

import re
import unicodedata

import bpy

from ..core.models import Vec3
from ..scene.language import labels

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
"""The points a pivot snaps to; see :data:`csm_blender.core.custom_box.SNAP_POINTS`."""


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


def wrapped(text: str, width_px: int, scale: float) -> list[str]:
    """*text* in Blender's language, in lines that fit a panel of this width; labels do not wrap by themselves."""
    limit = max(16, int(width_px / (6.4 * scale)))
    lines: list[str] = []
    for piece in _PIECES.findall(labels.retell(text)):
        if lines and _width(lines[-1]) + _width(piece.rstrip()) <= limit:
            lines[-1] += piece
        else:
            lines.append(piece)
    return [line.rstrip() for line in lines]


_SIGN = r"\u2e80-\ua4cf\uf900-\ufaff\uff00-\uff60"
_OPENING = r"\uff08\u300c\u300e"
_CLOSING = r"\u3001\u3002\u300d\u300f\u30fb\u30fc\uff01\uff09\uff0c\uff1a\uff1b\uff1f"
_CLOSING += r"\u3083\u3085\u3087\u3063\u30e3\u30e5\u30e7\u30c3"  # small kana
_PIECES = re.compile(rf"[{_OPENING}]*(?:[{_SIGN}]|[^ \n\t{_SIGN}]+)[{_CLOSING}]*[ \n\t]*")
"""What no line is broken in: a word, or a Chinese or Japanese sign, with marks that must not begin or end a line."""


def _width(text: str) -> int:
    """In Latin letters: Chinese and Japanese signs are about twice as wide."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)
