# SPDX-License-Identifier: GPL-3.0-or-later
"""Redraw what shows jobs, and no more: a viewport can take up to a second without a graphics card."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bpy

from .bpy_typing import current
from .change_counter import chosen

TAB = "CSM"
"""The tab of the sidebar beside which the viewport shows boxes."""


def redraw() -> None:
    """Redraw the sidebars of the 3D views and the status bars: cheap, however heavy the scene is."""
    chosen()
    for area in _areas("VIEW_3D"):
        _redraw_regions(area, "UI")
    for window in _windows():
        # Setting a status text redraws the bar, and there is no other way; an operator's own text there is kept.
        if all(operator.bl_idname == "CSM_OT_refine" for operator in window.modal_operators):
            with current.temp_override(window=window):
                window.workspace.status_text_set_internal(None)


def redraw_boxes() -> None:
    """Redraw the viewports that show the boxes of jobs. This draws the whole scene."""
    for area in _areas("VIEW_3D"):
        if shows_boxes(area):
            _redraw_regions(area, "WINDOW")


def redraw_preferences() -> None:
    """Redraw the preferences, where they are open."""
    for area in _areas("PREFERENCES"):
        area.tag_redraw()


def shows_boxes(area: bpy.types.Area) -> bool:
    """Whether this 3D view shows overlays and its sidebar is at the CSM tab."""
    space: Any = area.spaces.active
    return bool(space.show_region_ui and space.overlay.show_overlays) and is_at_tab(area)


def is_at_tab(area: bpy.types.Area) -> bool:
    """Whether the sidebar of this 3D view, open or not, is at the CSM tab."""
    return any(region.type == "UI" and region.active_panel_category == TAB for region in area.regions)


def _redraw_regions(area: bpy.types.Area, kind: str) -> None:
    for region in area.regions:
        if region.type == kind:
            region.tag_redraw()


def _windows() -> Any:
    manager = current.window_manager
    return manager.windows if manager else ()


def _areas(kind: str) -> Iterator[bpy.types.Area]:
    return (area for window in _windows() for area in window.screen.areas if area.type == kind)
