# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel in the sidebar of the 3D view. Drawing reads what was prepared elsewhere, and does no I/O."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import bpy

from ..core.errors import BadValue, CsmError, KeyProblem, OnlineAccessOff
from ..core.messages import Message
from ..core.models import JobSpec
from ..scene.addon.preferences import obstacle
from ..scene.addon.translation import labels
from ..scene.blender.bpy_typing import Context, Layout, current
from ..scene.blender.change_counter import changes
from ..scene.blender.runtime import Part, part
from ..scene.commands.batch import file_batch
from ..scene.jobs import job_updates
from ..scene.jobs.binding import holds_result
from ..scene.jobs.record_sync import shows_orphans
from ..scene.jobs.state import file_state
from ..scene.properties import CSM_PG_job, CSM_PG_scene, active_record, state_of, tag_of
from .box_panel import draw_box, draw_missing_handles, draw_pivot
from .formatting import MOVING, gray_label, right_label, size_text, state_icon, state_word
from .job_panel import draw_job
from .planned_request import count_with_code, preview
from .preview_operators import draw_preview
from .refine_operators import CSM_OT_refine
from .source_panel import draw_adding, draw_detail, draw_engine, draw_source, sends_request
from .text_wrap import draw_lines, in_sidebar

FEW_JOBS = 5
"""Jobs that are seen at a glance: for more there is a line that counts them."""


class CSM_UL_jobs(bpy.types.UIList):
    """The jobs of the scene, one line each."""

    def draw_item(  # type: ignore[override]  # the stubs have other names and None everywhere
        self, _context: Context, layout: Layout, _data: Any, item: CSM_PG_job, _icon: int, _owner: Any, _name: str
    ) -> None:
        """Name on the left, state on the right."""
        split = layout.split(factor=0.5)
        split.label(text=item.target or item.session_code or item.source, icon=state_icon(item.status), translate=False)
        if item.status in MOVING:
            word = f"{item.progress:.0%}" if item.progress else state_word(item.status)
            split.row().progress(factor=item.progress, text=word, type="BAR")
        else:
            right_label(split, text=state_word(item.status))


class CSM_PT_refine(bpy.types.Panel):
    """Refine the active object."""

    bl_idname = "CSM_PT_refine"
    bl_label = "CSM Refine"
    bl_category = "CSM"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"

    def draw(self, context: Context) -> None:
        layout: Layout = self.layout
        if state_of(context.scene).source == "SESSION" and (error := obstacle()) is not None:
            _draw_obstacle(context, layout, error)
        _draw_request(context, layout)
        state = state_of(context.scene)
        if shows_orphans(context.scene):
            job_updates.wake()  # what draws must not write
        if (trouble := file_state().trouble) is not None:
            draw_lines(layout.box(), in_sidebar(context, trouble.advice), "ERROR")
        if len(state.jobs) or file_batch().waiting:
            layout.separator()
            _draw_jobs(context, layout, state)


def _draw_obstacle(context: Context, layout: Layout, error: CsmError) -> None:
    box = layout.box()
    if isinstance(error, OnlineAccessOff):
        draw_lines(box, in_sidebar(context, error.message), "INTERNET_OFFLINE")
        if bpy.app.online_access_override:
            draw_lines(box, in_sidebar(context, error.hint), "NONE")
        else:
            button = box.operator("csm.open_preferences", text="Allow Online Access…", icon="PREFERENCES")
            button.section = "NETWORK"
        return
    icon = "KEYINGSET" if isinstance(error, KeyProblem) else "ERROR"
    text = (
        Message("Sessions need an API key. Files and objects do not.")
        if isinstance(error, KeyProblem)
        else error.message
    )
    draw_lines(box, in_sidebar(context, text), icon)
    if isinstance(error, KeyProblem | BadValue):
        action = "Enter API Key…" if isinstance(error, KeyProblem) else "Open Preferences…"
        box.operator("csm.open_preferences", text=action, icon="PREFERENCES").section = "ADDON"


def _draw_request(context: Context, layout: Layout) -> None:
    state = state_of(context.scene)
    draw_source(layout, state)
    draw_engine(layout, state, has_service=state.source == "SESSION")
    draw_adding(context, layout, state)
    seen = preview(context)
    column = layout.column(align=True)
    if seen is None:
        gray_label(column, text="No active object", icon="OBJECT_DATA")
    else:
        is_result = holds_result(context.active_object, tag_of(context.active_object).job_id)
        text = seen.name if is_result else labels.say("Block-out: {name}", name=seen.name)
        column.label(text=text, icon="OBJECT_DATA", translate=False)
        if seen.size is not None:
            gray_label(column, text=size_text(seen.size, context.scene), icon="BLANK1")
        elif seen.error is not None:
            draw_lines(column, in_sidebar(context, seen.error.advice), "ERROR")
        draw_box(layout, context.active_object)
        draw_missing_handles(context, layout, context.active_object)
    column = layout.column()
    column.use_property_split = True
    column.use_property_decorate = False
    if state.engine == "LOCAL":
        draw_detail(column, state)
    if not sends_request(state):
        column.prop(state, "facing")
    column.prop(state, "fit")
    column.prop(state, "pivot")
    if state.pivot == "CUSTOM":
        draw_pivot(column, state)
    column.prop(state, "original")
    _draw_more(layout, state)
    if seen is not None and seen.spec is not None and sends_request(state):
        _draw_sent(layout, seen.spec)
    row = layout.row()
    row.scale_y = 1.4
    row.operator_context = "INVOKE_DEFAULT"  # in this region: its poll asks what is missing in the panel's fields
    if job_id := CSM_OT_refine.job_to_refine_again(context):
        row.operator("csm.refine_again", text="Refine Again…", icon="MOD_REMESH").job_id = job_id
    else:
        row.operator("csm.refine", icon="MOD_REMESH")
        _draw_missing(context, layout, is_shown=seen is not None and seen.error is not None)
    draw_preview(context, layout)
    count = count_with_code(context)
    if count > 1:
        layout.operator("csm.refine_selected", text=labels.say("Refine {count} Selected", count=count))


