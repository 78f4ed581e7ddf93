# SPDX-License-Identifier: GPL-3.0-or-later
"""What was changed in a glTF document before its import, and what a document of the wrong form makes us raise."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..messages import Message

INCONSISTENT = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
"""What looking at a document raises whose parts have other types, places or sizes than they should."""


@dataclass
class Edits:
    """Whether a document was *changed*, *notes* about what was left out, and how many pictures are not in the file."""

    changed: bool = False
    notes: list[Message] = field(default_factory=list)
    missing_textures: int = 0
