"""Handles: faces of a custom box and the custom pivot, dragged by a real mouse."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import bpy
from bpy_extras.view3d_utils import location_3d_to_region_2d
from inside import Events, Steps, area, frames, override, region, screenshot
from mathutils import Vector

sys.path.insert(0, str(Path(__file__).parent))
from addon import module
from overlay import drawn
from pictures import look_at_it, tidy_scene


def chair() -> Any:
    return bpy.data.objects["Chair"]


def state() -> Any:
    return bpy.context.scene.csm


groups: dict[int, Any] = {}
"""The groups of handles, each by its region, since they were last prepared."""


def watch_groups() -> None:
    """Note each group when Blender prepares it: Python cannot ask for them."""
    kind = module("ui.gizmos").CSM_GGT_handles
    prepare = kind.draw_prepare

    def noting(self: Any, context: Any) -> None:
        groups[context.region.as_pointer()] = self
        prepare(self, context)

    kind.draw_prepare = noting


def is_over_a_handle() -> bool:
    """Whether the mouse is over one, as far as Blender knows."""
    return any(gizmo.is_highlight for group in groups.values() for gizmo in group.gizmos)


def start() -> Steps[Events]:
    """A turned and scaled block-out, the tab, and the view as in the pictures."""
    tidy_scene()
    watch_groups()
    events = Events()
    yield from events.open_sidebar("CSM")
    yield from look_at_it()
    area().spaces.active.region_3d.view_distance = 4.0
    yield from redraws()
    return events


def redraws(count: int = 4) -> Steps[None]:
    for _ in range(count):
        for part in area().regions:
            part.tag_redraw()
        yield


def on_screen(point: Vector) -> Vector:
    """Where a point of the world is in the window."""
    there = region("WINDOW")
    found = location_3d_to_region_2d(there, area().spaces.active.region_3d, point)
    return found + Vector((there.x, there.y))


def face(axis: int, is_high: bool) -> tuple[Vector, Vector]:
    """The middle of a face, and its outward normal, in the world."""
    tag, matrix = chair().csm, chair().matrix_world
    low, high = Vector(tag.custom_box_min), Vector(tag.custom_box_max)
    point = (low + high) / 2.0
    point[axis] = (high if is_high else low)[axis]
    return matrix @ point, matrix.col[axis].to_3d().normalized() * (1.0 if is_high else -1.0)


def handle(axis: int, is_high: bool) -> tuple[int, int]:
    """A place on the shaft of a face's arrow."""
    middle, outward = face(axis, is_high)
    start = on_screen(middle)
    along = (on_screen(middle + outward * 0.2) - start).normalized()
    x, y = start + along * 14.0
    return int(x), int(y)


def press(events: Events, at: tuple[int, int]) -> Steps[None]:
    """Put the mouse there, as a hand does, and press its button."""
    x, y = at
    yield from redraws(2)
    yield from events.move(x - 40, y - 40)
    yield from frames(2)
    for step in range(60):
        yield from events.move(x + step % 2, y)
        yield from frames(2)
        if is_over_a_handle():
            break
    yield from events._send("LEFTMOUSE", "PRESS")
    yield from frames(1)


