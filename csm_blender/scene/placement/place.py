# SPDX-License-Identifier: GPL-3.0-or-later
"""Put a converted mesh where its block-out stands.

This is all of a refine that happens on Blender's main thread: append one mesh, make one object (or one for each linked
duplicate), set a few properties. Nothing of the artist's is deleted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import bpy
import numpy as np
from mathutils import Matrix

from ...core.conversion import PlacementReport
from ...core.geometry.box import corner_error, corners, size_to_api
from ...core.geometry.linalg import columns, length
from ...core.jobs.job import Job
from ...core.messages import Message
from ...core.models import Fit, Materials, Original, Vec3, vec3
from ..blender.custom_properties import snapshot
from ..blender.evaluation import depsgraph_of, world_matrix
from ..blender.matrix import as_matrix4
from ..measure.measure import family_of
from ..versions import history, mesh_swap
from . import assets, preview_objects
from .align import AlignmentGoal, align, goal_of
from .append import all_or_nothing, append_mesh
from .linked_duplicates import copies_of
from .provenance import stamp
from .target_checks import check_changeable


@dataclass(frozen=True)
class Placed:
    """The object that now holds the result, and how exactly it stands."""

    obj: bpy.types.Object
    report: PlacementReport


@dataclass
class _Placing:
    """One call of :func:`place`."""

    job: Job
    scene: bpy.types.Scene
    mesh: bpy.types.Mesh
    box: tuple[Vec3, Vec3]
    """The low and the high corner of where the mesh reaches, in data axes: the converter measured it."""
    time: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="milliseconds"))

    @property
    def then(self) -> Matrix:
        """Where the block-out stood when it was measured."""
        target = self.job.spec.target
        return Matrix(target.matrix_world) if target is not None else Matrix()

    @property
    def replaces(self) -> bool:
        """Whether the block-out itself is to hold the result."""
        return self.job.spec.choices.original is Original.REPLACE


def place(
    job: Job, scene: bpy.types.Scene, target: bpy.types.Object | None, mesh: bpy.types.Mesh | None = None
) -> Placed:
    """Append the result of a READY *job*, unless *mesh* is that already, and stand it where *target* stands now.

    Without a target (it is gone, or the job had none) the result goes to the recorded place. Raises
    :class:`PlacementFailed` or :class:`TargetUnchangeable` with the scene as it was. An undo step is the caller's.
    """
    assert job.result is not None  # it is READY
    conversion = job.result.conversion
    parts = _parts(job, scene, target)
    if target is not None:
        check_changeable(parts, job.spec.choices.original)
    notes: list[Message] = []
    others: list[tuple[bpy.types.Object, Matrix]] = []
    if target is not None and job.spec.choices.copies and len(parts) == 1:
        others = list(copies_of(target, job.spec, scene, notes))
    changed = [member for part in (*parts, *(obj for obj, _ in others)) for member in family_of(part)]
    with all_or_nothing(), _taken_back_on_error(changed):
        if mesh is None:
            mesh = append_mesh(conversion)
        placed = _place(_Placing(job, scene, mesh, conversion.fitted.box), target, parts, others, tuple(notes))
    preview_objects.remove_of([*parts, *(obj for obj, _ in others)])
    return placed


def _place(
    placing: _Placing,
    target: bpy.types.Object | None,
    parts: list[bpy.types.Object],
    others: list[tuple[bpy.types.Object, Matrix]],
    notes: tuple[str, ...],
) -> Placed:
    job, mesh = placing.job, placing.mesh
    stamp(mesh, job, placing.time)
    if job.spec.choices.materials is Materials.OWN and target is not None:
        _use_own_materials(mesh, target)
    now = world_matrix(target, depsgraph_of(placing.scene)) if target is not None else placing.then
    obj = _one(placing, target, parts, now)
    copies = tuple(_one(placing, other, [other], world).name for other, world in others)
    notes += assets.mark(obj, mesh, job)
    return _as_placed(placing, obj, now, copies, notes)


def _one(
    placing: _Placing, target: bpy.types.Object | None, parts: list[bpy.types.Object], now: Matrix
) -> bpy.types.Object:
    """The result for *target*, which stands at *now*: a new object, or *target* itself with another mesh."""
    job = placing.job
    if target is not None and placing.replaces:
        key = history.identify(target)
        recorded = job.spec.target
        assert recorded is not None
        mesh_swap.prepare(target, key, placing.mesh, (recorded.box_min, recorded.box_max))
        history.show_version(target, placing.mesh)
        stamp(target, job, placing.time)
        return target
    obj = bpy.data.objects.new(_name(job, target), placing.mesh)
    for collection in _collections(placing.scene, target):
        collection.objects.link(obj)
    stamp(obj, job, placing.time)
    align(obj, AlignmentGoal(goal_of(job.spec, now), placing.box, target, now, placing.scene))
    if target is not None:
        hides = [member for part in parts for member in family_of(part)]
        for earlier in history.results_of(target):
            earlier.hide_viewport = earlier.hide_render = True
        history.attach(obj, target, hides)
        if job.spec.choices.original is Original.HIDE:
            history.show_version(target, obj)
    return obj


def _parts(job: Job, scene: bpy.types.Scene, target: bpy.types.Object | None) -> list[bpy.types.Object]:
    if target is None:
        return []
    return [target] + [obj for obj in scene.objects if obj.name in job.spec.parts and obj != target]


def _name(job: Job, target: bpy.types.Object | None) -> str:
    same = target is None or target.name == job.spec.object_name
    return job.spec.result_name if same or target is None else f"{target.name}_refined"


def _collections(scene: bpy.types.Scene, target: bpy.types.Object | None) -> list[bpy.types.Collection]:
    """Where *target* is shown: its collections in its scenes, not those that only serve physics or instances."""
    if target is None:
        return [scene.collection]
    scenes = [scene, *target.users_scene] if target.users_scene else [scene]
    shown = {collection for s in scenes for collection in (s.collection, *s.collection.children_recursive)}
    own = [c for c in target.users_collection if c in shown]
    found = [c for c in own if c.library is None and c.override_library is None]
    return found or [scene.collection]


def _use_own_materials(mesh: bpy.types.Mesh, target: bpy.types.Object) -> None:
    """Exchange the materials for the block-out's. The converter gave all faces the first slot already."""
    own = [slot.material for slot in target.material_slots]
    mesh.materials.clear()
    for material in own[:1]:
        mesh.materials.append(material)


