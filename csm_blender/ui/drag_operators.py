# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators that the handles in the 3D view start: drag a face of the custom box, and drag the custom pivot.

Each drag is one undo step. Every move of the mouse is written to the property, so that all that shows it follows; Esc
restores the value from before. Ctrl snaps, Shift is precise, as everywhere in Blender.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import bpy
from mathutils import Matrix, Vector

from ..core.geometry.box import box_of
from ..core.geometry.custom_box import (
    along_axis,
    face_moved,
    on_plane,
    pivot_of,
    point_of,
    snap_pivots,
    snap_step,
    span,
)
from ..core.messages import Message
from ..core.models import Vec3
from ..scene.addon.translation import labels
from ..scene.blender.bpy_typing import Context
from ..scene.blender.runtime import Part, part
from ..scene.blender.typed_properties import BoolProperty, IntProperty, with_properties
from ..scene.measure.custom_box import custom_box, set_custom_box
from ..scene.properties import state_of
from .formatting import POINT_WORDS, length_text
from .operator_base import Returned
from .overlay import overlay, preview_in_view
from .viewport import as_vec3, mouse_in, on_screen, ray

PRECISE = 0.1
NEAR_PX = 14.0
"""A pivot this near to a snap point snaps also without Ctrl; in pixels at a user interface of scale 1."""

_SIZES = (Message("Width"), Message("Depth"), Message("Height"))
_KEYS = Message("Ctrl: Snap   Shift: Precise   Esc: Cancel")


@dataclass
class ActiveDrag(Part):
    """The handle that is being dragged: a face's (axis, is_high), the pivot, or none."""

    handle: tuple[int, bool] | Literal["PIVOT"] | None = None


class _DragOperator(bpy.types.Operator):
    """Base of the operators that follow the mouse. Subclasses read and write the value that is dragged."""

    bl_options = {"UNDO", "BLOCKING", "INTERNAL"}  # noqa: RUF012 - Blender reads it as it is

    _uid = 0
    _before: Any = None

    def invoke(self, context: Context, event: bpy.types.Event) -> Returned:
        if context.region_data is None or not self._begin(context, event):
            return {"CANCELLED"}
        self._uid = context.active_object.session_uid
        context.window_manager.modal_handler_add(self)
        self._show(context, self._header(context))
        return {"RUNNING_MODAL"}

    def modal(self, context: Context, event: bpy.types.Event) -> Returned:
        obj = context.active_object
        if obj is None or obj.session_uid != self._uid:  # a script removed it
            self._end(context)
            return {"CANCELLED"}
        if event.type in {"ESC", "RIGHTMOUSE"} and event.value == "PRESS":
            self.cancel(context)
            return {"CANCELLED"}
        if (event.type == "LEFTMOUSE" and event.value == "RELEASE") or event.type in {"RET", "NUMPAD_ENTER"}:
            self._end(context)
            return {"FINISHED" if self._value(context) != self._before else "CANCELLED"}
        if event.type in {"MOUSEMOVE", "LEFT_CTRL", "RIGHT_CTRL", "LEFT_SHIFT", "RIGHT_SHIFT"}:
            self._follow(context, event)
            self._show(context, self._header(context))
        return {"RUNNING_MODAL"}

    def cancel(self, context: Context) -> None:
        self._set_value(context, self._before)
        self._end(context)

    def _show(self, context: Context, header: str | None) -> None:
        """Show *header*, or Blender's own, and redraw all 3D views with their sidebars."""
        if context.area is not None:
            context.area.header_text_set(header and f"{header}   {labels.translate(_KEYS)}")
        for area in context.screen.areas if context.screen else ():
            if area.type == "VIEW_3D":
                area.tag_redraw()

    def _end(self, context: Context) -> None:
        part(ActiveDrag).handle = None
        self._show(context, None)

    def _begin(self, context: Context, event: bpy.types.Event) -> bool:
        """Set ``_before`` and :class:`ActiveDrag`. Whether the value can be dragged."""
        raise NotImplementedError

    def _follow(self, context: Context, event: bpy.types.Event) -> None:
        """Change the value: the mouse has moved, or a modifier key was pressed or released."""
        raise NotImplementedError

    def _value(self, context: Context) -> Any:
        raise NotImplementedError

    def _set_value(self, context: Context, value: Any) -> None:
        raise NotImplementedError

    def _header(self, context: Context) -> str:
        """The value as shown in the header."""
        raise NotImplementedError


