# SPDX-License-Identifier: GPL-3.0-or-later
"""Handles in the 3D view: six for the faces of a custom box, one for a custom pivot.

They are shown together with the overlay: at the CSM tab, with Blender's overlays and gizmos on, not while the object is
being refined. Each region, also of a quad view, has a group of its own. What they do is in :mod:`.drag_operators`.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import bpy
from mathutils import Matrix, Vector

from ..core.geometry.box import box_of
from ..core.geometry.custom_box import ORIGIN_POINT, SNAP_POINTS, point_of, snap_pivots
from ..core.models import Target, Vec3
from ..scene.blender.bpy_typing import Context
from ..scene.blender.redraw import shows_boxes
from ..scene.blender.runtime import part
from ..scene.measure.custom_box import custom_box
from ..scene.properties import state_of
from .drag_operators import ActiveDrag
from .overlay import preview_in_view
from .overlay_drawing import COLOR
from .viewport import as_vec3, toward_eye

_PIVOT_COLOR = (1.0, 0.72, 0.2)
_HIGHLIGHT = (1.0, 1.0, 1.0)
_LOOKED_ALONG = 0.985
"""Cosine between a handle and the line of sight above which it is hidden: it would be dragged toward the viewer."""


class CSM_GGT_handles(bpy.types.GizmoGroup):
    """The handles of the active object."""

    bl_idname = "CSM_GGT_handles"
    bl_label = "CSM Box and Pivot"
    bl_space_type = "VIEW_3D"
    bl_region_type = "WINDOW"
    bl_options = {"3D", "PERSISTENT", "SHOW_MODAL_ALL"}  # noqa: RUF012 - Blender reads it

    _faces: dict[tuple[int, bool], Any]
    _pivot: Any
    _marks: dict[str, Any]
    _seen: Any = None
    """What :meth:`draw_prepare` placed them for."""

    @classmethod
    def poll(cls, context: Context) -> bool:
        """In other modes than Object Mode undo does not restore properties of objects."""
        obj = context.active_object
        if context.area is None or obj is None or obj.mode != "OBJECT" or not shows_boxes(context.area):
            return False
        has_faces = custom_box(obj) is not None and obj.is_editable
        return (has_faces or state_of(context.scene).pivot == "CUSTOM") and preview_in_view(context) is not None

    def setup(self, _context: Context) -> None:
        gizmos: Any = self.gizmos
        self._faces = {}
        for axis, is_high in product(range(3), (False, True)):
            arrow = _colored(gizmos.new("GIZMO_GT_arrow_3d"), COLOR)
            arrow.draw_style, arrow.length, arrow.scale_basis = "NORMAL", 0.35, 0.8
            properties = arrow.target_set_operator("csm.drag_face")
            properties.axis, properties.is_high = axis, is_high
            self._faces[axis, is_high] = arrow
        self._marks = {}
        for name in (*SNAP_POINTS, ORIGIN_POINT):
            mark = _colored(gizmos.new("GIZMO_GT_move_3d"), _HIGHLIGHT)
            mark.draw_style, mark.draw_options, mark.scale_basis = "RING_2D", {"FILL", "ALIGN_VIEW"}, 0.05
            mark.hide_select = True
            self._marks[name] = mark
        self._pivot = _colored(gizmos.new("GIZMO_GT_move_3d"), _PIVOT_COLOR)
        self._pivot.draw_style, self._pivot.draw_options, self._pivot.scale_basis = "RING_2D", {"ALIGN_VIEW"}, 0.14
        self._pivot.line_width = 3.0
        self._pivot.target_set_operator("csm.drag_pivot")

    def draw_prepare(self, context: Context) -> None:
        """Place them where box and pivot are now. While one is dragged, only that one is shown."""
        obj = context.active_object
        box = custom_box(obj) if obj.is_editable else None
        preview = preview_in_view(context) if state_of(context.scene).pivot == "CUSTOM" else None
        target = preview.target if preview is not None else None
        pivot = as_vec3(state_of(context.scene).custom_pivot)
        matrices = obj.matrix_world.copy(), context.region_data.perspective_matrix.copy()
        seen = (matrices, box, target, pivot, part(ActiveDrag).handle)
        if seen != self._seen:
            self._seen = seen
            self._prepare_faces(context, obj, box)
            self._prepare_pivot(obj, target, pivot)

    def _prepare_faces(self, context: Context, obj: bpy.types.Object, box: tuple[Vec3, Vec3] | None) -> None:
        for (axis, is_high), arrow in self._faces.items():
            arrow.hide = box is None or part(ActiveDrag).handle not in {None, (axis, is_high)}
            if box is None:
                continue
            point = [(low + high) / 2.0 for low, high in zip(*box, strict=True)]
            point[axis] = box[is_high][axis]
            place = obj.matrix_world @ Vector(point)
            outward = obj.matrix_world.col[axis].to_3d().normalized() * (1.0 if is_high else -1.0)
            arrow.hide = arrow.hide or abs(outward.dot(toward_eye(context, place))) > _LOOKED_ALONG
            arrow.matrix_basis = Matrix.Translation(place) @ outward.to_track_quat("Z", "Y").to_matrix().to_4x4()

    def _prepare_pivot(self, obj: bpy.types.Object, target: Target | None, pivot: Vec3) -> None:
        handle = part(ActiveDrag).handle
        self._pivot.hide = target is None or handle not in {None, "PIVOT"}
        for mark in self._marks.values():
            mark.hide = True
        if target is None:
            return
        box, mirrored = (target.box_min, target.box_max), box_of(target).mirrored

        def place(gizmo: Any, point: Vec3) -> None:
            own = Vector(point_of(*box, point, mirrored=mirrored))
            gizmo.matrix_basis = Matrix.Translation(obj.matrix_world @ own)

        place(self._pivot, pivot)
        if handle == "PIVOT":
            for name, point in snap_pivots(box, mirrored=mirrored).items():
                self._marks[name].hide = False
                place(self._marks[name], point)


def _colored(gizmo: Any, color: tuple[float, float, float]) -> Any:
    gizmo.color, gizmo.alpha = color, 0.9
    gizmo.color_highlight, gizmo.alpha_highlight = _HIGHLIGHT, 1.0
    gizmo.use_draw_modal = True
    return gizmo


CLASSES = (CSM_GGT_handles,)
