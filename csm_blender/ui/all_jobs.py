# SPDX-License-Identifier: GPL-3.0-or-later
"""All jobs of this computer: also those of files that were closed, or never saved, which no other panel shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from ..core.errors import UsageError
from ..core.jobs.states import FINISHED, JobState
from ..core.messages import Message
from ..scene.addon.disk_usage import disk_usage, size_text
from ..scene.addon.translation import labels, reports
from ..scene.background.all_jobs import Line, all_jobs
from ..scene.background.session_list import age_of
from ..scene.blender.bpy_typing import Context, Layout, current
from ..scene.blender.redraw import redraw
from ..scene.blender.typed_properties import (
    CollectionProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
    with_properties,
)
from ..scene.commands import decisions
from ..scene.jobs.state import file_state
from .formatting import gray_label, right_label, state_icon, state_word
from .operator_base import CsmOperator, Returned
from .text_wrap import draw_lines, in_sidebar


@with_properties
class CSM_PG_any_job(bpy.types.PropertyGroup):
    """One line of the list; ``name`` is the job's id, by which Blender keeps the chosen one."""


@with_properties
class CSM_PG_all_jobs(bpy.types.PropertyGroup):
    """``WindowManager.csm_jobs``: what the panel lists. It is not saved."""

    lines = CollectionProperty(type=CSM_PG_any_job)
    active_index = IntProperty(name="Job", options={"SKIP_SAVE"})


class CSM_UL_all_jobs(bpy.types.UIList):
    """The jobs, newest first."""

    def draw_item(  # type: ignore[override]  # the stubs have other names and None everywhere
        self, _context: Context, layout: Layout, _data: Any, item: CSM_PG_any_job, _icon: int, _owner: Any, _name: str
    ) -> None:
        """Object and state on the left, age on the right."""
        line = all_jobs().line(item.name)
        if line is None:
            return
        split = layout.split(factor=0.5)
        split.label(text=line.name, icon=state_icon(line.state), translate=False)
        row = split.row()
        row.active = line.job_id not in file_state().bindings
        row.label(text=state_word(line.state))
        right_label(row, text=labels.translate(age_of(line.created_at)))


class CSM_PT_all_jobs(bpy.types.Panel):
    """All jobs of this computer."""

    bl_idname = "CSM_PT_all_jobs"
    bl_label = "All Jobs on This Computer"
    bl_category = "CSM"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012 - Blender reads it

    def draw_header_preset(self, _context: Context) -> None:
        """Say how many wait that no other panel shows."""
        all_jobs().want()
        known = file_state().bindings
        count = sum(line.state is JobState.READY and line.job_id not in known for line in all_jobs().lines)
        if count:
            layout: Layout = self.layout
            gray_label(layout, text=labels.say("{count} ready", count=count))

    def draw(self, context: Context) -> None:
        layout: Layout = self.layout
        shown: CSM_PG_all_jobs = context.window_manager.csm_jobs
        if all_jobs().message:
            draw_lines(layout, in_sidebar(context, all_jobs().message), "ERROR")
        elif not all_jobs().lines:
            gray_label(layout, text="No jobs")
        else:
            layout.template_list("CSM_UL_all_jobs", "", shown, "lines", shown, "active_index", rows=3, maxrows=10)
            if 0 <= shown.active_index < len(shown.lines):
                line = all_jobs().line(shown.lines[shown.active_index].name)
                if line is not None:
                    _draw_chosen(context, layout.box(), line)


def _draw_chosen(context: Context, layout: Layout, line: Line) -> None:
    column = layout.column(align=True)
    for text in dict.fromkeys((line.name, Path(line.source).name)):
        gray_label(column, text=text, translate=False)
    is_open = line.job_id in file_state().bindings
    if is_open:
        gray_label(column, text="In this file", icon="FILE_BLEND")
    elif line.file:
        gray_label(column, text=Path(line.file).name, icon="FILE_BLEND", translate=False)
    else:
        gray_label(column, text="The file was never saved", icon="FILE_BLEND")
    size = all_jobs().size_of(line.job_id)
    gray_label(column, text=size_text(size) if size is not None else "", icon="DISK_DRIVE")
    draw_lines(layout, in_sidebar(context, line.message, inset_px=60), "NONE")
    row = layout.row(align=True)
    row.operator("csm.place_here", icon="IMPORT").job_id = line.job_id
    row.operator("csm.remove_any", text="Remove", icon="TRASH").job_id = line.job_id


class _AnyJobOperator(CsmOperator):
    """Base of the operators about one job of this computer."""

    job_id = StringProperty(name="Job", description="ID of the job", options={"SKIP_SAVE"})

    def line(self) -> Line:
        """The job as it is listed. Raises :class:`UsageError`."""
        all_jobs().read()
        line = all_jobs().line(self.job_id)
        if line is None:
            raise UsageError("There is no such job on this computer.")
        return line


class CSM_OT_place_here(_AnyJobOperator):
    """Add this job to this scene, and place its mesh where its block-out stood, as soon as it is ready"""

    bl_idname = "csm.place_here"
    bl_label = "Place Here"

    def run(self, context: Context) -> None:
        if waits := decisions.place_here(self.line().job_id, context.scene):
            self.report({"INFO"}, reports.translate(waits))


class CSM_OT_remove_any(_AnyJobOperator):
    """Remove this job and delete its files. Placed results stay in their files"""

    bl_idname = "csm.remove_any"
    bl_label = "Remove Job"

    def start(self, context: Context, event: bpy.types.Event) -> Returned | None:
        """Ask first where the result is nowhere else."""
        if self.line().state in FINISHED:
            self.run(context)
            return None
        answer: Returned = context.window_manager.invoke_confirm(
            self, event, title="Remove Job", message=Message("Its mesh has not been placed yet."),
            confirm_text="Remove", icon="WARNING",
        )  # fmt: skip
        return answer

    def run(self, _context: Context) -> None:
        decisions.remove_any(self.line().job_id)
        all_jobs().read()
        disk_usage().forget()


def fill() -> None:
    """Put the jobs that were read into the list; the chosen one stays chosen."""
    shown: CSM_PG_all_jobs = current.window_manager.csm_jobs
    chosen = shown.lines[shown.active_index].name if 0 <= shown.active_index < len(shown.lines) else ""
    shown.lines.clear()
    ids = [line.job_id for line in all_jobs().lines]
    for job_id in ids:
        shown.lines.add().name = job_id
    shown.active_index = ids.index(chosen) if chosen in ids else 0
    redraw()


CLASSES = (CSM_PG_any_job, CSM_PG_all_jobs, CSM_UL_all_jobs, CSM_PT_all_jobs, CSM_OT_place_here, CSM_OT_remove_any)


def start() -> None:
    """Add the list to the window manager, and fill it whenever jobs were read."""
    manager: Any = bpy.types.WindowManager
    manager.csm_jobs = PointerProperty(type=CSM_PG_all_jobs)
    all_jobs().on_change = fill


def stop() -> None:
    """Remove it from the window manager."""
    if hasattr(bpy.types.WindowManager, "csm_jobs"):
        del bpy.types.WindowManager.csm_jobs
