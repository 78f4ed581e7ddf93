# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to the panel: in the Object menu, in Blender's search and in the preferences, and open once by itself.

The sidebar of a new Blender is closed, and nothing of the add-on is seen elsewhere: who has just installed it would
have to know where to look.
"""

from __future__ import annotations

from collections.abc import Iterator

import bpy

from ..core.jobs.store import DATABASE_NAME
from ..scene.addon.environment import jobs_home
from ..scene.blender.bpy_typing import Context, Layout, current
from ..scene.blender.main_timer import main_timer
from ..scene.blender.redraw import TAB, is_at_tab
from ..scene.blender.runtime import Part
from .operator_base import CsmOperator

PAUSE_S = 0.1
TRIES = 50
"""The list of tabs exists once the sidebar was drawn: it is asked for so many times."""


class PanelOpening(Part):
    """The 3D view whose sidebar was opened, until it is at the tab."""

    def __init__(self) -> None:
        self._address = 0
        self._tries = 0

    def begin(self, area: bpy.types.Area | None = None) -> None:
        """Open the sidebar of *area*, else of the largest 3D view, at the tab."""
        views = list(_views())
        if area not in views:
            area = max(views, key=lambda view: view.width * view.height, default=None)
        if area is not None:
            # Kept as a number, as a view may be closed meanwhile, and Blender crashes where a closed one is asked.
            self._address, self._tries = area.as_pointer(), TRIES
            area.spaces.active.show_region_ui = True  # type: ignore[union-attr]  # the space of a 3D view has it
            main_timer().call(self.turn)

    def turn(self) -> float | None:
        """Turn the sidebar to the tab: seconds until it is tried again."""
        area = next((view for view in _views() if view.as_pointer() == self._address), None)
        self._tries -= 1
        if area is None or self._tries < 0:
            return None
        for region in area.regions:
            if region.type == "UI":
                try:
                    region.active_panel_category = TAB  # type: ignore[assignment]  # the stubs know no tabs
                except (TypeError, AttributeError):  # it was not drawn yet
                    region.tag_redraw()
        if not is_at_tab(area):
            return PAUSE_S
        area.tag_redraw()  # the boxes are drawn beside the tab
        return None


class CSM_OT_show_panel(CsmOperator):
    """Open the sidebar of the 3D view (N) at the tab CSM, where meshes are refined"""

    bl_idname = "csm.show_panel"
    bl_label = "CSM Refine"

    def run(self, context: Context) -> None:
        PanelOpening.current().begin(context.area)


def show_once() -> None:
    """Open the panel where the add-on was just installed, in a window, on a computer that has no job yet."""
    if list(_views()) and not (jobs_home() / DATABASE_NAME).exists():
        main_timer().call(_show)


def keep_closed() -> None:
    """Do not open the panel any more: a file was opened after the add-on was enabled, as when Blender starts."""
    main_timer().cancel(_show)


def _show() -> None:
    PanelOpening.current().begin()


def draw_menu(self: bpy.types.Menu, _context: Context) -> None:
    """Draw the entry of the Object menu."""
    layout: Layout = self.layout
    layout.separator()
    layout.operator("csm.show_panel", icon="MOD_REMESH")


def _views() -> Iterator[bpy.types.Area]:
    """The 3D views of all windows."""
    manager = current.window_manager
    for window in manager.windows if manager else ():
        yield from (area for area in window.screen.areas if area.type == "VIEW_3D")


CLASSES = (CSM_OT_show_panel,)
