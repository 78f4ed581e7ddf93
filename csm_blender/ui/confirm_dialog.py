# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask before requests that may cost: before the first one of a Blender session, and before many at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import bpy

from ..core.errors import CsmError
from ..core.geometry.box import box_of
from ..core.messages import NOTHING, Message
from ..core.sources import SourceKind
from ..scene.addon.preferences import base_url_now, preferences
from ..scene.addon.translation import labels
from ..scene.blender.bpy_typing import Context, Layout
from ..scene.blender.runtime import Part, part
from ..scene.blender.typed_properties import BoolProperty
from ..scene.jobs.planning import plan_for_objects
from ..scene.properties import state_of, tag_of
from . import planned_request
from .formatting import gray_label, size_text
from .operator_base import RequestOperator, Returned, go_on_with
from .text_wrap import draw_lines, wrapped

WIDTH = 400
MOST_LINES = 12


@dataclass
class Agreement(Part):
    """Whether sending was confirmed in this Blender session."""

    agreed: bool = False


def is_needed(count: int) -> bool:
    """Whether the user has to confirm before *count* requests are sent."""
    chosen = preferences()
    return bool(chosen.confirm_sending) and (not part(Agreement).agreed or count > chosen.confirm_count)


def ask(**request: Any) -> Returned:
    """Open the dialog, which sends *request* itself. Gives what the operator returns that asks."""
    go_on_with("confirm_sending", **request)
    return {"CANCELLED"}


class CSM_OT_confirm_sending(RequestOperator):
    """Show what will be sent, and send it after confirmation"""

    bl_idname = "csm.confirm_sending"
    bl_label = "Send to the Service?"
    bl_options = {"INTERNAL"}  # noqa: RUF012 - Blender reads it

    again = BoolProperty(options={"SKIP_SAVE"})
    all_selected = BoolProperty(options={"SKIP_SAVE"})

    _lines: Sequence[tuple[str, str, str]] = ()

    @classmethod
    def disabled_reason(cls, _context: Context) -> Message:
        """The operator that opens the dialog has checked what is needed."""
        return NOTHING

    def start(self, context: Context, _event: bpy.types.Event) -> Returned:
        self._lines = self._requests(context)
        # The host is shown because it may be a service on this machine, which is not CSM's.
        title = labels.say("Send to {host}?", host=urlsplit(base_url_now()).netloc)
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
            gray_label(split, text=code, translate=False)
        if count > MOST_LINES:
            column.label(text=labels.say("and {count} more", count=count - MOST_LINES), icon="BLANK1")
        layout.separator(factor=0.5)
        if count == 1:
            text = labels.say("One refine request will be sent, which may spend credits.")
        else:
            text = labels.say("Up to {count} refine requests will be sent, which may spend credits.", count=count)
        if not self.again:
            text += " " + labels.say("A session that is already refined is downloaded for free.")
        text += " " + labels.say("This Computer, another engine, refines the free preview mesh here: nothing is paid.")
        draw_lines(layout, wrapped(text, WIDTH, 1.0), "INFO")
        addon = preferences()
        if isinstance(addon, bpy.types.AddonPreferences):
            layout.prop(addon, "confirm_sending", text="Ask Again in the Next Session")

    def run(self, _context: Context) -> None:
        part(Agreement).agreed = True
        if self.all_selected:
            go_on_with("refine_selected", confirmed=True)
        else:
            named = {"session_code": self.session_code, "target": self.target, "engine": self.engine}
            request = {**named, "again": self.again}
            go_on_with("refine", **request, confirmed=True)

    def _requests(self, context: Context) -> list[tuple[str, str, str]]:
        """Name, size and session of each object that will be refined."""
        if self.all_selected:
            pairs = [([obj], tag_of(obj).session_code) for obj in planned_request.selected_with_code(context)]
        else:
            pairs = [(self.objects(context), self.session_code or state_of(context.scene).session_code)]
        return [
            (" + ".join(obj.name for obj in objects), _size(context, objects) if index < MOST_LINES else "", code)
            for index, (objects, code) in enumerate(pairs)
        ]


def _size(context: Context, objects: Sequence[bpy.types.Object]) -> str:
    choices = planned_request.choices_of(context.scene, SourceKind.SESSION)
    try:
        spec = plan_for_objects("", objects, context.scene, context.evaluated_depsgraph_get(), choices)
    except CsmError:
        return ""  # reported when the job is started
    assert spec.target is not None
    return size_text(box_of(spec.target).size, context.scene)


CLASSES = (CSM_OT_confirm_sending,)
