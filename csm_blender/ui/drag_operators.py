# SPDX-License-Identifier: GPL-3.0-or-later
"""What the handles in the viewport start: dragging a face of the custom box, and the custom pivot.

Each drag is one undo step; what is dragged is written at every move, so that all that shows it follows, and put back as
it was by Esc. Ctrl snaps, Shift is precise, as everywhere in Blender.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty, IntProperty
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
from ..scene.measure.custom_box import custom_box, set_custom_box
from ..scene.properties import state_of
from .formatting import POINT_WORDS, length_text
from .overlay import at_hand, overlay
from .returns import Returned
from .viewport import as_vec3, draw_views_anew, mouse_in, on_screen, ray, ray_through

PRECISE = 0.1
NEAR_PX = 14.0
"""A pivot snaps to a point as near as this to the mouse, at a user interface of scale 1, also without Ctrl."""

_SIZES = (Message("Width"), Message("Depth"), Message("Height"))
_KEYS = Message("Ctrl: Snap   Shift: Precise   Esc: Cancel")


@dataclass
class ActiveDrag(Part):
    """The handle that is being dragged: (axis, is_high) of a face, or the pivot."""

    face: tuple[int, bool] | None = None
    pivot: bool = False

    @property
    def is_any(self) -> bool:
        """Whether something is being dragged."""
        return self.face is not None or self.pivot


def active_drag() -> ActiveDrag:
    """The drag of the current runtime."""
    return part(ActiveDrag)


class _Dragging:
    """The part of an operator that follows the mouse. What is dragged, subclasses know."""

    _uid = 0

    def invoke(self, context: Context, event: bpy.types.Event) -> Returned:
        """Take hold of it."""
        if context.region_data is None or not self._take_hold(context, event):
            return {"CANCELLED"}
        self._uid = context.active_object.session_uid
        context.window_manager.modal_handler_add(self)
        self._tell(context)
        return {"RUNNING_MODAL"}

    def modal(self, context: Context, event: bpy.types.Event) -> Returned:
        """Follow the mouse, until it is let go."""
        obj = context.active_object
        if obj is None or obj.session_uid != self._uid:  # a script took it away
            self._let_go(context)
            return {"CANCELLED"}
        if event.type in {"ESC", "RIGHTMOUSE"} and event.value == "PRESS":
            self.cancel(context)
            return {"CANCELLED"}
        if (event.type == "LEFTMOUSE" and event.value == "RELEASE") or event.type in {"RET", "NUMPAD_ENTER"}:
            self._let_go(context)
            return {"FINISHED" if self._is_changed(context) else "CANCELLED"}
        if event.type in {"MOUSEMOVE", "LEFT_CTRL", "RIGHT_CTRL", "LEFT_SHIFT", "RIGHT_SHIFT"}:
            self._follow(context, event)
            self._tell(context)
        return {"RUNNING_MODAL"}

    def cancel(self, context: Context) -> None:
        """Put it back."""
        self._put_back(context)
        self._let_go(context)

    def _tell(self, context: Context) -> None:
        if context.area is not None:
            context.area.header_text_set(f"{self._said(context)}   {labels.translate(_KEYS)}")
        draw_views_anew(context)

    def _let_go(self, context: Context) -> None:
        drag = active_drag()
        drag.face, drag.pivot = None, False
        if context.area is not None:
            context.area.header_text_set(None)
        draw_views_anew(context)

    def _take_hold(self, context: Context, event: bpy.types.Event) -> bool:
        """Remember how it is now; whether it can be dragged."""
        raise NotImplementedError

    def _follow(self, context: Context, event: bpy.types.Event) -> None:
        """The mouse has moved, or a modifier key was pressed or released."""
        raise NotImplementedError

    def _put_back(self, context: Context) -> None:
        """As it was."""
        raise NotImplementedError

    def _is_changed(self, context: Context) -> bool:
        """Whether it is not as it was."""
        raise NotImplementedError

    def _said(self, context: Context) -> str:
        """How it is now, for people."""
        raise NotImplementedError


class CSM_OT_drag_face(_Dragging, bpy.types.Operator):
    """Drag this face of the custom box. Ctrl snaps its size, Shift is precise"""

    bl_idname = "csm.drag_face"
    bl_label = "Drag Box Face"
    bl_options = {"UNDO", "BLOCKING", "INTERNAL"}  # noqa: RUF012 - Blender reads it as it is

    if TYPE_CHECKING:
        axis: int
        is_high: bool
    else:
        axis: IntProperty(name="Axis", description="0 for x, 1 for y, 2 for z, the object's own", min=0, max=2)
        is_high: BoolProperty(name="High", description="The face on the high side of the axis")

    _before: tuple[Vec3, Vec3]
    _along = 0.0
    _to = 0.0

    @classmethod
    def poll(cls, context: Context) -> bool:
        """Whether there is such a box."""
        return context.active_object is not None and custom_box(context.active_object) is not None

    def _take_hold(self, context: Context, event: bpy.types.Event) -> bool:
        drawn = custom_box(context.active_object)
        assert drawn is not None
        self._before = drawn
        self._to = drawn[self.is_high][self.axis]
        along = self._mouse_along(context, event)
        if along is None:
            return False
        self._along = along
        active_drag().face = (self.axis, self.is_high)
        return True

    def _follow(self, context: Context, event: bpy.types.Event) -> None:
        along = self._mouse_along(context, event)
        if along is not None:
            self._to += (along - self._along) * (PRECISE if event.shift else 1.0)
            self._along = along
        low, high = self._before
        to = self._snapped(context.active_object) if event.ctrl else self._to
        set_custom_box(context.active_object, *face_moved(low, high, self.axis, is_high=self.is_high, to=to))

    def _mouse_along(self, context: Context, event: bpy.types.Event) -> float | None:
        """Where the mouse is along the axis, in the object's own units; ``None`` where one looks along it."""
        matrix = context.active_object.matrix_world
        low, high = self._before
        middle = matrix @ ((Vector(low) + Vector(high)) / 2.0)
        return along_axis(as_vec3(middle), as_vec3(matrix.col[self.axis]), *ray(context, event))

    def _snapped(self, obj: bpy.types.Object) -> float:
        """The coordinate at which the side is as long, in the world, as a whole number of steps."""
        low, high = self._before
        units: list[float] = [column.length for column in obj.matrix_world.to_3x3().col]
        step = snap_step(max(extent * unit for extent, unit in zip(span(low, high), units, strict=True)))
        fixed = (low if self.is_high else high)[self.axis]
        steps = max(1, round(abs(self._to - fixed) * units[self.axis] / step))
        return fixed + (steps if self.is_high else -steps) * step / (units[self.axis] or 1.0)

    def _put_back(self, context: Context) -> None:
        set_custom_box(context.active_object, *self._before)

    def _is_changed(self, context: Context) -> bool:
        return custom_box(context.active_object) != self._before

    def _said(self, context: Context) -> str:
        size = context.active_object.csm.custom_box_size[self.axis]
        return f"{labels.translate(_SIZES[self.axis])} {length_text(size, context.scene)}"


