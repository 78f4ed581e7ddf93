# SPDX-License-Identifier: GPL-3.0-or-later
"""The session browser: the account's sessions with their pictures; a click puts the code into the panel."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import bpy

from ..core.messages import NOTHING, Message
from ..scene.addon.preferences import obstacle
from ..scene.addon.translation import labels
from ..scene.background.session_list import JUST_NOW_S, age_of, age_text, matches, session_list
from ..scene.blender.bpy_typing import Context, Layout, current
from ..scene.blender.runtime import Part, part
from ..scene.blender.typed_properties import (
    CollectionProperty,
    EnumProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
    with_properties,
)
from ..scene.properties import state_of, tag_of
from .formatting import gray_label, right_label
from .operator_base import CsmOperator
from .text_wrap import draw_lines, in_sidebar


@dataclass
class ListFilling(Part):
    """Whether the list is being filled just now."""

    is_on: bool = False


@with_properties
class CSM_PG_session(bpy.types.PropertyGroup):
    """One line of the list."""

    code = StringProperty()
    state = StringProperty()
    created_at = StringProperty()
    picture = StringProperty()


def _chosen(self: CSM_PG_browser, context: Context) -> None:
    """Write the code of a clicked line into the panel."""
    if not part(ListFilling).is_on and 0 <= self.active_index < len(self.sessions) and context.scene is not None:
        state = state_of(context.scene)
        state.source, state.session_code = "SESSION", self.sessions[self.active_index].code


@with_properties
class CSM_PG_browser(bpy.types.PropertyGroup):
    """``WindowManager.csm``: what the browser shows. It is not saved."""

    sessions = CollectionProperty(type=CSM_PG_session)
    active_index = IntProperty(name="Session", default=-1, update=_chosen, options={"SKIP_SAVE"})
    search = StringProperty(
        name="Search",
        description="Show the sessions whose code, caption or state contains these words",
        update=lambda _browser, _context: fill(),
        options={"TEXTEDIT_UPDATE", "SKIP_SAVE"},
    )


_REMARKS = {
    "preview done": "",
    "complete": "",
    "done": "",
    "refine done": Message("refined"),
    "training refine": Message("refining"),
}
"""States as the list shows them: nothing for a session that can be refined, the usual case."""


class CSM_UL_sessions(bpy.types.UIList):
    """The account's sessions, newest first."""

    def draw_item(  # type: ignore[override]  # the stubs have other names and None everywhere
        self, _context: Context, layout: Layout, _data: Any, item: CSM_PG_session, _icon: int, _owner: Any, _name: str
    ) -> None:
        """Picture and caption on the left, age and an unusual state on the right."""
        remark = _REMARKS.get(item.state, item.state)
        split = layout.split(factor=0.55 if remark else 0.8)
        icon = session_list().icon(item.picture)
        picture = {"icon_value": icon} if icon else {"icon": "IMAGE_DATA"}
        split.label(text=item.name, translate=False, **picture)
        row = split.row()
        row.active = False
        if remark:
            row.label(text=remark)
        right_label(row, text=labels.translate(age_of(item.created_at)))


class CSM_PT_sessions(bpy.types.Panel):
    """The account's sessions."""

    bl_idname = "CSM_PT_sessions"
    bl_label = "Sessions"
    bl_category = "CSM"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012 - Blender reads it

    def draw(self, context: Context) -> None:
        layout: Layout = self.layout
        browser: CSM_PG_browser = context.window_manager.csm
        session_list().want()
        row = layout.row(align=True)
        row.prop(browser, "search", text="", icon="VIEWZOOM", placeholder=labels.say("Search"))
        row.operator("csm.list_sessions", text="", icon="FILE_REFRESH").which = "FIRST"
        layout.template_list("CSM_UL_sessions", "", browser, "sessions", browser, "active_index", rows=5, maxrows=10)
        _draw_foot(layout, browser)
        if session_list().message:
            draw_lines(layout, in_sidebar(context, session_list().message), "ERROR")
        if 0 <= browser.active_index < len(browser.sessions):
            _draw_chosen(context, layout, browser.sessions[browser.active_index])


