# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of several lines: Blender's labels do not wrap, least of all in languages without spaces."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from ..scene.addon.translation import labels
from ..scene.blender.bpy_typing import Context, Layout


def draw_lines(layout: Layout, lines: Sequence[str], icon: str = "NONE") -> None:
    """Draw *lines* close together, the first one with *icon*."""
    column = layout.column(align=True)
    column.scale_y = 0.85
    for number, line in enumerate(lines):
        column.label(text=line, icon=icon if number == 0 or icon == "NONE" else "BLANK1")


def in_sidebar(context: Context, text: str, inset_px: int = 50) -> list[str]:
    """*text* in lines that fit the current region, less *inset_px* for frames, icons and scroll bar."""
    return wrapped(text, context.region.width - inset_px, context.preferences.system.ui_scale)


def wrapped(text: str, width_px: int, scale: float) -> list[str]:
    """*text* in Blender's language, in lines that fit a panel of this width at this scale of the user interface."""
    limit = max(16, int(width_px / (6.4 * scale)))
    lines: list[str] = []
    for piece in _PIECES.findall(labels.translate(text)):
        if lines and _width(lines[-1]) + _width(piece.rstrip()) <= limit:
            lines[-1] += piece
        else:
            lines.append(piece)
    return [line.rstrip() for line in lines]


_CHARACTER = r"\u2e80-\ua4cf\uf900-\ufaff\uff00-\uff60"
_OPENING = r"\uff08\u300c\u300e"
_CLOSING = r"\u3001\u3002\u300d\u300f\u30fb\u30fc\uff01\uff09\uff0c\uff1a\uff1b\uff1f"
_CLOSING += r"\u3083\u3085\u3087\u3063\u30e3\u30e5\u30e7\u30c3"  # small kana
_PIECES = re.compile(rf"[{_OPENING}]*(?:[{_CHARACTER}]|[^ \n\t{_CHARACTER}]+)[{_CLOSING}]*[ \n\t]*")
"""What stays on one line: a word, or a Chinese or Japanese character, with marks that must not begin or end a line."""


def _width(text: str) -> int:
    """In Latin letters: Chinese and Japanese characters are about twice as wide."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
