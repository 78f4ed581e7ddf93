# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators about the panel and the preferences: paste, open, test, clean."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import EnumProperty

from ..core.api.session_code import find_session_codes, shortened
from ..core.errors import CsmError
from ..core.jobs.cleanup import clean
from ..core.jobs.store import Store
from ..core.jobs.support_report import support_report
from ..core.messages import Message
from ..scene.addon.disk_usage import disk_usage, size_text
from ..scene.addon.environment import PACKAGE, jobs_home
from ..scene.addon.preferences import obstacle
from ..scene.addon.translation import reports, tooltips
from ..scene.background.connection_test import connection_test
from ..scene.blender.bpy_typing import Context
from ..scene.properties import state_of
from .operator_report import report_error
from .returns import Returned


class CSM_OT_paste_code(bpy.types.Operator):
    """Paste the session code from the text on the clipboard. Several codes are offered to the selected objects"""

    bl_idname = "csm.paste_code"
    bl_label = "Paste Session Code"

    @classmethod
    def poll(cls, context: Context) -> bool:
        """Whether there is a scene to keep it."""
        return context.scene is not None

    def execute(self, context: Context) -> Returned:
        """Paste it."""
        text = context.window_manager.clipboard
        codes = find_session_codes(text)
        if not codes:
            found = shortened(text.strip(), 40)
            self.report({"WARNING"}, reports.say("There is no session code on the clipboard: {text}", text=found))
            return {"CANCELLED"}
        if len(codes) > 1 and len(context.selected_objects or ()) > 1 and context.mode == "OBJECT":
            return self._offer(text)
        state_of(context.scene).session_code = codes[0]
        if len(codes) > 1:
            words = "The clipboard holds {count} session codes; this is the first."
            self.report({"INFO"}, reports.say(words, count=len(codes)))
        return {"FINISHED"}

    def _offer(self, text: str) -> Returned:
        """Offer all codes to the selected objects, one each."""
        operators: Any = bpy.ops
        operators.csm.pair_codes("INVOKE_DEFAULT", text=text)
        return {"CANCELLED"}


class CSM_OT_open_preferences(bpy.types.Operator):
    """Open the preferences where this is set"""

    bl_idname = "csm.open_preferences"
    bl_label = "Open Preferences"

    if TYPE_CHECKING:
        section: str
    else:
        section: EnumProperty(
            name="Section",
            items=(("ADDON", "Add-on", "Key and base URL"), ("NETWORK", "Network", "Allow Online Access")),
            options={"SKIP_SAVE"},
        )

    def execute(self, context: Context) -> Returned:
        """Open them."""
        if bpy.app.background:
            return {"CANCELLED"}
        if self.section == "NETWORK":
            bpy.ops.screen.userpref_show()
            context.preferences.active_section = "SYSTEM"
        else:
            bpy.ops.preferences.addon_show(module=PACKAGE)
        return {"FINISHED"}


class CSM_OT_test_connection(bpy.types.Operator):
    """Ask the service for one session to check whether address and key are correct. Costs nothing"""

    bl_idname = "csm.test_connection"
    bl_label = "Test Connection"

    @classmethod
    def poll(cls, _context: Context) -> bool:
        """Whether anything may be sent."""
        error = obstacle()
        if error is not None:
            cls.poll_message_set(tooltips.translate(error.advice))
        elif connection_test().is_running:
            cls.poll_message_set(tooltips.say("The connection is being tested."))
        return error is None and not connection_test().is_running

    def execute(self, _context: Context) -> Returned:
        """Begin; the answer is shown in the preferences."""
        try:
            connection_test().begin()
        except CsmError as error:
            return report_error(self, error)
        return {"FINISHED"}


class CSM_OT_clean_folder(bpy.types.Operator):
    """Delete the files of finished jobs that are in no open scene. Placed results stay in their files"""

    bl_idname = "csm.clean_folder"
    bl_label = "Clean"

    def invoke(self, context: Context, event: bpy.types.Event) -> Returned:
        """Ask first."""
        if bpy.app.background:
            return self.execute(context)
        message = Message(
            "Meshes of finished jobs of other files are deleted. Placing one of them again downloads it again."
        )
        answer: Returned = context.window_manager.invoke_confirm(
            self, event, title="Clean the Job Folder?", message=message, confirm_text="Clean", icon="WARNING"
        )
        return answer

    def execute(self, _context: Context) -> Returned:
        """Delete them."""
        try:
            store = Store(jobs_home())
            try:
                freed = clean(store, needed=_jobs_of_open_scenes(), limit_bytes=0)
            finally:
                store.close()
        except CsmError as error:
            return report_error(self, error)
        disk_usage().forget()
        self.report({"INFO"}, reports.say("{size} freed", size=size_text(freed)))
        return {"FINISHED"}


class CSM_OT_copy_report(bpy.types.Operator):
    """Copy a report for support to the clipboard: versions, states, timings and errors of the last jobs; no secrets"""

    bl_idname = "csm.copy_report"
    bl_label = "Copy Report"

    def execute(self, context: Context) -> Returned:
        """Copy it."""
        try:
            store = Store(jobs_home())
            try:
                report = support_report(store, store.jobs())
            finally:
                store.close()
        except CsmError as error:
            return report_error(self, error)
        context.window_manager.clipboard = json.dumps(report, indent=2)
        words = "A report about {count} jobs is in the clipboard"
        self.report({"INFO"}, reports.say(words, count=len(report["jobs"])))
        return {"FINISHED"}


def _jobs_of_open_scenes() -> set[str]:
    return {record.job_id for scene in bpy.data.scenes for record in state_of(scene).jobs}


CLASSES = (CSM_OT_paste_code, CSM_OT_open_preferences, CSM_OT_test_connection, CSM_OT_clean_folder, CSM_OT_copy_report)
