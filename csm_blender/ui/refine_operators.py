# SPDX-License-Identifier: GPL-3.0-or-later
"""``csm.refine`` and ``csm.refine_selected``: what begins jobs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty, StringProperty

from ..core.api.session_code import parse_session_code
from ..core.errors import BadSessionCode, CsmError, NoSuchObject
from ..core.messages import NOTHING, Message, sentences
from ..core.models import FINISHED, JobState
from ..scene.addon.preferences import obstacle
from ..scene.addon.translation import reports, tooltips
from ..scene.blender.bpy_typing import Context, current
from ..scene.jobs import commands, job_updates
from ..scene.jobs.binding import holds_result
from ..scene.jobs.state import file_state
from ..scene.measure.measure import find_objects
from ..scene.properties import state_of, tag_of
from . import confirm_dialog, planned_request
from .operator_report import report_error, told
from .returns import Returned

EVENT_S = 0.2


def chosen_code(context: Context) -> str:
    """The session code in the panel. Raises :class:`BadSessionCode`."""
    return parse_session_code(state_of(context.scene).session_code)


def missing(context: Context) -> Message:
    """What is missing for refining the active object with the panel's session, as a sentence; empty if nothing is."""
    if reason := missing_to_look(context):
        return reason
    code, obj = chosen_code(context), context.active_object
    if holds_result(obj, tag_of(obj).job_id) and tag_of(obj).session_code == code:
        return Message("{name} is already the refined mesh of this session. Select a block-out.", name=obj.name)
    if commands.job_in_progress(code, obj) is not None:
        return Message("{name} is already being refined with this session.", name=obj.name)
    return NOTHING


def missing_to_look(context: Context) -> Message:
    """What is missing for looking at the panel's session in the place of the active object, as a sentence."""
    if (error := obstacle()) is not None:
        return error.advice
    text = state_of(context.scene).session_code
    if not text.strip():
        return Message("Enter the code of a CSM session first.")
    try:
        parse_session_code(text)
    except BadSessionCode as bad:
        return bad.advice
    if context.active_object is None:
        return Message("Select the block-out: the object that defines place and size.")
    if (seen := planned_request.preview(context)) is not None and seen.error is not None:
        return seen.error.advice
    return NOTHING


def forbidden() -> Message:
    """Why nothing may be sent, as a sentence; empty if it may."""
    error = obstacle()
    return error.message if error is not None else NOTHING


def in_panel(context: Context) -> bool:
    """Whether this is asked for a button of the sidebar, where the fields are all there is."""
    return context.region is not None and context.region.type == "UI"


class CSM_OT_refine(bpy.types.Operator):
    """Send the session to be refined to the size and origin of the active object, and place the result there"""

    bl_idname = "csm.refine"
    bl_label = "Refine"

    if TYPE_CHECKING:
        session_code: str
        target: str
        again: bool
        confirmed: bool
    else:
        session_code: StringProperty(
            name="Session", description="Code of the session; the code in the panel if empty", options={"SKIP_SAVE"}
        )
        target: StringProperty(
            name="Target",
            description="Name of the block-out, or several joined by +; the selected objects if empty",
            options={"SKIP_SAVE"},
        )
        again: BoolProperty(
            name="Again",
            description="Ask for a new refine even if the session is already refined; may spend credits",
            options={"SKIP_SAVE"},
        )
        confirmed: BoolProperty(options={"SKIP_SAVE", "HIDDEN"})

    _job_id = ""
    _timer: bpy.types.Timer | None = None

    @classmethod
    def poll(cls, context: Context) -> bool:
        """Whether it can be pressed; the disabled button says what is missing."""
        if context.scene is None:
            return False
        reason = missing(context) if in_panel(context) else forbidden()
        if reason:
            cls.poll_message_set(tooltips.translate(reason))
        return not reason

    def invoke(self, context: Context, _event: bpy.types.Event) -> Returned:
        """Begin the job and watch it, while the artist goes on."""
        if bpy.app.background:
            return self.execute(context)
        if not self.confirmed and confirm_dialog.is_needed(1):
            return confirm_dialog.ask(session_code=self.session_code, target=self.target, again=self.again)
        if not self._begin(context):
            return {"CANCELLED"}
        file_state().watched_by_operator.add(self._job_id)
        self._timer = context.window_manager.event_timer_add(EVENT_S, window=context.window)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, _context: Context, event: bpy.types.Event) -> Returned:
        """Every event is the artist's own; only the timer's are looked at, and they pass on as well."""
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        job = file_state().jobs.get(self._job_id)
        if job is None or job.state in FINISHED or job.state is JobState.UNCERTAIN or not job_updates.watched(job):
            # Decided, or to be decided by a person: the pump goes on with it from there.
            self._end()
            return {"FINISHED" if job is not None and job.state is JobState.PLACED else "CANCELLED", "PASS_THROUGH"}
        if job.state is JobState.READY:
            job_updates.place_for_operator(job.job_id)
            if file_state().jobs[job.job_id].state is JobState.PLACED:
                self._end()
                return {"FINISHED", "PASS_THROUGH"}
        return {"PASS_THROUGH"}

    def execute(self, context: Context) -> Returned:
        """Do the whole job and return when it is done."""
        if not self._begin(context):
            return {"CANCELLED"}
        try:
            commands.run_to_end([self._job_id], context)
        except CsmError as error:
            return report_error(self, error)
        job = file_state().jobs[self._job_id]
        if job.state is JobState.PLACED:
            return {"FINISHED"}
        self.report({"ERROR" if job.state is JobState.FAILED else "WARNING"}, _outcome(job.job_id))
        return {"CANCELLED"}

    def cancel(self, _context: Context) -> None:
        """Its window or file goes away: the pump takes over."""
        self._timer = None
        self._end()

    def _begin(self, context: Context) -> bool:
        try:
            text = self.session_code
            code = parse_session_code(text) if text else chosen_code(context)
            objects = (
                find_objects(context.scene, self.target) if self.target else planned_request.chosen_objects(context)
            )
            if not objects:
                raise NoSuchObject("No object is active.", "Select the block-out.")
            choices = replace(planned_request.choices_of(context.scene), again=self.again)
            self._job_id = commands.start_job(code, objects, context, choices).job_id
        except CsmError as error:
            report_error(self, error)
            return False
        return True

    def _end(self) -> None:
        file_state().watched_by_operator.discard(self._job_id)
        if self._timer is not None:
            current.window_manager.event_timer_remove(self._timer)
            self._timer = None
        job_updates.wake()


