# SPDX-License-Identifier: GPL-3.0-or-later
"""Empty this Blender before something is read into it."""

from __future__ import annotations

import bpy


def open_empty_file() -> None:
    """Open Blender's own startup file without its objects, with factory settings.

    A converter has been started with them, and then its preferences stay: to set its add-ons up once more takes as long
    as a small conversion.
    """
    if bpy.app.factory_startup:
        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    else:
        bpy.ops.wm.read_factory_settings(use_empty=True)