@with_properties
class CSM_OT_drag_face(_DragOperator):
    """Drag this face of the custom box. Ctrl snaps its size, Shift is precise"""

    bl_idname = "csm.drag_face"
    bl_label = "Drag Box Face"

    axis = IntProperty(name="Axis", description="0 for x, 1 for y, 2 for z, the object's own", min=0, max=2)
    is_high = BoolProperty(name="High", description="The face on the high side of the axis")

    _along = 0.0
    _to = 0.0

    @classmethod
    def poll(cls, context: Context) -> bool:
        return context.active_object is not None and custom_box(context.active_object) is not None

    def _begin(self, context: Context, event: bpy.types.Event) -> bool:
        self._before = self._value(context)
        self._to = self._before[self.is_high][self.axis]
        along = self._mouse_along(context, event)
        if along is None:
            return False
        self._along = along
        part(ActiveDrag).handle = (self.axis, self.is_high)
        return True

    def _follow(self, context: Context, event: bpy.types.Event) -> None:
        along = self._mouse_along(context, event)
        if along is not None:
            self._to += (along - self._along) * (PRECISE if event.shift else 1.0)
            self._along = along
        to = self._snapped(context.active_object) if event.ctrl else self._to
        low, high = self._before
        self._set_value(context, face_moved(low, high, self.axis, is_high=self.is_high, to=to))

    def _mouse_along(self, context: Context, event: bpy.types.Event) -> float | None:
        """Where the mouse is along the axis, in the object's own units; ``None`` where the view is along it."""
        matrix = context.active_object.matrix_world
        low, high = self._before
        middle = matrix @ ((Vector(low) + Vector(high)) / 2.0)
        return along_axis(as_vec3(middle), as_vec3(matrix.col[self.axis]), *ray(context, mouse_in(context, event)))

    def _snapped(self, obj: bpy.types.Object) -> float:
        """The face's coordinate that makes the side, in the world, a whole number of steps long."""
        low, high = self._before
        units: list[float] = [column.length for column in obj.matrix_world.to_3x3().col]
        step = snap_step(max(extent * unit for extent, unit in zip(span(low, high), units, strict=True)))
        fixed: float = (low if self.is_high else high)[self.axis]
        steps = max(1, round(abs(self._to - fixed) * units[self.axis] / step))
        return fixed + (steps if self.is_high else -steps) * step / (units[self.axis] or 1.0)

    def _value(self, context: Context) -> Any:
        return custom_box(context.active_object)

    def _set_value(self, context: Context, value: tuple[Vec3, Vec3]) -> None:
        set_custom_box(context.active_object, *value)

    def _header(self, context: Context) -> str:
        size = context.active_object.csm.custom_box_size[self.axis]
        return f"{labels.translate(_SIZES[self.axis])} {length_text(size, context.scene)}"


class CSM_OT_drag_pivot(_DragOperator):
    """Drag the pivot to any point of the box; near the base, a corner, a face or the origin it snaps there"""

    bl_idname = "csm.drag_pivot"
    bl_label = "Drag Pivot"

    _box: tuple[Vec3, Vec3]
    _mirrored = False
    _at: Vector
    _mouse: Vector
    _name = ""

    @classmethod
    def poll(cls, context: Context) -> bool:
        return context.active_object is not None and state_of(context.scene).pivot == "CUSTOM"

    def _begin(self, context: Context, event: bpy.types.Event) -> bool:
        seen = preview_in_view(context)
        if seen is None or seen.target is None:
            return False
        self._box, self._mirrored = (seen.target.box_min, seen.target.box_max), box_of(seen.target).mirrored
        self._before = self._value(context)
        self._at = self._in_world(context, self._before)
        self._mouse = mouse_in(context, event)
        part(ActiveDrag).handle = "PIVOT"
        return True

    def _follow(self, context: Context, event: bpy.types.Event) -> None:
        mouse = mouse_in(context, event)
        before, after = (self._on_view_plane(context, pixel) for pixel in (self._mouse, mouse))
        if before is not None and after is not None:
            self._at += (after - before) * (PRECISE if event.shift else 1.0)
        self._mouse = mouse
        self._name, pivot = self._snapped(context, event, mouse)
        if pivot is None:
            own = context.active_object.matrix_world.inverted_safe() @ self._at
            pivot = pivot_of(*self._box, as_vec3(own), mirrored=self._mirrored)
        self._set_value(context, pivot)

    def _snapped(self, context: Context, event: bpy.types.Event, mouse: Vector) -> tuple[str, Vec3 | None]:
        """Name and place of the snap point nearest to the mouse; ``None`` as its place if it shall not snap."""
        points = snap_pivots(self._box, mirrored=self._mirrored) if event.ctrl or not event.shift else {}
        pixels = {name: on_screen(context, self._in_world(context, pivot)) for name, pivot in points.items()}
        distances = {name: (pixel - mouse).length for name, pixel in pixels.items() if pixel is not None}
        name = min(distances, key=lambda name: distances[name], default="")
        if name and (event.ctrl or distances[name] <= NEAR_PX * overlay().ui_scale):
            return name, points[name]
        return "", None

    def _in_world(self, context: Context, pivot: Vec3) -> Vector:
        matrix: Matrix = context.active_object.matrix_world
        return matrix @ Vector(point_of(*self._box, pivot, mirrored=self._mirrored))

    def _on_view_plane(self, context: Context, pixel: Vector) -> Vector | None:
        """The point under *pixel* that is as far away as the pivot was at the start."""
        start = as_vec3(self._in_world(context, self._before))
        normal = as_vec3(context.region_data.view_rotation @ Vector((0.0, 0.0, 1.0)))
        found = on_plane(start, normal, *ray(context, pixel))
        return None if found is None else Vector(found)

    def _value(self, context: Context) -> Vec3:
        return as_vec3(state_of(context.scene).custom_pivot)

    def _set_value(self, context: Context, value: Vec3) -> None:
        state_of(context.scene).custom_pivot = value

    def _header(self, context: Context) -> str:
        x, y, z = self._value(context)
        where = f" ({labels.translate(POINT_WORDS[self._name])})" if self._name else ""
        return f"{labels.say('Pivot')} {x:.3f}  {y:.3f}  {z:.3f}{where}"


CLASSES = (CSM_OT_drag_face, CSM_OT_drag_pivot)
