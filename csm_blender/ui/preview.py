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
from ..core.models import Fit, JobSpec, Original, Pivot, Vec3
from ..scene.isolate import is_evaluated
from ..scene.loose import Context
from ..scene.planning import Choices, plan_for_object
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
    return Choices(Fit(state.fit), Pivot(state.pivot), (x, y, z), Original(state.original))


def preview(context: Context) -> Preview | None:
    """The active object as it would be refined; ``None`` where there is none."""
    obj: Any = context.active_object
    if obj is None:
        return None
    choices = choices_of(context.scene)
    key: Any = (
        obj.session_uid,
        obj.name,
        obj.mode,
        obj.matrix_world.copy(),
        *_box_of(obj),
        choices,
    )
    key = (*key, context.scene.unit_settings.scale_length)
    if key != _cache.key or _cache.preview is None:
        _cache.key, _cache.preview = key, _measured(obj, context, choices)
    return _cache.preview


def _box_of(obj: Any) -> tuple[tuple[float, ...], ...]:
    """Size and place of the box Blender keeps: it may move without changing its size, as in Edit mode."""
    return tuple(obj.dimensions), tuple(obj.bound_box[0])


def forget() -> None:
    """Measure anew next time."""
    _cache.key = _cache.preview = None


def _measured(obj: bpy.types.Object, context: Context, choices: Choices) -> Preview:
    depsgraph = context.view_layer.depsgraph
    if depsgraph is None or not is_evaluated(obj, depsgraph):
        return Preview(obj.name)  # hidden: it is measured apart when it is refined, which cannot be done while drawing
    try:
        spec = plan_for_object("", obj, context.scene, depsgraph, choices)
    except CsmError as error:
        return Preview(obj.name, error=error)
    assert spec.target is not None
    return Preview(obj.name, box_of(spec.target).size, spec)
