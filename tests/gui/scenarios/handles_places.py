# SPDX-License-Identifier: GPL-3.0-or-later
"""Where handles are and where not: modes, local view, quad view, a block-out that is being refined."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import bpy
from bpy_extras.view3d_utils import location_3d_to_region_2d
from inside import Steps, area, frames, override, screenshot
from mathutils import Vector

sys.path.insert(0, str(Path(__file__).parent))
from addon import begin, module, wait_for
from handles import box, chair, face, glide, groups, press, redraws, release, start, state


def places() -> Steps[dict[str, bool]]:
    """Where handles are, and where not."""
    yield from start()
    obj, other, space = chair(), neighbour(), area().spaces.active
    seen: dict[str, bool] = {}
    yield from redraws()
    seen["measured box"] = are_shown()
    obj.csm.use_custom_box = True
    yield from redraws()
    seen["custom box"] = are_shown()
    space.overlay.show_overlays = False
    seen["without overlays"] = are_shown()
    space.overlay.show_overlays = True
    for mode in ("EDIT", "OBJECT"):
        with override():
            bpy.ops.object.mode_set(mode=mode)
        seen[f"in {mode} mode"] = are_shown()
        yield from screenshot(f"handles-{mode.lower()}-mode")
    obj.select_set(False)
    other.select_set(True)
    for name in ("in local view of another", "after it"):
        with override():
            bpy.ops.view3d.localview(frame_selected=False)
        yield from redraws()
        seen[name] = are_shown()
    return seen


def neighbour() -> bpy.types.Object:
    """Another object beside the block-out."""
    other = bpy.data.objects.new("Other", chair().data.copy())
    bpy.context.scene.collection.objects.link(other)
    other.location.x = 2.0
    return other


def quad_view() -> Steps[dict[str, Any]]:
    """A drag in a view of a quad view, with X-ray, of an object that its parent shears."""
    events = yield from start()
    neighbour()
    obj, space = chair(), area().spaces.active
    parent = bpy.data.objects.new("Parent", None)
    parent.rotation_euler, parent.scale = (0.3, 0.2, 0.5), (1.0, 1.5, 0.8)
    bpy.context.scene.collection.objects.link(parent)
    obj.parent = parent
    obj.csm.use_custom_box = True
    state().pivot = "CUSTOM"
    space.shading.show_xray = True
    groups.clear()
    with override():
        bpy.ops.screen.region_quadview()
    yield from frames(12)
    with override():
        bpy.ops.view3d.view_all()
    yield from redraws()
    yield from screenshot("handles-quad")
    before = box()
    index = next(n for n, view in enumerate(space.region_quadviews) if _looks_along_y(view))
    middle, outward = face(0, True)
    at = on_screen_of(index, middle)
    along = (on_screen_of(index, middle + outward * 0.2) - at).normalized()
    x, y = at + along * 14.0
    yield from press(events, (int(x), int(y)))
    yield from glide(events, (int(x + along.x * 40), int(y + along.y * 40)))
    yield from release(events)
    moved, _ = face(0, True)
    return {"followed": (on_screen_of(index, moved) - at).dot(along), "before": before, "after": box()}


def _looks_along_y(view: Any) -> bool:
    return abs((view.view_rotation @ Vector((0.0, 0.0, 1.0))).y) > 0.9 and not view.is_perspective


def on_screen_of(index: int, point: Vector) -> Vector:
    """As :func:`on_screen`, in one of the four views."""
    there = [each for each in area().regions if each.type == "WINDOW"][index]
    found = location_3d_to_region_2d(there, area().spaces.active.region_quadviews[index], point)
    return found + Vector((there.x, there.y))


def are_shown() -> bool:
    """Whether Blender would show the group in the viewport."""
    with override():
        return bool(module("ui.gizmos").CSM_GGT_handles.poll(bpy.context))


def busy(session: str) -> Steps[dict[str, bool]]:
    """While the object is being refined its box is not to be changed."""
    yield from start()
    chair().csm.use_custom_box = True
    yield from redraws()
    seen = {"before": are_shown()}
    yield from begin(session, "Chair")
    yield from redraws()
    seen["during"] = are_shown()
    yield from screenshot("handles-busy")
    yield from wait_for("PLACED")
    return seen
