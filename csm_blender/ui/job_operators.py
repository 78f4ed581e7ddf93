# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators about one job and its results, and the menu of the versions that belong to one block-out."""

from __future__ import annotations

from dataclasses import replace

import bpy

from ..core.errors import UsageError
from ..core.jobs.job import Decision
from ..core.jobs.states import FINISHED
from ..core.messages import NOTHING, Message
from ..core.sources import Engine
from ..scene.addon.translation import OURS, labels, reports
from ..scene.blender.bpy_typing import Context, Layout
from ..scene.blender.typed_properties import EnumProperty, IntProperty, StringProperty
from ..scene.commands import decisions
from ..scene.jobs.binding import find_original
from ..scene.properties import ENGINE_ITEMS, CSM_PG_job, active_record, find_record, state_of
from ..scene.versions import history
from .operator_base import CsmOperator, Returned
from .planned_request import choices_of
from .source_panel import draw_detail


class JobOperator(CsmOperator):
    """Base of the operators about the job of ``job_id``, or without it the job chosen in the list."""

    needs: Decision | None = None
    """The decision this operator carries out; it is refused where that makes no sense."""

    job_id = StringProperty(name="Job", description="ID of the job; the active job if empty")

    @classmethod
    def poll(cls, context: Context) -> bool:
        """Whether the scene has jobs at all; what the job allows is checked when the operator runs."""
        return context.scene is not None and len(state_of(context.scene).jobs) > 0

    def run(self, context: Context) -> None:
        record = self.record(context)
        if self.needs is not None and self.needs not in decisions.may(record):
            raise UsageError("This is not possible in the current state of the job.")
        self.act(context, record)

    def act(self, context: Context, record: CSM_PG_job) -> None:
        """What the operator does with the job of *record*."""
        raise NotImplementedError

    def record(self, context: Context) -> CSM_PG_job:
        """The record of the job. Raises :class:`UsageError`."""
        record = find_record(context.scene, self.job_id) if self.job_id else active_record(context.scene)
        if record is None:
            raise UsageError("There is no such job in this scene.")
        return record


class CSM_OT_cancel(JobOperator):
    """Stop this job. The service finishes what it has started, and Retry can fetch it later"""

    bl_idname = "csm.cancel"
    bl_label = "Cancel"
    needs = Decision.CANCEL

    def act(self, _context: Context, record: CSM_PG_job) -> None:
        decisions.cancel(decisions.job_of(record.job_id))


class CSM_OT_retry(JobOperator):
    """Continue this job. A refine that was paid for is not paid for again"""

    bl_idname = "csm.retry"
    bl_label = "Retry"
    needs = Decision.RETRY

    def act(self, _context: Context, record: CSM_PG_job) -> None:
        """A job of another machine becomes known here by this, and may still be running."""
        job = decisions.job_of(record.job_id)
        if job.state in FINISHED:
            decisions.retry(job)


class CSM_OT_look_again(JobOperator):
    """Ask the service whether the refine has started. This only reads and costs nothing"""

    bl_idname = "csm.look_again"
    bl_label = "Look Again"
    needs = Decision.LOOK_AGAIN

    def act(self, _context: Context, record: CSM_PG_job) -> None:
        decisions.look_again(decisions.job_of(record.job_id))


class CSM_OT_send_again(JobOperator):
    """Ask for a new refine of this session. This may spend credits"""

    bl_idname = "csm.send_again"
    bl_label = "Refine Again"
    needs = Decision.SEND_AGAIN

    def start(self, context: Context, event: bpy.types.Event) -> Returned:
        message = Message("The service will be asked for a new refine, which may spend credits.")
        answer: Returned = context.window_manager.invoke_confirm(
            self, event, title="Refine Again?", message=message, confirm_text="Refine Again", icon="QUESTION"
        )
        return answer

    def act(self, _context: Context, record: CSM_PG_job) -> None:
        decisions.send_again(decisions.job_of(record.job_id))


class CSM_OT_refine_again(JobOperator):
    """Refine the same mesh again with other settings. Nothing is fetched or paid"""

    bl_idname = "csm.refine_again"
    bl_label = "Refine Again"
    needs = Decision.SEND_AGAIN

    engine = EnumProperty(name="Engine", items=ENGINE_ITEMS[1:], translation_context=OURS, options={"SKIP_SAVE"})

    def start(self, context: Context, _event: bpy.types.Event) -> Returned:
        """Show the settings first; but for the engine, they are the panel's."""
        self.engine = decisions.job_of(self.record(context).job_id).spec.choices.engine
        manager = context.window_manager
        answer: Returned = manager.invoke_props_dialog(
            self, width=320, title=labels.say("Refine Again?"), confirm_text=labels.say("Refine Again")
        )
        return answer

    def draw(self, context: Context) -> None:
        layout: Layout = self.layout
        state = state_of(context.scene)
        layout.row(align=True).prop(self, "engine", expand=True)
        column = layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        if self.engine == Engine.LOCAL:
            draw_detail(column, state)
        column.prop(state, "facing")
        column.prop(state, "fit")

    def act(self, context: Context, record: CSM_PG_job) -> None:
        """The block-out, its pivot and what happens to it stay as they were."""
        job = decisions.job_of(record.job_id)
        now = choices_of(context.scene, job.spec.source.kind, Engine(self.engine))
        was = job.spec.choices
        choices = replace(was, engine=now.engine, facing=now.facing, remesh=now.remesh, fit=now.fit)
        decisions.convert_again(job, choices)


