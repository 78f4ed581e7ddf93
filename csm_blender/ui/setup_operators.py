# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators about the panel and the preferences: paste, open, test, clean."""

from __future__ import annotations

import json

import bpy

from ..core.api.local_service import RunningService, running_service, service_folder
from ..core.api.session_code import find_session_codes, shortened
from ..core.errors import CsmError, JobError, UsageError
from ..core.jobs.cleanup import clean
from ..core.jobs.support_report import support_report
from ..core.messages import NOTHING, Message
from ..core.sources import SourceKind
from ..scene.addon.disk_usage import disk_usage, size_text
from ..scene.addon.environment import PACKAGE
from ..scene.addon.preferences import base_url_is_from_environment, key_is_from_environment, obstacle, preferences
from ..scene.addon.translation import reports
from ..scene.background.connection_test import connection_test
from ..scene.background.session_adding import is_offered, session_adding
from ..scene.blender.bpy_typing import Context
from ..scene.blender.typed_properties import EnumProperty
from ..scene.commands import new_session
from ..scene.jobs.planning import chosen_source
from ..scene.jobs.state import file_state
from ..scene.properties import state_of
from .operator_base import CsmOperator, Returned, go_on_with


class CSM_OT_paste_code(CsmOperator):
    """Paste the session code from the text on the clipboard. Several codes are offered to the selected objects"""

    bl_idname = "csm.paste_code"
    bl_label = "Paste Session Code"

    def run(self, context: Context) -> Returned | None:
        text = context.window_manager.clipboard
        codes = find_session_codes(text)
        if not codes:
            found = shortened(text.strip(), 40)
            self.report({"WARNING"}, reports.say("There is no session code on the clipboard: {text}", text=found))
            return {"CANCELLED"}
        if len(codes) > 1 and len(context.selected_objects or ()) > 1 and context.mode == "OBJECT":
            go_on_with("pair_codes", text=text)
            return {"CANCELLED"}
        state_of(context.scene).session_code = codes[0]
        if len(codes) > 1:
            words = "The clipboard holds {count} session codes; this is the first."
            self.report({"INFO"}, reports.say(words, count=len(codes)))
        return None


class CSM_OT_open_preferences(CsmOperator):
    """Open the preferences where this is set"""

    bl_idname = "csm.open_preferences"
    bl_label = "Open Preferences"

    section = EnumProperty(
        name="Section",
        items=(("ADDON", "Add-on", "Key and base URL"), ("NETWORK", "Network", "Allow Online Access")),
        options={"SKIP_SAVE"},
    )

    def run(self, context: Context) -> Returned | None:
        if bpy.app.background:
            return {"CANCELLED"}
        if self.section == "NETWORK":
            bpy.ops.screen.userpref_show()
            context.preferences.active_section = "SYSTEM"
        else:
            bpy.ops.preferences.addon_show(module=PACKAGE)
        return None


class CSM_OT_test_connection(CsmOperator):
    """Ask the service for one session to check whether address and key are correct. Costs nothing"""

    bl_idname = "csm.test_connection"
    bl_label = "Test Connection"

    @classmethod
    def disabled_reason(cls, _context: Context) -> Message:
        if (error := obstacle()) is not None:
            return error.advice
        return Message("The connection is being tested.") if connection_test().is_running else NOTHING

    def run(self, _context: Context) -> None:
        """The preferences show the answer when it arrives."""
        connection_test().begin()


class CSM_OT_find_service(CsmOperator):
    """Find the local service that runs on this computer, and use its address and key"""

    bl_idname = "csm.find_service"
    bl_label = "Find Service on This Computer"

    @classmethod
    def disabled_reason(cls, _context: Context) -> Message:
        if key_is_from_environment() or base_url_is_from_environment():
            return Message("Key or address are set by environment variables.")
        return NOTHING

    def start(self, context: Context, event: bpy.types.Event) -> Returned | None:
        """A key that is there already would be lost, so it is asked first."""
        found, chosen = self._found(), preferences()
        if not chosen.api_key or chosen.api_key == found.key:
            self.run(context)
            return None
        text = reports.say("{url} has a key of its own, which replaces the present one.", url=found.url)
        answer: Returned = context.window_manager.invoke_confirm(
            self, event, title="Use This Service?", message=text, confirm_text="Use", icon="WARNING"
        )
        return answer

    def run(self, _context: Context) -> None:
        found, chosen = self._found(), preferences()
        chosen.base_url, chosen.api_key = found.url, found.key
        connection_test().begin()

    def _found(self) -> RunningService:
        found = running_service(service_folder())
        if found is None:
            raise UsageError("No local service runs on this computer.", "Start it: python scripts/csm_server")
        return found


class CSM_OT_add_session(CsmOperator):
    """Send this file or object to the local service as a new session, which can then be refined there"""

    bl_idname = "csm.add_session"
    bl_label = "Add to the Service"

    @classmethod
    def disabled_reason(cls, context: Context) -> Message:
        if not is_offered():
            return Message("Only a service of your own takes meshes: see Base URL in the preferences.")
        if session_adding().is_running:
            return Message("A mesh is being sent.")
        try:
            chosen_source(context.scene)
        except CsmError as error:
            return error.advice
        return NOTHING

    def run(self, context: Context) -> None:
        """The panel shows the session when it is there; without a window, return only then."""
        source, adding = chosen_source(context.scene), session_adding()
        if source.kind is SourceKind.SESSION:
            raise UsageError("This is a session already.")
        new_session.add_session(source, context)
        if bpy.app.background:
            adding.wait()
            if not adding.is_good:
                raise JobError(adding.message)


class CSM_OT_clean_folder(CsmOperator):
    """Delete the files of finished jobs that are in no open scene. Placed results stay in their files"""

    bl_idname = "csm.clean_folder"
    bl_label = "Clean"

    def start(self, context: Context, event: bpy.types.Event) -> Returned:
        message = Message(
            "Meshes of finished jobs of other files are deleted. Placing one of them again downloads it again."
        )
        answer: Returned = context.window_manager.invoke_confirm(
            self, event, title="Clean the Job Folder?", message=message, confirm_text="Clean", icon="WARNING"
        )
        return answer

    def run(self, _context: Context) -> None:
        in_open_scenes = {record.job_id for scene in bpy.data.scenes for record in state_of(scene).jobs}
        freed = clean(file_state().open_store(), needed=in_open_scenes, limit_bytes=0)
        disk_usage().forget()
        self.report({"INFO"}, reports.say("{size} freed", size=size_text(freed)))


class CSM_OT_copy_report(CsmOperator):
    """Copy a report for support to the clipboard: versions, states, timings and errors of the last jobs; no secrets"""

    bl_idname = "csm.copy_report"
    bl_label = "Copy Report"

    def run(self, context: Context) -> None:
        store = file_state().open_store()
        report = support_report(store, store.jobs())
        context.window_manager.clipboard = json.dumps(report, indent=2)
        words = "A report about {count} jobs is in the clipboard"
        self.report({"INFO"}, reports.say(words, count=len(report["jobs"])))


CLASSES = (
    CSM_OT_paste_code,
    CSM_OT_open_preferences,
    CSM_OT_test_connection,
    CSM_OT_find_service,
    CSM_OT_add_session,
    CSM_OT_clean_folder,
    CSM_OT_copy_report,
)
