# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel's rows about the box and the pivot, and what their buttons do."""

from __future__ import annotations

from typing import Any

import bpy

from ..core.errors import BadValue
from ..core.geometry.box import box_of
from ..core.geometry.custom_box import ORIGIN_POINT, SNAP_POINTS, snap_pivots
from ..core.messages import Message
from ..core.models import Vec3
from ..scene.addon.translation import OURS
from ..scene.blender.bpy_typing import Context, Layout
from ..scene.blender.typed_properties import EnumProperty
from ..scene.measure.custom_box import custom_box
from ..scene.measure.custom_box_callbacks import start_as_measured
from ..scene.measure.measure import measure_common
from ..scene.properties import CSM_PG_scene, state_of, tag_of
from .formatting import POINT_WORDS
from .operator_base import CsmOperator, active_objects
from .text_wrap import draw_lines, in_sidebar


class CSM_OT_reset_box(CsmOperator):
    """Set the custom box to the measured box again"""

    bl_idname = "csm.reset_box"
    bl_label = "Reset Box"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012 - Blender reads it as it is

    @classmethod
    def poll(cls, context: Context) -> bool:
        obj = context.active_object
        return obj is not None and obj.is_editable and custom_box(obj) is not None

    def run(self, context: Context) -> None:
        start_as_measured(context.active_object, context.evaluated_depsgraph_get())


class CSM_OT_snap_pivot(CsmOperator):
    """Make this point of the box the custom pivot"""

    bl_idname = "csm.snap_pivot"
    bl_label = "Snap Pivot"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012 - Blender reads it as it is

    point = EnumProperty(name="Point", items=[(name, word, "") for name, word in POINT_WORDS.items()])

    def run(self, context: Context) -> None:
        pivot = SNAP_POINTS[self.point] if self.point != ORIGIN_POINT else _origin(context)
        state = state_of(context.scene)
        state.pivot, state.custom_pivot = "CUSTOM", pivot


class CSM_MT_snap_pivot(bpy.types.Menu):
    """Points of the box that the pivot can snap to"""

    bl_idname = "CSM_MT_snap_pivot"
    bl_label = "Snap Pivot"

    def draw(self, _context: Context) -> None:
        layout: Layout = self.layout
        for number, (name, word) in enumerate(POINT_WORDS.items()):
            if number in _GAPS_BEFORE:
                layout.separator()
            layout.operator("csm.snap_pivot", text=word).point = name


_GAPS_BEFORE = (3, 7, 15)
"""Of the menu: after the middle line of the box, its other faces, and its corners."""


def draw_box(layout: Layout, obj: bpy.types.Object) -> None:
    """Draw the choice of the measured or a custom box, and the size of a custom one."""
    tag: Any = tag_of(obj)
    column = layout.column()
    column.use_property_split = True
    column.use_property_decorate = False
    column.enabled = obj.is_editable
    row = column.row(align=True, heading="Box", heading_ctxt=OURS)
    row.prop(tag, "use_custom_box", text="Measured", text_ctxt=OURS, toggle=1, invert_checkbox=True)
    row.prop(tag, "use_custom_box", text="Custom", text_ctxt=OURS, toggle=1)
    if tag.use_custom_box:
        sizes = column.column(align=True)
        for axis, text in enumerate((Message("Width"), Message("Depth"), Message("Height"))):
            sizes.prop(tag, "custom_box_size", index=axis, text=text, text_ctxt=OURS)
        split = sizes.split(factor=0.4)  # as Blender's own property split
        split.label()
        split.operator("csm.reset_box", icon="LOOP_BACK")


def draw_pivot(layout: Layout, state: CSM_PG_scene) -> None:
    """Draw the custom pivot's numbers, and the menu of points."""
    column = layout.column(align=True)
    column.prop(state, "custom_pivot", text="Point")
    column.row(align=True, heading=" ").menu("CSM_MT_snap_pivot", icon="SNAP_ON")


def draw_missing_handles(context: Context, layout: Layout, obj: bpy.types.Object) -> None:
    """Draw why the handles of a custom box or pivot are not in the view: Blender's undo in other modes (see gizmos)."""
    if obj.mode != "OBJECT" and (custom_box(obj) is not None or state_of(context.scene).pivot == "CUSTOM"):
        text = Message("Handles appear in Object Mode: in other modes they cannot be undone.")
        draw_lines(layout, in_sidebar(context, text), "INFO")


def _origin(context: Context) -> Vec3:
    """The pivot at the origin of the active object. Raises :class:`BadValue` where it lies outside the box."""
    target = measure_common(active_objects(context), context.evaluated_depsgraph_get())
    found = snap_pivots((target.box_min, target.box_max), mirrored=box_of(target).mirrored)
    if ORIGIN_POINT not in found:
        raise BadValue(
            "The origin of {name} lies outside its box.",
            "Choose Object Origin as the pivot instead.",
            name=repr(target.object_name),
        )
    return found[ORIGIN_POINT]


CLASSES = (CSM_OT_reset_box, CSM_OT_snap_pivot, CSM_MT_snap_pivot)
