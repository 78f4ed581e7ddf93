# SPDX-License-Identifier: GPL-3.0-or-later
"""Types for the parts of ``bpy`` whose type stubs do not help.

In the stubs everything in a context may be ``None``, and a layout has the icons of Blender 4.2 only.
"""

from __future__ import annotations

from typing import Any

import bpy

Context = Any
"""``bpy.types.Context``."""

Layout = Any
"""``bpy.types.UILayout``."""


class _Current:
    """Looked up each time: while Blender enables add-ons, ``bpy.context`` is a restricted object without attributes."""

    def __getattr__(self, name: str) -> Any:
        return getattr(bpy.context, name)


current: Any = _Current()
"""``bpy.context``."""