@contextmanager
def _taken_back_on_error(objects: list[bpy.types.Object]) -> Iterator[None]:
    """Leave *objects*, and all that is known as their results, as they were if an error ends the block."""
    with ExitStack() as undo:
        for obj in objects:
            undo.callback(_memory_of(obj))
            for result in history.results_of(obj):
                undo.callback(_memory_of(result))
        yield
        undo.pop_all()


def _memory_of(obj: bpy.types.Object) -> Callable[[], None]:
    """A function that gives *obj* back its visibility, mesh, modifiers and custom properties."""
    hidden = obj.hide_viewport, obj.hide_render
    had = snapshot(obj, "csm_")
    own, was_kept = obj.data, obj.data is not None and obj.data.use_fake_user
    held_before = mesh_swap.held(obj, history.key_of(obj))

    def take_back() -> None:
        key = history.key_of(obj)
        if held_before is None:
            mesh_swap.restore(obj, key)
        elif obj.data != held_before:
            mesh_swap.exchange(obj, key, held_before)
        obj.hide_viewport, obj.hide_render = hidden
        if own is not None and own.library is None:
            own.use_fake_user = was_kept
        for name in snapshot(obj, "csm_"):
            if name not in had:
                del obj[name]
        for name, value in had.items():
            obj[name] = value

    return take_back


# --- measuring what came of it ----------------------------------------------------------------------------------------
def _as_placed(
    placing: _Placing, obj: bpy.types.Object, now: Matrix, copies: tuple[str, ...], notes: tuple[str, ...]
) -> Placed:
    spec = placing.job.spec
    world = world_matrix(obj, depsgraph_of(placing.scene))
    low, high = _vertex_bounds(obj)
    found = corners(as_matrix4(world), low, high)
    intended = goal_of(placing.job.spec, now)
    if spec.target is not None and spec.choices.fit is Fit.EXACT and not any(spec.placement.flat):
        wanted = corners(as_matrix4(now), spec.target.box_min, spec.target.box_max)
    else:
        wanted = corners(as_matrix4(intended), *placing.box)
    diagonal = max(math.dist(a, b) for a in wanted for b in wanted)
    origin = now if placing.replaces and spec.target is not None else intended
    x, y, z = (length(axis) for axis in columns(as_matrix4(world)))
    size = ((high[0] - low[0]) * x, (high[1] - low[1]) * y, (high[2] - low[2]) * z)
    report = PlacementReport(
        object_name=obj.name,
        placed_error=corner_error(found, wanted),
        pivot_error=(world.translation - origin.translation).length / diagonal if diagonal > 0.0 else math.inf,
        size=size_to_api(size, spec.scale_length),
        copies=copies,
        notes=notes,
    )
    return Placed(obj, report)


def _vertex_bounds(obj: bpy.types.Object) -> tuple[Vec3, Vec3]:
    """The low and the high corner of the mesh that *obj* holds, in its own axes."""
    points = np.array(obj.bound_box)
    return vec3(points.min(axis=0)), vec3(points.max(axis=0))
