# SPDX-License-Identifier: GPL-3.0-or-later
"""CSM Refine: refine CSM.ai sessions into meshes that stand exactly where block-outs stand.

Imports no ``bpy`` at its top level, so that ``csm_blender.core`` works in any Python.
"""


def register() -> None:
    """Called by Blender when the extension is enabled."""
    from . import registration  # noqa: PLC0415 - needs bpy

    registration.register()


def unregister() -> None:
    """Called by Blender when the extension is disabled."""
    from . import registration  # noqa: PLC0415 - needs bpy

    registration.unregister()