class CSM_OT_place(JobOperator):
    """Place the refined mesh in the scene now"""

    bl_idname = "csm.place"
    bl_label = "Place"
    needs = Decision.PLACE

    def act(self, _context: Context, record: CSM_PG_job) -> None:
        if waits := decisions.place(decisions.job_of(record.job_id)):
            self.report({"INFO"}, reports.translate(waits))


class CSM_OT_remove(JobOperator):
    """Remove this job from the list and delete its files. Placed results stay"""

    bl_idname = "csm.remove"
    bl_label = "Remove Job"
    needs = Decision.REMOVE

    def act(self, _context: Context, record: CSM_PG_job) -> None:
        decisions.remove(record.job_id)


class CSM_OT_clear_finished(CsmOperator):
    """Remove all finished jobs from this scene's list and delete their files. Placed results stay"""

    bl_idname = "csm.clear_finished"
    bl_label = "Clear Finished"

    @classmethod
    def disabled_reason(cls, context: Context) -> Message:
        return NOTHING if _finished(context.scene) else Message("No job has finished.")

    def run(self, context: Context) -> None:
        for job_id in _finished(context.scene):
            decisions.remove(job_id)


def _finished(scene: bpy.types.Scene) -> list[str]:
    """Ids of the scene's jobs that have ended."""
    ended = {str(state) for state in FINISHED}
    return [record.job_id for record in state_of(scene).jobs if record.status in ended]


class CSM_OT_toggle_original(JobOperator):
    """Show the block-out instead of the refined mesh, or the refined mesh again"""

    bl_idname = "csm.toggle_original"
    bl_label = "Show Original"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012 - Blender reads it as it is

    @classmethod
    def poll(cls, context: Context) -> bool:
        return super().poll(context) or (context.scene is not None and history.can_toggle(context.active_object))

    def run(self, context: Context) -> None:
        """Without a job, the active object is meant."""
        obj = context.active_object
        if self.job_id or not history.can_toggle(obj):
            obj = _object_of(self.record(context), context)
        if obj is None:
            raise UsageError("The result is no longer in this scene.")
        history.toggle_original(obj)


class CSM_OT_select_result(JobOperator):
    """Select the refined mesh"""

    bl_idname = "csm.select_result"
    bl_label = "Select Result"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012 - Blender reads it as it is

    def act(self, context: Context, record: CSM_PG_job) -> None:
        obj = decisions.result_of(record.job_id)
        if obj is None:
            raise UsageError("The result is no longer in this scene.", "Use Place to add it again.")
        if context.mode != "OBJECT":
            raise UsageError("Objects can be selected in Object Mode only.")
        if obj.name not in context.view_layer.objects or not obj.visible_get():
            raise UsageError("{name} is hidden.", name=repr(obj.name))
        for other in context.selected_objects:
            other.select_set(False)
        obj.select_set(True)
        context.view_layer.objects.active = obj


class CSM_OT_show_version(CsmOperator):
    """Show this version, and hide the others"""

    bl_idname = "csm.show_version"
    bl_label = "Show Version"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012 - Blender reads it as it is

    number = IntProperty(name="Version", description="Number of the version, oldest first, from 0", min=0)

    @classmethod
    def poll(cls, context: Context) -> bool:
        return context.scene is not None and active_record(context.scene) is not None

    def run(self, context: Context) -> None:
        obj, versions = _versions(context)
        if obj is None or self.number >= len(versions):
            raise UsageError("This version no longer exists.")
        history.show_version(obj, versions[self.number].result)


class CSM_MT_versions(bpy.types.Menu):
    """All versions of the chosen job's place."""

    bl_idname = "CSM_MT_versions"
    bl_label = "Versions"

    def draw(self, context: Context) -> None:
        layout: Layout = self.layout
        for number, version in enumerate(_versions(context)[1]):
            icon = "RADIOBUT_ON" if version.shown else "RADIOBUT_OFF"
            layout.operator("csm.show_version", text=version.label, icon=icon).number = number


def _versions(context: Context) -> tuple[bpy.types.Object | None, list[history.Version]]:
    """The object of the job chosen in the list, and all versions it belongs to: the block-out and its results."""
    record = active_record(context.scene)
    obj = _object_of(record, context) if record is not None else None
    return obj, history.versions(obj) if obj is not None else []


def _object_of(record: CSM_PG_job, context: Context) -> bpy.types.Object | None:
    """The result of the job, or its block-out; ``None`` where neither is left."""
    return decisions.result_of(record.job_id) or find_original(record.job_id, context.scene)


CLASSES = (
    CSM_OT_cancel,
    CSM_OT_retry,
    CSM_OT_look_again,
    CSM_OT_send_again,
    CSM_OT_refine_again,
    CSM_OT_place,
    CSM_OT_remove,
    CSM_OT_clear_finished,
    CSM_OT_toggle_original,
    CSM_OT_select_result,
    CSM_OT_show_version,
    CSM_MT_versions,
)
