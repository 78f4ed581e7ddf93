# SPDX-License-Identifier: GPL-3.0-or-later
"""Names for the parts of ``bpy`` whose type stubs are of no help.

By the stubs everything in a context may be ``None``, and a layout knows the icons of Blender 4.2 only, each by name.
"""

from __future__ import annotations

from typing import Any

import bpy

Context = Any
"""``bpy.types.Context``."""

Layout = Any
"""``bpy.types.UILayout``."""


class _Current:
    """Asks anew each time: while Blender enables add-ons, ``bpy.context`` is a stand-in that knows nothing."""

    def __getattr__(self, name: str) -> Any:
        return getattr(bpy.context, name)


current: Any = _Current()
"""``bpy.context``."""
