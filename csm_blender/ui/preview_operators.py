# SPDX-License-Identifier: GPL-3.0-or-later
"""``csm.preview`` and ``csm.remove_preview``: look at a session in the block-out's place before anything is paid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
from bpy.props import StringProperty

from ..core.api.session_code import parse_session_code
from ..core.errors import CsmError, NoSuchObject, UsageError
from ..core.messages import Message
from ..scene.addon.translation import reports, tooltips
from ..scene.blender.bpy_typing import Context, Layout
from ..scene.jobs import preview_loader
from ..scene.measure.measure import find_object, find_objects
from ..scene.placement import preview_objects
from ..scene.placement.preview_objects import Remark
from . import planned_request
from .operator_report import report_error
from .refine_operators import chosen_code, forbidden, in_panel, missing_to_look
from .returns import Returned
from .text_wrap import draw_lines, in_sidebar

_REMARKS = {
    Remark.REFINED: Message("Already refined: this is the refined mesh, and refining costs nothing."),
    Remark.EARLIER: Message("The service could not be reached: this is an earlier preview."),
}


class CSM_OT_preview(bpy.types.Operator):
    """Show the session's preview mesh in place of the active object. Sends no refine request and costs nothing"""

    bl_idname = "csm.preview"
    bl_label = "Preview"

    if TYPE_CHECKING:
        session_code: str
        target: str
    else:
        session_code: StringProperty(
            name="Session", description="Code of the session; the code in the panel if empty", options={"SKIP_SAVE"}
        )
        target: StringProperty(
            name="Target",
            description="Name of the block-out, or several joined by +; the selected objects if empty",
            options={"SKIP_SAVE"},
        )

    @classmethod
    def poll(cls, context: Context) -> bool:
        """Whether it can be pressed; the disabled button says what is missing."""
        if context.scene is None:
            return False
        reason = missing_to_look(context) if in_panel(context) else forbidden()
        if reason:
            cls.poll_message_set(tooltips.translate(reason))
        return not reason

    def invoke(self, context: Context, _event: bpy.types.Event) -> Returned:
        """Have it fetched; it is shown when it is there."""
        if bpy.app.background:
            return self.execute(context)
        try:
            self._begin(context)
        except CsmError as error:
            return report_error(self, error)
        return {"FINISHED"}

    def execute(self, context: Context) -> Returned:
        """Fetch it, and return when it is shown."""
        try:
            waits = preview_loader.wait_for(self._begin(context))
        except CsmError as error:
            return report_error(self, error)
        if waits:
            self.report({"INFO"}, reports.translate(waits))
        context.view_layer.update()
        return {"FINISHED"}

    def _begin(self, context: Context) -> preview_loader.Order:
        code = parse_session_code(self.session_code) if self.session_code else chosen_code(context)
        objects = find_objects(context.scene, self.target) if self.target else planned_request.chosen_objects(context)
        if not objects:
            raise NoSuchObject("No object is active.", "Select the block-out.")
        return preview_loader.begin(code, objects, context, planned_request.choices_of(context.scene))


class CSM_OT_remove_preview(bpy.types.Operator):
    """Remove the preview of the active object, or stop waiting for it"""

    bl_idname = "csm.remove_preview"
    bl_label = "Remove Preview"

    if TYPE_CHECKING:
        target: str
    else:
        target: StringProperty(
            name="Target", description="Name of the block-out; the active object if empty", options={"SKIP_SAVE"}
        )

    @classmethod
    def poll(cls, context: Context) -> bool:
        """Whether there is a scene to look in."""
        return context.scene is not None

    def execute(self, context: Context) -> Returned:
        """Remove it."""
        try:
            obj = find_object(context.scene, self.target) if self.target else context.active_object
            block_out = (
                preview_objects.block_out_of(obj) if obj is not None and preview_objects.is_preview(obj) else obj
            )
            if block_out is None or not preview_loader.remove(block_out, context.scene):
                raise UsageError("There is no preview to remove.", "Select the block-out that it belongs to.")
        except CsmError as error:
            return report_error(self, error)
        return {"FINISHED"}


def draw_preview(context: Context, layout: Layout) -> None:
    """The buttons about the active object's preview, and how it goes with it."""
    obj = context.active_object
    shown = preview_objects.preview_of(obj)
    awaited = preview_loader.order_of(obj)
    row = layout.row(align=True)
    row.operator_context = "INVOKE_DEFAULT"
    if awaited is not None:
        row.label(text="Preview fetched" if awaited.waits else "Fetching the preview…", icon="SORTTIME")
        row.operator("csm.remove_preview", text="", icon="X")
        draw_lines(layout, in_sidebar(context, awaited.waits), "BLANK1")
    elif shown is not None:
        row.operator("csm.remove_preview", icon="HIDE_ON")
        row.operator("csm.preview", text="", icon="FILE_REFRESH")
        draw_lines(layout, in_sidebar(context, _REMARKS.get(preview_objects.remark_of(shown), "")), "INFO")
    else:
        row.operator("csm.preview", icon="HIDE_OFF")
    if (trouble := preview_loader.trouble_of(obj)) is not None:
        draw_lines(layout, in_sidebar(context, trouble.advice), "ERROR")


CLASSES = (CSM_OT_preview, CSM_OT_remove_preview)
