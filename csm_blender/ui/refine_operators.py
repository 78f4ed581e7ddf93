# SPDX-License-Identifier: GPL-3.0-or-later
"""``csm.refine`` and ``csm.refine_selected``: what begins jobs."""

from __future__ import annotations

from dataclasses import replace

import bpy

from ..core.api.session_code import parse_session_code
from ..core.errors import CsmError
from ..core.jobs.job import Decision
from ..core.jobs.states import FINISHED, JobState
from ..core.messages import NOTHING, Message, sentences
from ..core.models import Choices
from ..core.sources import Engine, Source, SourceKind
from ..scene.addon.translation import reports
from ..scene.blender.bpy_typing import Context, current
from ..scene.blender.runtime import is_stopped
from ..scene.blender.typed_properties import BoolProperty
from ..scene.commands import decisions, new_job
from ..scene.jobs import job_updates
from ..scene.jobs.binding import holds_result
from ..scene.jobs.planning import chosen_source
from ..scene.jobs.state import file_state
from ..scene.properties import find_record, state_of, tag_of
from . import confirm_dialog, planned_request
from .operator_base import CsmOperator, RequestOperator, Returned, forbidden
from .planned_request import selected_with_code

EVENT_S = 0.2


class CSM_OT_refine(RequestOperator):
    """Refine the session, file or object to the size and origin of the active object, and place the result there"""

    bl_idname = "csm.refine"
    bl_label = "Refine"

    again = BoolProperty(
        name="Again",
        description="Ask for a new refine even if the session is already refined; may spend credits",
        options={"SKIP_SAVE"},
    )
    confirmed = BoolProperty(options={"SKIP_SAVE", "HIDDEN"})

    _job_id = ""
    _timer: bpy.types.Timer | None = None

    @classmethod
    def missing_in_panel(cls, context: Context) -> Message:
        if reason := super().missing_in_panel(context):
            return reason
        source, obj = chosen_source(context.scene), context.active_object
        is_session = source.kind is SourceKind.SESSION
        if _is_from_panel(obj, context):
            if is_session:
                return Message("{name} is already the refined mesh of this session. Select a block-out.", name=obj.name)
            return Message("{name} is already the result of this source. Use Refine Again below.", name=obj.name)
        if new_job.job_in_progress(source, obj) is not None:
            if is_session:
                return Message("{name} is already being refined with this session.", name=obj.name)
            return Message("{name} is already being refined with this source.", name=obj.name)
        return NOTHING

    @classmethod
    def job_to_refine_again(cls, context: Context) -> str:
        """The job whose result is active and came from the panel's file or object: that is refined again instead."""
        obj = context.active_object
        if obj is None or state_of(context.scene).source == SourceKind.SESSION:
            return ""
        try:
            record = find_record(context.scene, tag_of(obj).job_id) if _is_from_panel(obj, context) else None
        except CsmError:
            return ""
        return record.job_id if record is not None and Decision.SEND_AGAIN in decisions.may(record) else ""

    def start(self, context: Context, _event: bpy.types.Event) -> Returned:
        """Begin the job and watch it, while the user goes on working."""
        source = self.chosen_source(context)
        choices = replace(self.choices(context, source), again=self.again)
        is_paid = source.kind is SourceKind.SESSION and choices.engine is Engine.SERVICE
        if is_paid and not self.confirmed and confirm_dialog.is_needed(1):
            return confirm_dialog.ask(
                session_code=source.name, target=self.target, again=self.again, engine=self.engine
            )
        self._begin(context, source, choices)
        file_state().watched_by_operator.add(self._job_id)
        self._timer = context.window_manager.event_timer_add(EVENT_S, window=context.window)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, _context: Context, event: bpy.types.Event) -> Returned:
        """Every event passes on to Blender; only the timer's are used."""
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        if is_stopped():
            self._remove_timer()
            return {"CANCELLED", "PASS_THROUGH"}
        job = file_state().jobs.get(self._job_id)
        if job is not None and job.state is JobState.READY and job_updates.watched(job):
            job_updates.place_for_operator(job.job_id)
            job = file_state().jobs[job.job_id]
        if job is not None and job.state not in {*FINISHED, JobState.UNCERTAIN} and job_updates.watched(job):
            return {"PASS_THROUGH"}
        self._end()  # what remains, such as a decision of the user, is done without it
        return {"FINISHED" if job is not None and job.state is JobState.PLACED else "CANCELLED", "PASS_THROUGH"}

    def run(self, context: Context) -> Returned | None:
        """Do the whole job and return when it is done."""
        source = self.chosen_source(context)
        self._begin(context, source, replace(self.choices(context, source), again=self.again))
        new_job.run_to_end([self._job_id], context)
        job = file_state().jobs[self._job_id]
        if job.state is JobState.PLACED:
            return None
        self.report({"ERROR" if job.state is JobState.FAILED else "WARNING"}, _outcome(job.job_id))
        return {"CANCELLED"}

    def cancel(self, _context: Context) -> None:
        """Its window or file is closed: the timer of all jobs takes over."""
        self._timer = None
        self._end()

    def _begin(self, context: Context, source: Source, choices: Choices) -> None:
        self._job_id = new_job.start_job(source, self.objects(context), context, choices).job_id

    def _end(self) -> None:
        file_state().watched_by_operator.discard(self._job_id)
        self._remove_timer()
        job_updates.wake()

    def _remove_timer(self) -> None:
        if self._timer is not None:
            current.window_manager.event_timer_remove(self._timer)
            self._timer = None


