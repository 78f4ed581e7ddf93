# SPDX-License-Identifier: GPL-3.0-or-later
"""Change a scene that another window shows, or none, and make one undo step of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bpy

from .bpy_typing import current


@contextmanager
def in_scene(scene: bpy.types.Scene) -> Iterator[None]:
    """Make *scene* the current one of the context."""
    window = _window_for(scene)
    layer = window.view_layer if window is not None and window.scene == scene else scene.view_layers[0]
    with current.temp_override(window=window, scene=scene, view_layer=layer):
        yield


def push_undo_step(name: str, scene: bpy.types.Scene) -> None:
    """Make all changes since the last undo step one step called *name*, where there is a window to undo in."""
    window = _window_for(scene)
    if window is None:
        return
    with current.temp_override(window=window):
        push: Any = bpy.ops.ed.undo_push
        if push.poll():
            push(message=name.encode()[:63].decode(errors="ignore"))  # the most bytes Blender keeps


def _window_for(scene: bpy.types.Scene) -> Any:
    """A window that shows *scene*, else any window, ``None`` without one."""
    return min(current.window_manager.windows, key=lambda window: window.scene != scene, default=None)