def _draw_missing(context: Context, layout: Layout, *, is_shown: bool) -> None:
    """Draw why Refine is gray, which else only its tooltip says; nothing where that *is_shown* elsewhere."""
    is_obstacle = state_of(context.scene).source == "SESSION" and obstacle() is not None
    if not is_shown and not is_obstacle and (reason := CSM_OT_refine.missing_in_panel(context)):
        column = layout.column()
        column.active = False
        draw_lines(column, in_sidebar(context, reason))


def _draw_more(layout: Layout, state: CSM_PG_scene) -> None:
    header, body = layout.panel("CSM_PT_more", default_closed=True)
    header.label(text="More")
    if body is not None:
        body.use_property_split = True
        body.use_property_decorate = False
        if sends_request(state):  # it was told the box, so its mesh seldom needs a turn
            body.prop(state, "facing")
        body.prop(state, "materials")
        body.prop(state, "copies")
        body.prop(state, "as_asset")
        if state.as_asset == "LIBRARY":
            body.prop_search(
                state, "asset_library", current.preferences.filepaths, "asset_libraries", icon="ASSET_MANAGER"
            )


def _draw_sent(layout: Layout, spec: JobSpec) -> None:
    header, body = layout.panel("CSM_PT_sent", default_closed=True)
    header.label(text="What Will Be Sent")
    if body is None:
        return
    sent = spec.refinement
    grid = body.column(align=True)
    if sent.scaled_bbox is None:
        grid.label(text="scaled_bbox: left out (flat)")
    else:
        grid.label(text=f"scaled_bbox: {_numbers(sent.scaled_bbox)} m", translate=False)
    if sent.pivot_point is not None:
        grid.label(text=f"pivot_point: {_numbers(sent.pivot_point)}", translate=False)
    gray_label(body, text="x right, y up, z to the front")


def _numbers(values: tuple[float, float, float]) -> str:
    return "  ".join(f"{value:.4g}" for value in values)


@dataclass
class Tally(Part):
    """How many jobs are in each state, and for what that was counted."""

    counted: tuple[int, ...] = ()
    states: Counter[str] = field(default_factory=Counter)


def _states(state: CSM_PG_scene) -> Counter[str]:
    """How many jobs of the scene are in each state, counted only where a job has changed since."""
    last, now = part(Tally), (state.id_data.session_uid, len(state.jobs), changes().choices)
    if last.counted != now:
        last.counted, last.states = now, Counter(record.status for record in state.jobs)
    return last.states


def _draw_tally(layout: Layout, state: CSM_PG_scene, waiting: int) -> None:
    """Draw how far all jobs of the scene are, with *waiting* of a batch that are still to be begun."""
    states = _states(state)
    total, placed = len(state.jobs) + waiting, states["PLACED"]
    text = labels.say("{placed} of {total} placed", placed=placed, total=total)
    if failed := states["FAILED"]:
        text += ", " + labels.say("{count} failed", count=failed)
    row = layout.row(align=True)
    row.progress(factor=placed / total, text=text, type="BAR")
    if waiting or any(states[name] for name in MOVING):
        row.operator("csm.cancel_all", text="", icon="X")


def _draw_jobs(context: Context, layout: Layout, state: CSM_PG_scene) -> None:
    waiting, refused = len(file_batch().waiting), file_batch().refused
    if waiting or len(state.jobs) > FEW_JOBS:
        _draw_tally(layout, state, waiting)
    if refused:
        text = labels.say("Could not be begun: {count}.", count=len(refused))
        draw_lines(layout.box(), in_sidebar(context, f"{text} {labels.translate(refused[0])}"), "ERROR")
    row = layout.row()
    row.template_list("CSM_UL_jobs", "", state, "jobs", state, "active_job_index", rows=2, maxrows=6)
    column = row.column(align=True)
    column.operator("csm.clear_finished", text="", icon="TRASH")
    if (record := active_record(context.scene)) is not None:
        draw_job(context, layout, record)


CLASSES = (CSM_UL_jobs, CSM_PT_refine)
