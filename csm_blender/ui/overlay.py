# SPDX-License-Identifier: GPL-3.0-or-later
"""Show in the 3D view what will be sent: the box, its base, its front and its pivot; during a job the box fills.

It shows while the sidebar is at the CSM tab and the viewport has its overlays on. Blender asks for it at every redraw
of every viewport, so lines are put together anew only when what they show has changed.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

import bpy

from ..core.models import Matrix4, Refinement, Target
from ..core.outline import Outline, outline_of
from ..scene.binding import find_target, home_scene
from ..scene.desk import desk
from ..scene.loose import Context, current
from ..scene.matrices import as_matrix4
from .overlay_lines import Drawing
from .preview import preview

TAB = "CSM"
MOST_JOBS = 8
"""So many running jobs are shown at a time; drawing must stay cheap with a hundred of them."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Item:
    """Something to outline. Two that are equal look the same."""

    target: Target
    refinement: Refinement
    matrix_world: Matrix4
    share: float | None = None


@dataclass
class _Memory:
    """What is on the card, and in which viewports."""

    handler: Any = None
    items: list[_Item] = field(default_factory=list)
    outlines: list[Outline] = field(default_factory=list)
    drawing: Drawing | None = None
    showing: dict[int, bool] = field(default_factory=dict)
    """For each 3D view, by its address: whether it was drawn there the last time."""
    is_broken: bool = False


memory = _Memory()


def start() -> None:
    """Be asked at every redraw of a 3D view."""
    if memory.handler is None and not bpy.app.background:
        memory.handler = bpy.types.SpaceView3D.draw_handler_add(_draw, (), "WINDOW", "POST_VIEW")


def stop() -> None:
    """Not any more; gives back what is on the card."""
    if memory.handler is not None:
        bpy.types.SpaceView3D.draw_handler_remove(memory.handler, "WINDOW")
    memory.__init__()  # type: ignore[misc]  # as new


def is_shown(area: bpy.types.Area) -> bool:
    """Whether this 3D view is at the CSM tab, with overlays."""
    space: Any = area.spaces.active
    if not (space.show_region_ui and space.overlay.show_overlays):
        return False
    return any(region.type == "UI" and region.active_panel_category == TAB for region in area.regions)


def _draw() -> None:
    """What Blender calls: it must neither raise nor write."""
    try:
        draw_here(current)
    except Exception:  # noqa: BLE001 - a traceback at every frame would help nobody; the first one goes to the log
        if not memory.is_broken:
            _log.exception("The overlay cannot be drawn")
        memory.is_broken = True


def draw_here(context: Context) -> None:
    """Draw it in the viewport at hand, if it is to be shown there."""
    area = context.area
    if area is None:
        return
    shown = is_shown(area)
    memory.showing[area.as_pointer()] = shown
    if not shown:
        return
    items = _items(context)
    if items != memory.items or memory.drawing is None:
        memory.items = items
        memory.outlines = [outline_of(item.target, item.refinement, item.matrix_world) for item in items]
        memory.drawing = Drawing(memory.outlines, [item.share for item in items])
    if items:
        memory.drawing.draw(ui_scale())


def ui_scale() -> float:
    """How much larger than usual lines are to be."""
    preferences = current.preferences
    return preferences.system.ui_scale if preferences else 1.0


def _items(context: Context) -> list[_Item]:
    """The running jobs of the scene, then the target, unless it is being refined."""
    items, busy = [], set()
    view: Any = context.space_data
    for job in desk.unfinished()[-MOST_JOBS:]:
        if job.spec.target is None or home_scene(job.job_id) != context.scene:
            continue
        obj = find_target(job.job_id)
        if obj is not None and not obj.visible_in_viewport_get(view):
            continue
        matrix = as_matrix4(obj.matrix_world) if obj is not None else job.spec.target.matrix_world
        items.append(_Item(job.spec.target, job.spec.refinement, matrix, round(job.progress, 2)))
        if obj is not None:
            busy.add(obj.session_uid)
    obj = context.active_object
    if obj is None or obj.session_uid in busy or not obj.visible_in_viewport_get(view):
        return items
    seen = preview(context)
    if seen is not None and seen.spec is not None and seen.spec.target is not None:
        items.append(_Item(seen.spec.target, seen.spec.refinement, seen.spec.target.matrix_world))
    return items


class CSM_PT_tab_watch(bpy.types.Panel):
    """Never shown. Blender asks ``poll`` of every panel when it lays out a sidebar, whichever tab is open there.

    That is how the viewport beside it learns that the tab was changed: nothing else redraws it then.
    """

    bl_label = ""
    bl_category = TAB
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_options = {"HIDE_HEADER"}  # noqa: RUF012 - Blender reads it

    @classmethod
    def poll(cls, context: Context) -> bool:
        """Compare what is drawn with what should be."""
        area = context.area
        if (
            area is not None
            and area.type == "VIEW_3D"
            and memory.showing.get(area.as_pointer(), False) != is_shown(area)
        ):
            for region in area.regions:
                if region.type == "WINDOW":
                    region.tag_redraw()
        return False

    def draw(self, _context: Context) -> None:
        """Nothing."""


CLASSES = (CSM_PT_tab_watch,)
