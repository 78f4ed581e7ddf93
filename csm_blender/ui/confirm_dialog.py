# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask before anything is sent that may cost: the first time in a Blender session, and when much goes out at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import bpy
from bpy.props import BoolProperty, StringProperty

from ..core.errors import CsmError
from ..core.geometry.box import box_of
from ..scene.addon.preferences import base_url_now, preferences
from ..scene.addon.translation import labels
from ..scene.blender.bpy_typing import Context, Layout
from ..scene.blender.runtime import Part, part
from ..scene.jobs.planning import plan_for_objects
from ..scene.measure.measure import find_objects
from ..scene.properties import state_of, tag_of
from . import planned_request
from .formatting import size_text
from .operator_report import report_error
from .returns import Returned
from .text_wrap import draw_lines, wrapped

WIDTH = 400
MOST_LINES = 12


@dataclass
class Agreement(Part):
    """What was agreed to in this Blender session."""

    agreed: bool = False


def is_needed(count: int) -> bool:
    """Whether a person is to be asked before *count* requests go out."""
    chosen = preferences()
    return bool(chosen.confirm_sending) and (not part(Agreement).agreed or count > chosen.confirm_count)


def ask(**request: Any) -> Returned:
    """Open the dialog, which sends *request* itself; the answer of the operator that leaves it to that."""
    operators: Any = bpy.ops
    operators.csm.confirm_sending("INVOKE_DEFAULT", **request)
    return {"CANCELLED"}


class CSM_OT_confirm_sending(bpy.types.Operator):
    """Show what will be sent, and send it after confirmation"""

    bl_idname = "csm.confirm_sending"
    bl_label = "Send to the Service?"
    bl_options = {"INTERNAL"}  # noqa: RUF012 - Blender reads it

    if TYPE_CHECKING:
        session_code: str
        target: str
        again: bool
        all_selected: bool
    else:
        session_code: StringProperty(options={"SKIP_SAVE"})
        target: StringProperty(options={"SKIP_SAVE"})
        again: BoolProperty(options={"SKIP_SAVE"})
        all_selected: BoolProperty(options={"SKIP_SAVE"})

    _lines: Sequence[tuple[str, str, str]] = ()

    def invoke(self, context: Context, _event: bpy.types.Event) -> Returned:
        """Look at what will be sent, and show it."""
        try:
            self._lines, title = self._requests(context), _question()
        except CsmError as error:
            return report_error(self, error)
        manager = context.window_manager
        answer: Returned = manager.invoke_props_dialog(self, width=WIDTH, title=title, confirm_text="Send")
        return answer

    def draw(self, _context: Context) -> None:
        """Object, box and session of each request, then what it may cost."""
        layout: Layout = self.layout
        count = len(self._lines)
        column = layout.column(align=True)
        for name, size, code in self._lines[:MOST_LINES]:
            split = column.split(factor=0.55)
            split.label(text=f"{name}   {size}", icon="OBJECT_DATA", translate=False)
            row = split.row()
            row.active = False
            row.label(text=code, translate=False)
        if count > MOST_LINES:
            column.label(text=labels.say("and {count} more", count=count - MOST_LINES), icon="BLANK1")
        layout.separator(factor=0.5)
        if count == 1:
            text = labels.say("One refine request will be sent, which may spend credits.")
        else:
            text = labels.say("Up to {count} refine requests will be sent, which may spend credits.", count=count)
        if not self.again:
            text += " " + labels.say("A session that is already refined is downloaded for free.")
        draw_lines(layout, wrapped(text, WIDTH, 1.0), "INFO")
        addon = preferences()
        if isinstance(addon, bpy.types.AddonPreferences):
            layout.prop(addon, "confirm_sending", text="Ask Again in the Next Session")

    def execute(self, _context: Context) -> Returned:
        """Agreed: send."""
        part(Agreement).agreed = True
        operators: Any = bpy.ops
        if self.all_selected:
            operators.csm.refine_selected("INVOKE_DEFAULT", confirmed=True)
        else:
            operators.csm.refine(
                "INVOKE_DEFAULT", session_code=self.session_code, target=self.target, again=self.again, confirmed=True
            )
        return {"FINISHED"}

    def _requests(self, context: Context) -> list[tuple[str, str, str]]:
        """Name, size and session of each object that will be refined."""
        if self.all_selected:
            pairs = [([obj], tag_of(obj).session_code) for obj in context.selected_objects if tag_of(obj).session_code]
        else:
            objects = (
                find_objects(context.scene, self.target) if self.target else planned_request.chosen_objects(context)
            )
            pairs = [(objects, self.session_code or state_of(context.scene).session_code)] if objects else []
        return [
            (" + ".join(obj.name for obj in objects), _size(context, objects) if index < MOST_LINES else "", code)
            for index, (objects, code) in enumerate(pairs)
        ]


def _question() -> str:
    """Names the host: the service may be one on this machine, which is not CSM's."""
    return labels.say("Send to {host}?", host=urlsplit(base_url_now()).netloc)


def _size(context: Context, objects: Sequence[bpy.types.Object]) -> str:
    choices = planned_request.choices_of(context.scene)
    try:
        spec = plan_for_objects("", objects, context.scene, context.evaluated_depsgraph_get(), choices)
    except CsmError:
        return ""  # it will be said when it is begun
    assert spec.target is not None
    return size_text(box_of(spec.target).size, context.scene)


CLASSES = (CSM_OT_confirm_sending,)
