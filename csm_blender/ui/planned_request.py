# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panel shows of the active object before anything is sent: its size, and the planned request.

Measuring can be costly, so it is repeated only when the object or the choices have changed, never on every redraw; and
that is checked only when Blender reports that it evaluated something.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import bpy
from mathutils import Vector

from ..core.errors import CsmError, NoSize
from ..core.geometry import box
from ..core.messages import Message
from ..core.models import Choices, Fit, JobSpec, Materials, Matrix4, Original, Pivot, Target, Vec3
from ..core.sources import Engine, SourceKind
from ..scene.addon.translation import labels
from ..scene.blender.bpy_typing import Context
from ..scene.blender.change_counter import changes, chosen
from ..scene.blender.evaluation import is_evaluated
from ..scene.blender.matrix import as_matrix4
from ..scene.blender.runtime import Part, part, runtime
from ..scene.jobs.planning import plan_for_objects, with_chosen_engine
from ..scene.measure.custom_box import custom_box
from ..scene.measure.evaluated_bounds import may_have_more
from ..scene.placement import assets
from ..scene.properties import state_of, tag_of

SELECT_BLOCK_OUT = Message("Select the block-out: the object that defines place and size.")
_SETTINGS = (
    *("source", "engine", "had_service", "facing", "triangles", "use_quads", "texture_size"),
    *("fit", "pivot", "original", "copies", "materials", "as_asset", "asset_library"),
)
_SAME_SCALE = 2e-7
"""Relative; float32 matrices are not more exact."""


@dataclass(frozen=True)
class Preview:
    """The target as it would be refined now, or why it cannot be."""

    name: str
    size: Vec3 | None = None
    spec: JobSpec | None = None
    error: CsmError | None = None

    @property
    def target(self) -> Target | None:
        """The box that the request is planned for."""
        return self.spec.target if self.spec is not None else None


@dataclass
class PlannedRequest(Part):
    """The last :class:`Preview`, and what it was made from."""

    glance: Any = None
    looks: Any = None
    scale: Any = None
    is_plain: bool = False
    preview: Preview | None = None
    with_code: tuple[Any, int] | None = None
    """When the selected objects with a session were counted, and how many there were."""
    here: tuple[Preview, Matrix4, Preview] | None = None
    """A preview, another matrix of the object, and the preview there."""


def choices_of(scene: bpy.types.Scene, kind: SourceKind | None = None, engine: Engine | None = None) -> Choices:
    """What is chosen in the panel, for a source of this *kind*: see :func:`.planning.with_chosen_engine`."""
    state = state_of(scene)
    x, y, z = state.custom_pivot
    chosen_there = Choices(
        Fit(state.fit),
        Pivot(state.pivot),
        (x, y, z),
        Original(state.original),
        copies={"ALWAYS": True, "NEVER": False}.get(state.copies),
        materials=Materials(state.materials),
        asset=assets.wish_of(scene),
    )
    return with_chosen_engine(chosen_there, scene, kind, engine)


def chosen_objects(context: Context) -> list[bpy.types.Object]:
    """The block-outs: the active object, whose axes count, and what is selected together with it."""
    active = context.active_object
    if active is None:
        return []
    together = active.select_get()
    return [active, *(obj for obj in context.selected_objects or () if together and obj != active)]


def selected_with_code(context: Context) -> list[bpy.types.Object]:
    """The selected block-outs that have a session code."""
    return [obj for obj in context.selected_objects or () if tag_of(obj).session_code]


def count_with_code(context: Context) -> int:
    """How many these are, counted only where something has changed since."""
    cache, counter = part(PlannedRequest), changes()
    now = (context.scene.session_uid, context.view_layer.name, counter.shapes, counter.choices)
    if cache.with_code is None or cache.with_code[0] != now or not counter.are_counted:
        cache.with_code = (now, len(selected_with_code(context)))
    return cache.with_code[1]


def preview(context: Context) -> Preview | None:
    """What is chosen as it would be refined; ``None`` where nothing is active."""
    seen = outlined(context)
    if seen is None or seen.spec is None or seen.target is None:
        return seen
    matrix = as_matrix4(context.active_object.matrix_world)
    if seen.target.matrix_world == matrix:
        return seen
    cache = part(PlannedRequest)
    known = cache.here
    if known is None or known[0] is not seen or known[1] != matrix:
        known = cache.here = (seen, matrix, _moved(seen, seen.spec, matrix, context))
    return known[2]


