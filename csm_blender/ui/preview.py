# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panel shows of the active object before anything is sent: its size, and what would go out.

Measuring can be costly, so it is done again only when the object or the choices look different, never on every redraw.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bpy

from ..core.box import box_of
from ..core.errors import CsmError
from ..core.models import Fit, JobSpec, Materials, Original, Pivot, Vec3
from ..scene import assets
from ..scene.isolate import is_evaluated
from ..scene.language import labels
from ..scene.loose import Context
from ..scene.planning import Choices, plan_for_objects
from ..scene.records import state_of


@dataclass(frozen=True)
class Preview:
    """The target as it would be refined now, or why it cannot be."""

    name: str
    size: Vec3 | None = None
    spec: JobSpec | None = None
    error: CsmError | None = None


@dataclass
class _Cache:
    key: Any = None
    preview: Preview | None = None


_cache = _Cache()


def choices_of(scene: bpy.types.Scene) -> Choices:
    """What is chosen in the panel."""
    state = state_of(scene)
    x, y, z = state.custom_pivot
    return Choices(
        Fit(state.fit),
        Pivot(state.pivot),
        (x, y, z),
        Original(state.original),
        copies={"ALWAYS": True, "NEVER": False}.get(state.copies),
        materials=Materials(state.materials),
        asset=assets.wish_of(scene),
    )


def chosen_objects(context: Context) -> list[bpy.types.Object]:
    """The block-outs: the active object, which lends its axes, and what is selected together with it."""
    active = context.active_object
    if active is None:
        return []
    together = active.select_get()
    return [active, *(obj for obj in context.selected_objects or () if together and obj != active)]


def preview(context: Context) -> Preview | None:
    """What is chosen as it would be refined; ``None`` where nothing is active."""
    objects = chosen_objects(context)
    if not objects:
        return None
    choices = choices_of(context.scene)
    key: Any = (*map(_looks_of, objects), choices, context.scene.unit_settings.scale_length)
    if key != _cache.key or _cache.preview is None:
        _cache.key, _cache.preview = key, _measured(objects, context, choices)
    return _cache.preview


def _looks_of(obj: Any) -> tuple[Any, ...]:
    return (obj.session_uid, obj.name, obj.mode, obj.matrix_world.copy(), *_box_of(obj))


def _box_of(obj: Any) -> tuple[tuple[float, ...], ...]:
    """Size and place of the box Blender keeps: it may move without changing its size, as in Edit mode."""
    return tuple(obj.dimensions), tuple(obj.bound_box[0])


def forget() -> None:
    """Measure anew next time."""
    _cache.key = _cache.preview = None


def _measured(objects: list[bpy.types.Object], context: Context, choices: Choices) -> Preview:
    depsgraph = context.view_layer.depsgraph
    name = objects[0].name
    if len(objects) > 1:
        name = labels.say("{name} and {count} more", name=name, count=len(objects) - 1)
    if depsgraph is None or not all(is_evaluated(obj, depsgraph) for obj in objects):
        return Preview(name)  # hidden: it is measured apart when it is refined, which cannot be done while drawing
    try:
        spec = plan_for_objects("", objects, context.scene, depsgraph, choices)
    except CsmError as error:
        return Preview(name, error=error)
    assert spec.target is not None
    return Preview(name, box_of(spec.target).size, spec)
