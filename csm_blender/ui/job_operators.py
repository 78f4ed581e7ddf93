# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators about one job, told by ``job_id``; without it they mean the job chosen in the list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
from bpy.props import StringProperty

from ..core.errors import CsmError, UsageError
from ..core.jobs.job import Decision, Job
from ..core.messages import Message
from ..core.models import FINISHED
from ..scene.addon.translation import reports, tooltips
from ..scene.blender.bpy_typing import Context
from ..scene.jobs import commands
from ..scene.jobs.binding import find_original
from ..scene.jobs.state import file_state
from ..scene.properties import CSM_PG_job, active_record, find_record, state_of
from ..scene.versions import history
from .operator_report import report_error
from .returns import Returned


class JobOperator:
    """What the operators about one job have in common. Not registered itself."""

    needs: Decision | None = None
    """The decision this operator carries out; it is refused where that makes no sense."""

    if TYPE_CHECKING:
        job_id: str
    else:
        job_id: StringProperty(name="Job", description="ID of the job; the active job if empty")

    @classmethod
    def poll(cls, context: Context) -> bool:
        """Whether the scene has jobs at all; which of them may do what is checked when it is asked for."""
        return context.scene is not None and len(state_of(context.scene).jobs) > 0

    def execute(self, context: Context) -> Returned:
        """Find the job and do it."""
        try:
            record = self.record(context)
            if self.needs is not None and self.needs not in commands.may(record):
                raise UsageError("This is not possible in the current state of the job.")
            return self.act(context, record)
        except CsmError as error:
            return report_error(self, error)  # type: ignore[arg-type]  # mixed into operators only

    def act(self, context: Context, record: CSM_PG_job) -> Returned:
        """What the operator does."""
        raise NotImplementedError

    def record(self, context: Context) -> CSM_PG_job:
        """The record of the job meant. Raises :class:`UsageError`."""
        record = find_record(context.scene, self.job_id) if self.job_id else active_record(context.scene)
        if record is None:
            raise UsageError("There is no such job in this scene.")
        return record

    def job(self, record: CSM_PG_job) -> Job:
        """The job itself."""
        return commands.job_of(record.job_id)


class CSM_OT_cancel(JobOperator, bpy.types.Operator):
    """Stop this job. The service finishes what it has started, and Retry can fetch it later"""

    bl_idname = "csm.cancel"
    bl_label = "Cancel"
    needs = Decision.CANCEL

    def act(self, _context: Context, record: CSM_PG_job) -> Returned:
        """Stop it."""
        commands.cancel(self.job(record))
        return {"FINISHED"}


class CSM_OT_retry(JobOperator, bpy.types.Operator):
    """Continue this job. A refine that was paid for is not paid for again"""

    bl_idname = "csm.retry"
    bl_label = "Retry"
    needs = Decision.RETRY

    def act(self, _context: Context, record: CSM_PG_job) -> Returned:
        """Go on with it; a job of another machine is not known here until now."""
        job = self.job(record)
        if job.state in FINISHED:
            commands.retry(job)
        return {"FINISHED"}


class CSM_OT_look_again(JobOperator, bpy.types.Operator):
    """Ask the service whether the refine has started. This only reads and costs nothing"""

    bl_idname = "csm.look_again"
    bl_label = "Look Again"
    needs = Decision.LOOK_AGAIN

    def act(self, _context: Context, record: CSM_PG_job) -> Returned:
        """Look."""
        commands.look_again(self.job(record))
        return {"FINISHED"}


class CSM_OT_send_again(JobOperator, bpy.types.Operator):
    """Ask for a new refine of this session. This may spend credits"""

    bl_idname = "csm.send_again"
    bl_label = "Refine Again"
    needs = Decision.SEND_AGAIN

    def invoke(self, context: Context, event: bpy.types.Event) -> Returned:
        """Ask first."""
        if bpy.app.background:
            return self.execute(context)
        message = Message("The service will be asked for a new refine, which may spend credits.")
        answer: Returned = context.window_manager.invoke_confirm(
            self, event, title="Refine Again?", message=message, confirm_text="Refine Again", icon="QUESTION"
        )
        return answer

    def act(self, _context: Context, record: CSM_PG_job) -> Returned:
        """Send."""
        commands.send_again(self.job(record))
        return {"FINISHED"}


