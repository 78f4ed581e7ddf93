# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel's rows about the box and the pivot, and what their buttons do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import EnumProperty

from ..core.errors import BadValue, CsmError, NoSuchObject
from ..core.geometry.box import box_of
from ..core.geometry.custom_box import ORIGIN_POINT, SNAP_POINTS, snap_pivots
from ..core.messages import Message
from ..core.models import Vec3
from ..scene.addon.translation import OURS
from ..scene.blender.bpy_typing import Context, Layout
from ..scene.measure.custom_box import custom_box
from ..scene.measure.custom_box_callbacks import start_as_measured
from ..scene.measure.measure import measure_common
from ..scene.properties import CSM_PG_scene, state_of, tag_of
from . import planned_request
from .formatting import POINT_WORDS
from .operator_report import report_error
from .returns import Returned


class CSM_OT_reset_box(bpy.types.Operator):
    """Set the custom box to the measured box again"""

    bl_idname = "csm.reset_box"
    bl_label = "Reset Box"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012 - Blender reads it as it is

    @classmethod
    def poll(cls, context: Context) -> bool:
        """Whether there is a custom box that can be changed."""
        obj = context.active_object
        return obj is not None and obj.is_editable and custom_box(obj) is not None

    def execute(self, context: Context) -> Returned:
        """Measure, and take that."""
        try:
            start_as_measured(context.active_object, context.evaluated_depsgraph_get())
        except CsmError as error:
            return report_error(self, error)
        return {"FINISHED"}


class CSM_OT_snap_pivot(bpy.types.Operator):
    """Make this point of the box the custom pivot"""

    bl_idname = "csm.snap_pivot"
    bl_label = "Snap Pivot"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012 - Blender reads it as it is

    if TYPE_CHECKING:
        point: str
    else:
        point: EnumProperty(name="Point", items=[(name, word, "") for name, word in POINT_WORDS.items()])

    @classmethod
    def poll(cls, context: Context) -> bool:
        """Whether there is a scene."""
        return context.scene is not None

    def execute(self, context: Context) -> Returned:
        """Choose a custom pivot, and set it."""
        try:
            pivot = SNAP_POINTS[self.point] if self.point != ORIGIN_POINT else _origin(context)
        except CsmError as error:
            return report_error(self, error)
        state = state_of(context.scene)
        state.pivot, state.custom_pivot = "CUSTOM", pivot
        return {"FINISHED"}


class CSM_MT_snap_pivot(bpy.types.Menu):
    """Points of the box that the pivot can snap to"""

    bl_idname = "CSM_MT_snap_pivot"
    bl_label = "Snap Pivot"

    def draw(self, _context: Context) -> None:
        """Centres first, then corners."""
        layout: Layout = self.layout
        for number, (name, word) in enumerate(POINT_WORDS.items()):
            if number in _GAPS_BEFORE:
                layout.separator()
            layout.operator("csm.snap_pivot", text=word).point = name


_GAPS_BEFORE = (3, 7, 15)
"""Of the menu: after the middle line of the box, its other faces, and its corners."""


def draw_box(layout: Layout, obj: bpy.types.Object) -> None:
    """Measured or custom, and the size of the latter."""
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
    """The custom pivot's numbers, and the menu of points."""
    column = layout.column(align=True)
    column.prop(state, "custom_pivot", text="Point")
    column.row(align=True, heading=" ").menu("CSM_MT_snap_pivot", icon="SNAP_ON")


def _origin(context: Context) -> Vec3:
    """The pivot that is the origin of what is chosen. Raises :class:`BadValue` where it lies outside the box."""
    objects = planned_request.chosen_objects(context)
    if not objects:
        raise NoSuchObject("No object is active.", "Select the block-out.")
    target = measure_common(objects, context.evaluated_depsgraph_get())
    found = snap_pivots((target.box_min, target.box_max), mirrored=box_of(target).mirrored)
    if ORIGIN_POINT not in found:
        raise BadValue(
            "The origin of {name} lies outside its box.",
            "Choose Object Origin as the pivot instead.",
            name=repr(target.object_name),
        )
    return found[ORIGIN_POINT]


CLASSES = (CSM_OT_reset_box, CSM_OT_snap_pivot, CSM_MT_snap_pivot)
