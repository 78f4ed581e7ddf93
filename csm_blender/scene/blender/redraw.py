# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw again what shows jobs, and nothing else.

A viewport costs what its scene costs, up to a second without a graphics card, so it is left alone where it can be.
"""

from __future__ import annotations

from typing import Any

import bpy

from .bpy_typing import current
from .change_counter import chosen

TAB = "CSM"
"""The tab of the sidebar beside which the viewport shows boxes."""


def redraw() -> None:
    """Have the sidebars of the 3D views and the status bars drawn again: cheap, however heavy the scene is."""
    chosen()
    manager = current.window_manager
    for window in manager.windows if manager else ():
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                _redraw_regions(area, "UI")
        _redraw_status_bar(window)


def redraw_boxes() -> None:
    """Have the viewports drawn again in which the boxes of jobs are shown. This draws the whole scene: seldom."""
    manager = current.window_manager
    for window in manager.windows if manager else ():
        for area in window.screen.areas:
            if area.type == "VIEW_3D" and shows_boxes(area):
                _redraw_regions(area, "WINDOW")


def shows_boxes(area: bpy.types.Area) -> bool:
    """Whether this 3D view is at the CSM tab, with overlays."""
    space: Any = area.spaces.active
    return bool(space.show_region_ui and space.overlay.show_overlays) and is_at_tab(area)


def is_at_tab(area: bpy.types.Area) -> bool:
    """Whether the sidebar of this 3D view is at the CSM tab, open or not."""
    return any(region.type == "UI" and region.active_panel_category == TAB for region in area.regions)


def _redraw_regions(area: bpy.types.Area, kind: str) -> None:
    for region in area.regions:
        if region.type == kind:
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
