# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw again what shows jobs, and nothing else."""

from __future__ import annotations

import bpy

from .changes import chosen
from .loose import current


def redraw() -> None:
    """Have the sidebars of the 3D views, the viewports beside an open one, and the status bars drawn again."""
    chosen()
    manager = current.window_manager
    for window in manager.windows if manager else ():
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                _redraw_view(area)
        _redraw_status_bar(window)


def _redraw_view(area: bpy.types.Area) -> None:
    """The viewport too, where the overlay may show the progress of jobs: beside an open sidebar."""
    kinds = ("UI", "WINDOW") if area.spaces.active.show_region_ui else ("UI",)  # type: ignore[union-attr]  # a 3D view
    for region in area.regions:
        if region.type in kinds:
            region.tag_redraw()


def _redraw_status_bar(window: bpy.types.Window) -> None:
    """Setting a status text redraws the bar, and there is no other way; what an operator shows there is left alone."""
    if len(window.modal_operators) == 0 or all(op.bl_idname == "CSM_OT_refine" for op in window.modal_operators):
        with current.temp_override(window=window):
            window.workspace.status_text_set_internal(None)


def redraw_preferences() -> None:
    """Have the preferences drawn again, where they are open."""
    manager = current.window_manager
    for window in manager.windows if manager else ():
        for area in window.screen.areas:
            if area.type == "PREFERENCES":
                area.tag_redraw()