def _draw_foot(layout: Layout, browser: CSM_PG_browser) -> None:
    known = session_list().catalog
    row = layout.row()
    left = row.row()
    left.active = False
    if session_list().is_running:
        left.label(text="Listing…", icon="SORTTIME")
    elif not known.fetched_at:
        left.label(text="Not listed yet")
    else:
        age_s = time.time() - known.fetched_at
        counts = {"count": len(browser.sessions), "total": known.total or len(known.entries)}
        if age_s < JUST_NOW_S:
            left.label(text=labels.say("{count} of {total}, just listed", **counts))
        else:
            left.label(text=labels.say("{count} of {total}, as of {age} ago", **counts, age=age_text(age_s)))
    if known.has_more:
        row.operator("csm.list_sessions", text="Load More").which = "MORE"


def _draw_chosen(context: Context, layout: Layout, session: CSM_PG_session) -> None:
    box = layout.box()
    if icon := session_list().icon(session.picture):
        box.template_icon(icon_value=icon, scale=6.0)
    gray_label(box, text=session.code, translate=False)
    gray_label(box, text=session.state.capitalize())
    obj = context.active_object
    text = labels.say("Assign to {name}", name=obj.name) if obj is not None else "Assign"
    row = box.row(align=True)
    row.operator("csm.assign_session", text=text, icon="LINKED").session_code = session.code
    row.operator("csm.preview", text="", icon="HIDE_OFF").session_code = session.code


class CSM_OT_list_sessions(CsmOperator):
    """List the account's sessions. This only reads and costs nothing"""

    bl_idname = "csm.list_sessions"
    bl_label = "List Sessions"

    which = EnumProperty(
        name="Which",
        items=(("FIRST", "Newest", "The newest sessions"), ("MORE", "More", "The next page")),
        options={"SKIP_SAVE"},
    )

    @classmethod
    def disabled_reason(cls, _context: Context) -> Message:
        if (error := obstacle()) is not None:
            return error.advice
        return Message("The sessions are being listed.") if session_list().is_running else NOTHING

    def run(self, _context: Context) -> None:
        """The list is filled when the answer arrives."""
        session_list().fetch(1 if self.which == "FIRST" else session_list().catalog.pages + 1)


class CSM_OT_assign_session(CsmOperator):
    """Assign this session to the active object: Refine Selected refines each object with its own session"""

    bl_idname = "csm.assign_session"
    bl_label = "Assign Session"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012 - Blender reads it

    session_code = StringProperty(name="Session", options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context: Context) -> bool:
        return super().poll(context) and bool(context.active_object.is_editable)

    @classmethod
    def disabled_reason(cls, context: Context) -> Message:
        return NOTHING if context.active_object is not None else Message("Select the block-out.")

    def run(self, context: Context) -> None:
        tag_of(context.active_object).session_code = self.session_code
        self.report({"INFO"}, f"{context.active_object.name}: {self.session_code}")


def fill() -> None:
    """Put the sessions that match the search into the list; the chosen one stays chosen."""
    browser: CSM_PG_browser = current.window_manager.csm
    lines = browser.sessions
    chosen = lines[browser.active_index].code if 0 <= browser.active_index < len(lines) else ""
    lines.clear()
    words = browser.search.lower().split()
    index = -1
    for entry in session_list().catalog.entries:
        if words and not matches(entry, words):
            continue
        line = lines.add()
        line.name, line.code, line.state = entry.caption or entry.code, entry.code, entry.state.replace("_", " ")
        line.created_at, line.picture = entry.created_at, entry.picture
        if entry.code == chosen:
            index = len(lines) - 1
    part(ListFilling).is_on = True  # this is no click, so the code in the panel stays
    browser.active_index = index
    part(ListFilling).is_on = False


CLASSES = (
    CSM_PG_session,
    CSM_PG_browser,
    CSM_UL_sessions,
    CSM_PT_sessions,
    CSM_OT_list_sessions,
    CSM_OT_assign_session,
)


def start() -> None:
    """Add the browser to the window manager, and fill it whenever sessions were read."""
    manager: Any = bpy.types.WindowManager
    manager.csm = PointerProperty(type=CSM_PG_browser)
    session_list().on_change = fill


def stop() -> None:
    """Remove it from the window manager."""
    if hasattr(bpy.types.WindowManager, "csm"):
        del bpy.types.WindowManager.csm