class CSM_OT_drag_pivot(_Dragging, bpy.types.Operator):
    """Drag the pivot to any point of the box; near the base, a corner, a face or the origin it snaps there"""

    bl_idname = "csm.drag_pivot"
    bl_label = "Drag Pivot"
    bl_options = {"UNDO", "BLOCKING", "INTERNAL"}  # noqa: RUF012 - Blender reads it as it is

    _before: Vec3
    _box: tuple[Vec3, Vec3]
    _mirrored = False
    _at: Vector
    _mouse: Vector
    _name = ""

    @classmethod
    def poll(cls, context: Context) -> bool:
        """Whether the pivot is one given by numbers."""
        return context.active_object is not None and state_of(context.scene).pivot == "CUSTOM"

    def _take_hold(self, context: Context, event: bpy.types.Event) -> bool:
        seen = at_hand(context)
        if seen is None or seen.spec is None or seen.spec.target is None:
            return False
        target = seen.spec.target
        self._box, self._mirrored = (target.box_min, target.box_max), box_of(target).mirrored
        x, y, z = state_of(context.scene).custom_pivot
        self._before = (x, y, z)
        self._at = self._in_world(context, self._before)
        self._mouse = mouse_in(context, event)
        active_drag().pivot = True
        return True

    def _follow(self, context: Context, event: bpy.types.Event) -> None:
        mouse = mouse_in(context, event)
        before, after = (self._on_view_plane(context, place) for place in (self._mouse, mouse))
        if before is not None and after is not None:
            self._at += (after - before) * (PRECISE if event.shift else 1.0)
        self._mouse = mouse
        self._name, pivot = self._snapped(context, event, mouse)
        if pivot is None:
            own = context.active_object.matrix_world.inverted_safe() @ self._at
            pivot = pivot_of(*self._box, as_vec3(own), mirrored=self._mirrored)
        state_of(context.scene).custom_pivot = pivot

    def _snapped(self, context: Context, event: bpy.types.Event, mouse: Vector) -> tuple[str, Vec3 | None]:
        """The snap point nearest to the mouse, with its name, if it is to snap to one."""
        if event.shift and not event.ctrl:
            return "", None
        places = [
            (on_screen(context, self._in_world(context, pivot)), name, pivot)
            for name, pivot in snap_pivots(self._box, mirrored=self._mirrored).items()
        ]
        distances = [((place - mouse).length, name, pivot) for place, name, pivot in places if place is not None]
        if not distances:
            return "", None
        distance, name, pivot = min(distances, key=lambda found: found[0])
        return (name, pivot) if event.ctrl or distance <= NEAR_PX * overlay().ui_scale else ("", None)

    def _in_world(self, context: Context, pivot: Vec3) -> Vector:
        matrix: Matrix = context.active_object.matrix_world
        return matrix @ Vector(point_of(*self._box, pivot, mirrored=self._mirrored))

    def _on_view_plane(self, context: Context, place: Vector) -> Vector | None:
        """The point under *place* that is as far away as the pivot was when it was taken hold of."""
        start = as_vec3(self._in_world(context, self._before))
        normal = as_vec3(context.region_data.view_rotation @ Vector((0.0, 0.0, 1.0)))
        found = on_plane(start, normal, *ray_through(context, place))
        return None if found is None else Vector(found)

    def _put_back(self, context: Context) -> None:
        state_of(context.scene).custom_pivot = self._before

    def _is_changed(self, context: Context) -> bool:
        return tuple(state_of(context.scene).custom_pivot) != self._before

    def _said(self, context: Context) -> str:
        x, y, z = state_of(context.scene).custom_pivot
        where = f" ({labels.translate(POINT_WORDS[self._name])})" if self._name else ""
        return f"{labels.say('Pivot')} {x:.3f}  {y:.3f}  {z:.3f}{where}"


CLASSES = (CSM_OT_drag_face, CSM_OT_drag_pivot)
