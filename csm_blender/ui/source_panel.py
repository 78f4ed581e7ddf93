# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel's rows about what mesh comes and what is done to it: source, engine, detail, facing."""

from __future__ import annotations

from ..core.messages import Message
from ..scene.addon.translation import OURS
from ..scene.background.session_adding import is_offered, session_adding
from ..scene.blender.bpy_typing import Context, Layout
from ..scene.properties import CSM_PG_scene
from .text_wrap import draw_lines, in_sidebar


def draw_source(layout: Layout, state: CSM_PG_scene) -> None:
    """Draw the choice of a source, and the field that belongs to it."""
    layout.row(align=True).prop(state, "source", expand=True)
    row = layout.row(align=True)
    if state.source == "FILE":
        row.prop(state, "filepath", text="", placeholder=Message("Mesh file of any generator"))
        row.operator("csm.recent_files", text="", icon="DOWNARROW_HLT")
        row.operator("csm.refine_files", text="", icon="DOCUMENTS")
    elif state.source == "OBJECT":
        row.prop(state, "source_object", text="", icon="MESH_DATA")
    else:
        row.prop(state, "session_code", text="", icon="LINKED", placeholder="SESSION_…")
        row.operator("csm.paste_code", text="", icon="PASTEDOWN")
        row.operator("csm.import_jobs", text="", icon="FILE_FOLDER")


def draw_engine(layout: Layout, state: CSM_PG_scene, *, has_service: bool) -> None:
    """Draw the choice of an engine. Without *has_service*, the service is gray: its tooltip says why."""
    split = layout.split(factor=0.28, align=True)
    service = split.row(align=True)
    service.enabled = has_service
    service.prop_enum(state, "engine", "SERVICE")
    here = split.split(factor=0.58, align=True)  # as wide as their texts
    here.prop_enum(state, "engine", "LOCAL")
    here.prop_enum(state, "engine", "NONE")


def draw_adding(context: Context, layout: Layout, state: CSM_PG_scene) -> None:
    """Draw the button that makes a session of a file or an object, where a service takes it, and how that goes."""
    if state.source == "SESSION" or not is_offered():
        return
    layout.operator("csm.add_session", icon="EXPORT")
    if message := session_adding().message:
        draw_lines(layout, in_sidebar(context, message), "SORTTIME" if session_adding().is_good else "ERROR")


def draw_detail(layout: Layout, state: CSM_PG_scene) -> None:
    """Draw what the local engine is asked for. *layout* splits properties."""
    layout.prop(state, "detail")
    column = layout.column(align=True)
    if state.detail == "CUSTOM":
        column.prop(state, "triangles", text="Faces", text_ctxt=OURS)
    row = column.row(align=True, heading=Message("Made of"), heading_ctxt=OURS)
    row.prop(state, "use_quads", text="Triangles", text_ctxt=OURS, toggle=1, invert_checkbox=True)
    row.prop(state, "use_quads", text="Quads", text_ctxt=OURS, toggle=1)
    layout.prop(state, "texture_size")


def sends_request(state: CSM_PG_scene) -> bool:
    """Whether the panel's Refine asks the service for a refine."""
    return state.source == "SESSION" and state.engine == "SERVICE"