def outlined(context: Context) -> Preview | None:
    """As :func:`preview`, but its ``spec`` may be for an earlier location or rotation: for what every redraw needs.

    What is sent is the same, as it does not depend on location and rotation.
    """
    active = context.active_object
    if active is None:
        return None
    cache, scale = part(PlannedRequest), active.matrix_world.to_scale()
    scaled = cache.scale is None or not is_same_scale(scale, cache.scale)
    if cache.preview is not None and not scaled and changes().are_counted and cache.glance == _glance(context, active):
        return cache.preview
    objects, choices = chosen_objects(context), choices_of(context.scene)
    cache.is_plain = len(objects) == 1 and not may_have_more(active)
    looks: Any = (*map(_looks_of, objects), choices, context.scene.unit_settings.scale_length)
    old = cache.preview
    if looks != cache.looks or old is None or old.spec is None:
        cache.preview = _measured(objects, context, choices)
    elif scaled:
        cache.preview = _moved(old, old.spec, as_matrix4(active.matrix_world), context)
    cache.looks, cache.scale, cache.glance = looks, scale, _glance(context, active)
    return cache.preview


def is_same_scale(a: Vector, b: Vector) -> bool:
    """Whether two scales are equal, up to what a rotation does to the scale in a float32 matrix."""
    return (a - b).length <= _SAME_SCALE * a.length


def _glance(context: Context, active: Any) -> Any:
    """What shows quickly whether anything may have changed: Blender does not count choices and renaming."""
    scene, counter = context.scene, changes()
    moves = 0 if part(PlannedRequest).is_plain else counter.moves
    names = scene.session_uid, context.view_layer.name, active.session_uid, active.name
    return counter.shapes, moves, names, custom_box(active), _settings(scene), scene.unit_settings.scale_length


def _settings(scene: bpy.types.Scene) -> tuple[Any, ...]:
    """All of the panel's settings that :func:`choices_of` makes choices of."""
    state = state_of(scene)
    return (*state.custom_pivot, *(getattr(state, name) for name in _SETTINGS))


def _looks_of(obj: Any) -> Any:
    """All that may change the box. The matrix does not where only one plain object is chosen."""
    matrix = None if part(PlannedRequest).is_plain else obj.matrix_world.copy()
    corners = tuple(obj.bound_box[0]), tuple(obj.bound_box[6])
    return obj.session_uid, obj.name, obj.mode, matrix, custom_box(obj), corners


def count() -> int:
    """A number that changes with all that :func:`outlined` depends on but the scale of the active object."""
    counter = changes()
    return counter.shapes + counter.choices + (0 if part(PlannedRequest).is_plain else counter.moves)


def forget() -> None:
    """Measure again next time."""
    chosen()
    runtime().forget(PlannedRequest)


def _measured(objects: list[bpy.types.Object], context: Context, choices: Choices) -> Preview:
    depsgraph = context.view_layer.depsgraph
    name = objects[0].name
    if len(objects) > 1:
        name = labels.say("{name} and {count} more", name=name, count=len(objects) - 1)
    if depsgraph is None or not all(is_evaluated(obj, depsgraph) for obj in objects):
        return Preview(name)  # hidden: measuring it needs an evaluation, which is impossible while drawing
    try:
        of_session = replace(choices, engine=Engine.SERVICE)  # the box is the same whatever comes into it
        spec = plan_for_objects("", objects, context.scene, depsgraph, of_session)
    except NoSize as error:
        return Preview(name, error=NoSize(error.message, SELECT_BLOCK_OUT))
    except CsmError as error:
        return Preview(name, error=error)
    assert spec.target is not None
    return Preview(name, box.box_of(spec.target).size, spec)


def _moved(seen: Preview, spec: JobSpec, matrix: Matrix4, context: Context) -> Preview:
    """The same box with another matrix: nothing needs to be measured for that."""
    assert spec.target is not None
    target = replace(spec.target, matrix_world=matrix)
    try:
        refinement, placement = box.plan(target, choices_of(context.scene), spec.scale_length)
    except CsmError as error:
        return Preview(seen.name, error=error)
    spec = replace(spec, target=target, refinement=refinement, placement=placement)
    return Preview(seen.name, box.box_of(target).size, spec)
