# SPDX-License-Identifier: GPL-3.0-or-later
"""``csm.preview`` and ``csm.remove_preview``: show a session in the block-out's place before anything is paid."""

from __future__ import annotations

import bpy

from ..core.errors import UsageError
from ..core.messages import Message
from ..scene.addon.translation import reports
from ..scene.blender.bpy_typing import Context, Layout
from ..scene.blender.typed_properties import StringProperty
from ..scene.jobs import preview_loader
from ..scene.measure.measure import find_object
from ..scene.placement import preview_objects
from ..scene.placement.preview_objects import Remark
from .operator_base import CsmOperator, RequestOperator
from .text_wrap import draw_lines, in_sidebar

_REMARKS = {
    Remark.REFINED: Message("Already refined: this is the refined mesh, and refining costs nothing."),
    Remark.EARLIER: Message("The service could not be reached: this is an earlier preview."),
}


class CSM_OT_preview(RequestOperator):
    """Show the mesh as it comes in place of the active object. Sends no refine request and costs nothing"""

    bl_idname = "csm.preview"
    bl_label = "Preview"

    def start(self, context: Context, _event: bpy.types.Event) -> None:
        """Begin to fetch it; it is shown when it has arrived."""
        self._begin(context)

    def run(self, context: Context) -> None:
        """Fetch it, and return when it is shown."""
        if waits := preview_loader.wait_for(self._begin(context)):
            self.report({"INFO"}, reports.translate(waits))
        context.view_layer.update()

    def _begin(self, context: Context) -> preview_loader.Order:
        source = self.chosen_source(context)
        return preview_loader.begin(source, self.objects(context), context, self.choices(context, source))


class CSM_OT_remove_preview(CsmOperator):
    """Remove the preview of the active object, or stop waiting for it"""

    bl_idname = "csm.remove_preview"
    bl_label = "Remove Preview"

    target = StringProperty(
        name="Target", description="Name of the block-out; the active object if empty", options={"SKIP_SAVE"}
    )

    def run(self, context: Context) -> None:
        obj = find_object(context.scene, self.target) if self.target else context.active_object
        if obj is not None and preview_objects.is_preview(obj):
            obj = preview_objects.block_out_of(obj)
        if obj is None or not preview_loader.remove(obj, context.scene):
            raise UsageError("There is no preview to remove.", "Select the block-out that it belongs to.")


def draw_preview(context: Context, layout: Layout) -> None:
    """Draw the buttons about the active object's preview, and its state."""
    obj = context.active_object
    shown = preview_objects.preview_of(obj)
    awaited = preview_loader.order_of(obj)
    if (shown is not None and preview_objects.remark_of(shown) is Remark.DELIVERED) or (awaited and awaited.over):
        return  # over a result stands what came; the job below has the button for it
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
