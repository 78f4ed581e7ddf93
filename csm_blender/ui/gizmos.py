# SPDX-License-Identifier: GPL-3.0-or-later
"""Handles in the 3D view: six for the faces of a custom box, one for a custom pivot.

They are there with the overlay and by its rules: at the CSM tab, with Blender's overlays and gizmos on, not while the
object is being refined. Each region, also of a quad view, has a group of its own. Blender draws them, with whichever
graphics back end it uses; what they do is in :mod:`.dragging`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import bpy
from mathutils import Matrix, Vector

from ..core.geometry.box import box_of
from ..core.geometry.custom_box import ORIGIN_POINT, SNAP_POINTS, point_of, snap_pivots
from ..core.models import Target, Vec3
from ..scene.blender.bpy_typing import Context
from ..scene.blender.redraw import shows_boxes
from ..scene.measure.custom_box import custom_box
from ..scene.properties import state_of
from .drag_operators import active_drag
from .overlay import at_hand
from .overlay_drawing import COLOR
from .viewport import toward_eye

FACES = tuple((axis, is_high) for axis in range(3) for is_high in (False, True))
_PIVOT_COLOR = (1.0, 0.72, 0.2)
_HIGHLIGHT = (1.0, 1.0, 1.0)
_LOOKED_ALONG = 0.985
"""Cosine between a handle and the line of sight above which it would be dragged toward the eye, and is not shown."""


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
    """All that they were prepared for."""

    @classmethod
    def poll(cls, context: Context) -> bool:
        """Whether there is something to drag. Undo in other modes does not know of objects' properties."""
        obj = context.active_object
        if context.area is None or obj is None or obj.mode != "OBJECT" or not shows_boxes(context.area):
            return False
        is_drawn = custom_box(obj) is not None and obj.is_editable
        return (is_drawn or state_of(context.scene).pivot == "CUSTOM") and at_hand(context) is not None

    def setup(self, _context: Context) -> None:
        """Make them; where they go, :meth:`draw_prepare` says."""
        gizmos: Any = self.gizmos
        self._faces = {}
        for axis, is_high in FACES:
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
        """Stand them where box and pivot are now. While one is dragged, only that one is shown."""
        obj = context.active_object
        box = custom_box(obj) if obj.is_editable else None
        target = _target(context) if state_of(context.scene).pivot == "CUSTOM" else None
        pivot = tuple(state_of(context.scene).custom_pivot)
        seen = (
            obj.matrix_world.copy(),
            box,
            target,
            pivot,
            replace(active_drag()),
            context.region_data.perspective_matrix.copy(),
        )
        if seen != self._seen:
            self._seen = seen
            self._prepare_faces(context, obj, box)
            self._prepare_pivot(obj, target, pivot)

    def _prepare_faces(self, context: Context, obj: bpy.types.Object, box: tuple[Vec3, Vec3] | None) -> None:
        drag = active_drag()
        for (axis, is_high), arrow in self._faces.items():
            arrow.hide = box is None or (drag.is_any and drag.face != (axis, is_high))
            if box is None:
                continue
            point = [(low + high) / 2.0 for low, high in zip(*box, strict=True)]
            point[axis] = box[is_high][axis]
            place = obj.matrix_world @ Vector(point)
            outward = obj.matrix_world.col[axis].to_3d().normalized() * (1.0 if is_high else -1.0)
            arrow.hide = arrow.hide or abs(outward.dot(toward_eye(context, place))) > _LOOKED_ALONG
            arrow.matrix_basis = Matrix.Translation(place) @ outward.to_track_quat("Z", "Y").to_matrix().to_4x4()

    def _prepare_pivot(self, obj: bpy.types.Object, target: Target | None, pivot: Vec3) -> None:
        drag = active_drag()
        self._pivot.hide = target is None or drag.face is not None
        for mark in self._marks.values():
            mark.hide = True
        if target is None:
            return
        box, mirrored = (target.box_min, target.box_max), box_of(target).mirrored

        def stand(gizmo: Any, point: Vec3) -> None:
            place = obj.matrix_world @ Vector(point_of(*box, point, mirrored=mirrored))
            gizmo.matrix_basis = Matrix.Translation(place)

        stand(self._pivot, pivot)
        if drag.pivot:
            for name, point in snap_pivots(box, mirrored=mirrored).items():
                self._marks[name].hide = False
                stand(self._marks[name], point)


def _target(context: Context) -> Target | None:
    seen = at_hand(context)
    return seen.spec.target if seen is not None and seen.spec is not None else None


def _colored(gizmo: Any, color: tuple[float, float, float]) -> Any:
    gizmo.color, gizmo.alpha = color, 0.9
    gizmo.color_highlight, gizmo.alpha_highlight = _HIGHLIGHT, 1.0
    gizmo.use_draw_modal = True
    return gizmo


CLASSES = (CSM_GGT_handles,)