def glide(events: Events, end: tuple[int, int], **keys: bool) -> Steps[None]:
    """The mouse goes on, with what is held down."""
    start = events.x, events.y
    for step in range(1, 9):
        events.x, events.y = (a + (b - a) * step // 8 for a, b in zip(start, end, strict=True))
        yield from events._send("MOUSEMOVE", "NOTHING", **keys)
    yield from frames(2)


def release(events: Events, **keys: bool) -> Steps[None]:
    yield from events._send("LEFTMOUSE", "RELEASE", **keys)
    yield from frames(3)


def box() -> list[list[float]]:
    tag = chair().csm
    return [list(tag.custom_box_min), list(tag.custom_box_max)]


def undo(count: int = 1) -> Steps[None]:
    for _ in range(count):
        with override():
            bpy.ops.ed.undo()
        yield from redraws()


def redo() -> Steps[None]:
    with override():
        bpy.ops.ed.redo()
    yield from redraws()


def remember(name: str) -> None:
    """An undo step to come back to."""
    with override():
        bpy.ops.ed.undo_push(message=name)


def faces() -> Steps[dict[str, Any]]:
    """Drag the top up, Esc, undo, redo, and with Ctrl; the object is never touched."""
    events = yield from start()
    chair().csm.use_custom_box = True
    remember("Ready")
    yield from redraws()
    seen: dict[str, Any] = {"start": box()}
    x, y = handle(2, True)
    yield from press(events, (x, y))
    seen["modal"] = [op.bl_idname for op in bpy.context.window.modal_operators]
    yield from glide(events, (x, y + 60))
    seen["during"] = box()
    yield from screenshot("handles-dragging")
    yield from release(events)
    seen["dragged"] = box()
    with override():
        seen["drawn"] = drawn()
    seen["mesh"] = [list(vertex.co) for vertex in chair().data.vertices]
    x, y = handle(0, True)
    yield from press(events, (x, y))
    yield from glide(events, (x + 50, y))
    seen["wider"] = box()
    yield from events.press("ESC")
    yield from frames(3)
    seen["escaped"] = box()
    seen["left"] = [op.bl_idname for op in bpy.context.window.modal_operators]
    bpy.context.window_manager.print_undo_steps()  # to the output, which the test reads
    yield from undo()
    seen["undone"] = box()
    yield from redo()
    seen["redone"] = box()
    x, y = handle(2, True)
    yield from press(events, (x, y))
    yield from events._send("LEFT_CTRL", "PRESS", ctrl=True)
    yield from glide(events, (x, y + 33), ctrl=True)
    yield from release(events, ctrl=True)
    yield from events._send("LEFT_CTRL", "RELEASE")
    seen["snapped"] = list(chair().csm.custom_box_size)
    yield from events.move(region("WINDOW").x + 300, region("WINDOW").y + 60)
    chair().csm.custom_box_size = (0.9, 0.8, 1.25)
    area().spaces.active.region_3d.view_distance = 3.4
    yield from screenshot("handles-box")
    return seen


def pivot() -> Steps[dict[str, Any]]:
    """Drag the pivot freely, to a corner, with Esc, undo; on a mirrored object, too."""
    events = yield from start()
    chair().scale.x = -chair().scale.x
    state().pivot = "CUSTOM"
    state().custom_pivot = (0.1, 0.0, 0.0)
    remember("Ready")
    yield from redraws()

    def at(values: Any) -> Vector:
        """A pivot's place in the world, by hand: x is flipped with the mirrored frame."""
        low, high = Vector(chair().bound_box[0]), Vector(chair().bound_box[6])
        shares = Vector((-values[0], values[1], values[2]))
        return chair().matrix_world @ (
            (low + high) / 2.0 + Vector(a * b for a, b in zip(shares, high - low, strict=True))
        )

    seen: dict[str, Any] = {}
    x, y = on_screen(at(state().custom_pivot))
    yield from press(events, (int(x), int(y)))
    corner = on_screen(at((0.5, -0.5, 0.5)))
    yield from glide(events, (int(corner.x) + 5, int(corner.y) + 4))
    yield from screenshot("handles-pivot")
    yield from release(events)
    seen["snapped"] = list(state().custom_pivot)
    with override():
        seen["drawn"] = drawn()
    seen["corner"] = list(at((0.5, -0.5, 0.5)))
    yield from undo()
    seen["undone"] = list(state().custom_pivot)
    yield from redo()
    seen["redone"] = list(state().custom_pivot)
    yield from press(events, (int(corner.x), int(corner.y)))
    yield from glide(events, (int(corner.x) - 90, int(corner.y) - 70), shift=True)
    seen["precise"] = list(state().custom_pivot)
    yield from events.press("ESC")
    yield from frames(3)
    bpy.context.window_manager.print_undo_steps()  # to the output, which the test reads
    seen["escaped"] = list(state().custom_pivot)
    with override():
        bpy.ops.csm.snap_pivot(point="BASE")
    yield from redraws()
    seen["menu"] = list(state().custom_pivot)
    return seen