class CSM_OT_refine_selected(CsmOperator):
    """Refine every selected object that has a session code of its own"""

    bl_idname = "csm.refine_selected"
    bl_label = "Refine Selected"

    confirmed = BoolProperty(options={"SKIP_SAVE", "HIDDEN"})

    @classmethod
    def disabled_reason(cls, context: Context) -> Message:
        reason = forbidden()
        if not reason and not selected_with_code(context):
            return Message("No selected object has a session code.")
        return reason

    def start(self, context: Context, _event: bpy.types.Event) -> Returned:
        """Begin all the jobs; their results are placed one by one as they arrive."""
        is_paid = planned_request.choices_of(context.scene, SourceKind.SESSION).engine is Engine.SERVICE
        if is_paid and not self.confirmed and confirm_dialog.is_needed(len(selected_with_code(context))):
            return confirm_dialog.ask(all_selected=True)
        return {"FINISHED"} if self._begin(context) else {"CANCELLED"}

    def run(self, context: Context) -> Returned:
        """Do all the jobs and return when they are done."""
        job_ids = self._begin(context)
        new_job.run_to_end(job_ids, context)
        failed = [job_id for job_id in job_ids if file_state().jobs[job_id].state is not JobState.PLACED]
        for job_id in failed:
            self.report({"ERROR"}, _outcome(job_id))
        return {"FINISHED"} if len(failed) < len(job_ids) else {"CANCELLED"}

    def _begin(self, context: Context) -> list[str]:
        begun: list[str] = []
        choices = planned_request.choices_of(context.scene, SourceKind.SESSION)
        for obj in selected_with_code(context):
            try:
                code = parse_session_code(tag_of(obj).session_code)
                begun.append(new_job.start_job(code, [obj], context, choices).job_id)
            except CsmError as error:
                self.report({"WARNING"}, f"{obj.name}: {reports.translate(error.advice)}")
        return begun


def _is_from_panel(obj: bpy.types.Object, context: Context) -> bool:
    return holds_result(obj, tag_of(obj).job_id) and _source_of_result(obj) == chosen_source(context.scene)


def _source_of_result(obj: bpy.types.Object) -> Source | None:
    """The source of the job whose result *obj* holds, as far as it is known."""
    tag = tag_of(obj)
    if tag.session_code:
        return Source.of(tag.session_code)
    job = file_state().jobs.get(tag.job_id)
    return job.spec.source if job is not None else None


def _outcome(job_id: str) -> str:
    job = file_state().jobs[job_id]
    text = job.error["message"] if job.error else file_state().wait_reasons.get(job_id) or job.message
    hint = job.error["hint"] if job.error else ""
    return f"{job.spec.object_name}: {reports.translate(sentences(text, hint))}"


CLASSES = (CSM_OT_refine, CSM_OT_refine_selected)
