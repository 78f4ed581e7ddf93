# SPDX-License-Identifier: GPL-3.0-or-later
"""Do something in a scene that another window may show, or none, and make one undo step of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bpy

from .bpy_typing import current


@contextmanager
def in_scene(scene: bpy.types.Scene) -> Iterator[None]:
    """Make *scene* the context's."""
    window = next(windows_showing(scene), None)
    layer = window.view_layer if window is not None and window.scene == scene else scene.view_layers[0]
    with current.temp_override(window=window, scene=scene, view_layer=layer):
        yield


def push_undo_step(name: str, scene: bpy.types.Scene) -> None:
    """Make all that was done since the last undo step one step of this *name*, where there is a window to undo in."""
    window = next(windows_showing(scene), None)
    if window is None:
        return
    with current.temp_override(window=window):
        push: Any = bpy.ops.ed.undo_push
        if push.poll():
            push(message=name.encode()[:63].decode(errors="ignore"))  # Blender has room for so many bytes


def windows_showing(scene: bpy.types.Scene) -> Iterator[bpy.types.Window]:
    """Windows for doing something in *scene*: those that show it first."""
    yield from sorted(current.window_manager.windows, key=lambda window: window.scene != scene)