class CSM_OT_place(JobOperator, bpy.types.Operator):
    """Place the refined mesh in the scene now"""

    bl_idname = "csm.place"
    bl_label = "Place"
    needs = Decision.PLACE

    def act(self, _context: Context, record: CSM_PG_job) -> Returned:
        """Place it, or say what it waits for."""
        if waits := commands.place(self.job(record)):
            self.report({"INFO"}, reports.translate(waits))
        return {"FINISHED"}


class CSM_OT_remove(JobOperator, bpy.types.Operator):
    """Remove this job from the list and delete its files. Placed results stay"""

    bl_idname = "csm.remove"
    bl_label = "Remove Job"
    needs = Decision.REMOVE

    def act(self, _context: Context, record: CSM_PG_job) -> Returned:
        """Remove it."""
        commands.remove(record.job_id)
        return {"FINISHED"}


class CSM_OT_clear_finished(bpy.types.Operator):
    """Remove all finished jobs from this scene's list and delete their files. Placed results stay"""

    bl_idname = "csm.clear_finished"
    bl_label = "Clear Finished"

    @classmethod
    def poll(cls, context: Context) -> bool:
        """Whether there are any."""
        found = context.scene is not None and bool(finished(context.scene))
        if not found:
            cls.poll_message_set(tooltips.say("No job has finished."))
        return found

    def execute(self, context: Context) -> Returned:
        """Remove them."""
        try:
            for job_id in finished(context.scene):
                commands.remove(job_id)
        except CsmError as error:
            return report_error(self, error)
        return {"FINISHED"}


def finished(scene: bpy.types.Scene) -> list[str]:
    """Ids of the scene's jobs that have ended."""
    ended = {str(state) for state in FINISHED}
    return [record.job_id for record in state_of(scene).jobs if record.status in ended]


class CSM_OT_toggle_original(JobOperator, bpy.types.Operator):
    """Show the block-out instead of the refined mesh, or the refined mesh again"""

    bl_idname = "csm.toggle_original"
    bl_label = "Show Original"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012 - Blender reads it as it is

    @classmethod
    def poll(cls, context: Context) -> bool:
        """Whether there is a result to exchange."""
        if context.scene is None:
            return False
        return len(state_of(context.scene).jobs) > 0 or history.can_toggle(context.active_object)

    def execute(self, context: Context) -> Returned:
        """Exchange them: of the job, or without one of the active object."""
        try:
            record = None if not self.job_id and history.can_toggle(context.active_object) else self.record(context)
            obj = context.active_object if record is None else self._object(context, record)
            if obj is None:
                raise UsageError("The result is no longer in this scene.")
            history.toggle_original(obj)
        except CsmError as error:
            return report_error(self, error)
        return {"FINISHED"}

    def _object(self, context: Context, record: CSM_PG_job) -> bpy.types.Object | None:
        return commands.result_of(record.job_id) or find_original(record.job_id, context.scene)


class CSM_OT_select_result(JobOperator, bpy.types.Operator):
    """Select the refined mesh"""

    bl_idname = "csm.select_result"
    bl_label = "Select Result"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012 - Blender reads it as it is

    def act(self, context: Context, record: CSM_PG_job) -> Returned:
        """Select it alone, and make it active."""
        obj = commands.result_of(record.job_id)
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
        return {"FINISHED"}


def is_known(record: CSM_PG_job) -> bool:
    """Whether this machine's store knows the job."""
    return record.job_id in file_state().jobs


CLASSES = (
    CSM_OT_cancel,
    CSM_OT_retry,
    CSM_OT_look_again,
    CSM_OT_send_again,
    CSM_OT_place,
    CSM_OT_remove,
    CSM_OT_clear_finished,
    CSM_OT_toggle_original,
    CSM_OT_select_result,
)