class CSM_OT_refine_selected(bpy.types.Operator):
    """Refine every selected object that has a session code of its own"""

    bl_idname = "csm.refine_selected"
    bl_label = "Refine Selected"

    if TYPE_CHECKING:
        confirmed: bool
    else:
        confirmed: BoolProperty(options={"SKIP_SAVE", "HIDDEN"})

    @classmethod
    def poll(cls, context: Context) -> bool:
        """Whether there is anything to refine."""
        if context.scene is None:
            return False
        reason = forbidden()
        if not reason and not selected_with_code(context):
            reason = Message("No selected object has a session code.")
        if reason:
            cls.poll_message_set(tooltips.translate(reason))
        return not reason

    def invoke(self, context: Context, _event: bpy.types.Event) -> Returned:
        """Begin all the jobs; the pump places them as they come."""
        if bpy.app.background:
            return self.execute(context)
        if not self.confirmed and confirm_dialog.is_needed(len(selected_with_code(context))):
            return confirm_dialog.ask(all_selected=True)
        return {"FINISHED"} if self._begin(context) else {"CANCELLED"}

    def execute(self, context: Context) -> Returned:
        """Do all the jobs and return when they are done."""
        job_ids = self._begin(context)
        try:
            commands.run_to_end(job_ids, context)
        except CsmError as error:
            return report_error(self, error)
        failed = [job_id for job_id in job_ids if file_state().jobs[job_id].state is not JobState.PLACED]
        for job_id in failed:
            self.report({"ERROR"}, _outcome(job_id))
        return {"FINISHED"} if job_ids and len(failed) < len(job_ids) else {"CANCELLED"}

    def _begin(self, context: Context) -> list[str]:
        begun: list[str] = []
        choices = planned_request.choices_of(context.scene)
        for obj in selected_with_code(context):
            try:
                code = parse_session_code(tag_of(obj).session_code)
                begun.append(commands.start_job(code, [obj], context, choices).job_id)
            except CsmError as error:
                self.report({"WARNING"}, f"{obj.name}: {told(error)}")
        return begun


def selected_with_code(context: Context) -> list[bpy.types.Object]:
    """The selected block-outs that have a session code."""
    return [obj for obj in context.selected_objects or () if tag_of(obj).session_code]


def _outcome(job_id: str) -> str:
    job = file_state().jobs[job_id]
    said = job.error["message"] if job.error else file_state().wait_reasons.get(job_id) or job.message
    told = sentences(said, job.error["hint"] if job.error else "")
    return f"{job.spec.object_name}: {reports.translate(told)}"


CLASSES = (CSM_OT_refine, CSM_OT_refine_selected)
