# SPDX-License-Identifier: GPL-3.0-or-later
"""Show in the 3D view what will be sent: the box, its base, its front and its pivot; during a job the box fills.

It is shown while the sidebar is at the CSM tab and the viewport has its overlays on. Every redraw of every viewport
draws it, so batches are made again only when what they show has changed; what moves is drawn through another matrix.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

import bpy
from mathutils import Matrix, Vector

from ..core.geometry.outline import Outline, outline_of
from ..core.models import Refinement, Target
from ..scene.blender.bpy_typing import Context
from ..scene.blender.redraw import TAB, is_at_tab
from ..scene.blender.runtime import Part, part
from ..scene.jobs.binding import bound_scene, find_target
from ..scene.jobs.state import file_state
from . import planned_request
from .overlay_drawing import Drawing, draw_all

_MOST_KEPT = 64
MOST_JOBS = 8
"""Running jobs shown at a time: drawing must stay cheap with a hundred of them."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Item:
    """Something to outline. Two that are equal look the same."""

    target: Target
    refinement: Refinement
    share: float | None = None


@dataclass
class Entry:
    """An item with its batches, and the matrix of its object, or the last one if that is gone.

    ``scale`` is what the object's was when the item was made.
    """

    item: Item
    outline: Outline
    drawing: Drawing
    obj: bpy.types.Object | None
    matrix: Matrix
    scale: Vector


@dataclass
class View:
    """A 3D view, and what is drawn there."""

    at_tab: bool = False
    """Whether its sidebar was at the tab at its last layout."""
    seen: tuple[int, bool] | None = None
    """:func:`.planned_request.count`, and whether it was a local view, when its entries were made."""
    entries: list[Entry] = field(default_factory=list)


@dataclass
class Overlay(Part):
    """What is drawn, kept between redraws."""

    handler: Any = None
    """Blender's handle for the draw function, once :meth:`start` was called."""
    views: dict[int, View] = field(default_factory=dict)
    """By the address of the space, which is faster to get than that of the area."""
    batches: dict[Item, tuple[Outline, Drawing]] = field(default_factory=dict)
    ui_scale: float = 1.0
    is_broken: bool = False

    def start(self) -> None:
        """Draw at every redraw of a 3D view from now on."""
        self.handler = bpy.types.SpaceView3D.draw_handler_add(_draw, (), "WINDOW", "POST_VIEW")

    def stop(self) -> None:
        if self.handler is not None:
            bpy.types.SpaceView3D.draw_handler_remove(self.handler, "WINDOW")
            self.handler = None


def overlay() -> Overlay:
    """The overlay of the current runtime."""
    return part(Overlay)


def _draw() -> None:
    """Called by Blender: must neither raise nor write."""
    try:
        draw_here(bpy.context)
    except Exception:  # noqa: BLE001 - the first traceback is logged; one at every frame would help no one
        if not overlay().is_broken:
            _log.exception("The overlay cannot be drawn")
        overlay().is_broken = True


def draw_here(context: Context) -> None:
    """Draw in the current viewport, if it shows the overlay."""
    space = context.space_data
    view = overlay().views.get(space.as_pointer()) if space is not None else None
    if view is None or not (view.at_tab and space.show_region_ui and space.overlay.show_overlays):
        return
    seen = planned_request.count(), space.local_view is not None
    if view.seen != seen or any(map(_is_scaled, view.entries)):
        view.entries = [_entry(item, obj) for item, obj in _items(context)]
        view.seen = planned_request.count(), seen[1]
    if view.entries:
        draw_all([(entry.drawing, entry.matrix) for entry in view.entries], overlay().ui_scale)


def _is_scaled(entry: Entry) -> bool:
    """Update the matrix of *entry*; whether its scale has changed, the one change that :func:`.count` misses."""
    if entry.obj is None or entry.obj.matrix_world == entry.matrix:
        return False
    entry.matrix = entry.obj.matrix_world.copy()
    return not planned_request.is_same_scale(entry.matrix.to_scale(), entry.scale)


def _entry(item: Item, obj: bpy.types.Object | None) -> Entry:
    """*item* with its batches, which are kept. When there are many, all are dropped, and the needed ones made again."""
    batches = overlay().batches
    if item not in batches:
        if len(batches) > _MOST_KEPT:
            batches.clear()
        outline = outline_of(item.target, item.refinement)
        batches[item] = outline, Drawing(outline, item.share)
    matrix = obj.matrix_world.copy() if obj is not None else Matrix(item.target.matrix_world)
    return Entry(item, *batches[item], obj, matrix, matrix.to_scale())


def _items(context: Context) -> list[tuple[Item, bpy.types.Object | None]]:
    """The running jobs of the scene with their objects, then the active object, unless it is being refined."""
    items: list[tuple[Item, bpy.types.Object | None]] = []
    for job in file_state().unfinished()[-MOST_JOBS:]:
        if job.spec.target is None or bound_scene(job.job_id) != context.scene:
            continue
        obj = find_target(job.job_id)
        if obj is None or obj.visible_in_viewport_get(context.space_data):
            items.append((Item(job.spec.target, job.spec.refinement, round(job.progress, 2)), obj))
    seen = preview_in_view(context)
    if seen is not None and seen.spec is not None and seen.target is not None:
        items.append((Item(seen.target, seen.spec.refinement), context.active_object))
    return items


def preview_in_view(context: Context) -> planned_request.Preview | None:
    """The active object as it would be refined; ``None`` where it is hidden in this view, or being refined."""
    obj = context.active_object
    if obj is None or not obj.visible_in_viewport_get(context.space_data):
        return None
    state = file_state()
    for job in state.unfinished():
        binding = state.bindings.get(job.job_id)
        if binding is not None and binding.object_uid == obj.session_uid:
            return None
    return planned_request.outlined(context)


class CSM_PT_tab_watch(bpy.types.Panel):
    """Never shown. Blender calls ``poll`` of every panel at each layout of a sidebar, whichever tab is open there.

    That is how the viewport beside it is redrawn when the tab was changed: nothing else redraws it then.
    """

    bl_label = ""
    bl_category = TAB
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_options = {"HIDE_HEADER"}  # noqa: RUF012 - Blender reads it

    @classmethod
    def poll(cls, context: Context) -> bool:
        """Remember whether the sidebar is at the tab, and redraw the viewport beside it where that has changed."""
        overlay().ui_scale = context.preferences.system.ui_scale
        area = context.area
        if area is None or area.type != "VIEW_3D":
            return False
        view = overlay().views.setdefault(area.spaces.active.as_pointer(), View())
        at_tab = is_at_tab(area)
        if view.at_tab != at_tab:
            view.at_tab = at_tab
            for region in area.regions:
                if region.type == "WINDOW":
                    region.tag_redraw()
        return False

    def draw(self, _context: Context) -> None:
        """Blender requires it."""


CLASSES = (CSM_PT_tab_watch,)
