# SPDX-License-Identifier: GPL-3.0-or-later
"""Place a converted mesh where its block-out is.

This is all of a refine that happens on Blender's main thread: append one mesh, make one object (or one for each linked
duplicate), set a few properties. No data of the user's is deleted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

import bpy
import numpy as np
from mathutils import Matrix

from ...core.conversion import PlacementReport
from ...core.geometry.box import corner_error, corners, size_to_api
from ...core.geometry.linalg import columns, length
from ...core.jobs.job import Job
from ...core.messages import Message
from ...core.models import Fit, Materials, Original, Vec3, vec3
from ...core.version import VERSION
from ..blender.custom_properties import read, snapshot
from ..blender.evaluation import depsgraph_of, world_matrix
from ..blender.matrix import as_matrix4
from ..measure.measure import family_of
from ..versions import history, mesh_swap
from . import assets, preview_objects
from .align import AlignmentGoal, align, goal_of, measured_world
from .append import all_or_nothing, append_mesh
from .linked_duplicates import copies_of
from .target_checks import check_changeable

T = TypeVar("T")


@dataclass(frozen=True)
class Placed:
    """The object that now holds the result, and how exactly it is placed."""

    obj: bpy.types.Object
    report: PlacementReport


@dataclass(frozen=True)
class Standing:
    """A result that was put into the scene and has yet to be measured: ``now`` is where its block-out is."""

    obj: bpy.types.Object
    placing: _Placing
    now: Matrix
    copies: tuple[str, ...]
    notes: tuple[str, ...]

    def measured(self) -> Placed:
        """How exactly it stands. Evaluates the scene where that has changed."""
        return Placed(self.obj, self.placing.report(self.obj, self.now, self.copies, self.notes))


def place(
    job: Job, scene: bpy.types.Scene, target: bpy.types.Object | None, mesh: bpy.types.Mesh | None = None
) -> Placed:
    """Append the result of a READY *job*, unless *mesh* is that already, and place it where *target* is now.

    Without a target (it was deleted, or the job had none) the result goes to the recorded place. Raises
    :class:`PlacementFailed` or :class:`TargetUnchangeable` with the scene as it was. An undo step is the caller's.
    """
    return _put(job, scene, target, mesh, {}, (), Standing.measured)


def put(  # noqa: PLR0913, PLR0917 - as for place, and two for many results at once
    job: Job,
    scene: bpy.types.Scene,
    target: bpy.types.Object | None,
    mesh: bpy.types.Mesh | None,
    worlds: Mapping[bpy.types.Object, Matrix],
    notes: Sequence[Message] = (),
) -> Standing:
    """As :func:`place`, for many results: they are measured later, together, since Blender evaluates a whole scene.

    *worlds* are the world matrices of block-outs that were evaluated together before; *notes* go into the report.
    """
    return _put(job, scene, target, mesh, worlds, notes, lambda standing: standing)


def _put(  # noqa: PLR0913, PLR0917 - as above
    job: Job,
    scene: bpy.types.Scene,
    target: bpy.types.Object | None,
    mesh: bpy.types.Mesh | None,
    worlds: Mapping[bpy.types.Object, Matrix],
    noted: Sequence[Message],
    then: Callable[[Standing], T],
) -> T:
    """What *then* makes of the result in the scene, which is as it was if any of that raises."""
    assert job.result is not None  # it is READY
    conversion, choices = job.result.conversion, job.spec.choices
    parts: list[bpy.types.Object] = []
    others: list[tuple[bpy.types.Object, Matrix]] = []
    notes: list[Message] = []
    if target is not None:
        parts = [target, *(obj for obj in scene.objects if obj.name in job.spec.parts and obj != target)]
        check_changeable(parts, choices.original)
        if choices.copies and len(parts) == 1:
            others = list(copies_of(target, job.spec, scene, notes))
    block_outs = [*parts, *(obj for obj, _ in others)]
    with all_or_nothing(), _restored_on_error([member for part in block_outs for member in family_of(part)]):
        placing = _Placing(job, scene, mesh or append_mesh(conversion), conversion.fitted.box)
        if placing.mesh.library is None:  # a linked mesh is its library's: only the object says where it is from
            placing.stamp(placing.mesh)
        if choices.materials is Materials.OWN and target is not None:
            placing.mesh.materials.clear()  # the converter gave all faces the first slot already
            for slot in list(target.material_slots)[:1]:
                placing.mesh.materials.append(slot.material)
        now = _world_of(target, scene, worlds) if target is not None else measured_world(job.spec)
        obj = placing.result_for(target, parts, now)
        copies = tuple(placing.result_for(other, [other], world).name for other, world in others)
        notes += assets.mark(obj, placing.mesh, job)
        done = then(Standing(obj, placing, now, copies, (*notes, *noted)))
    preview_objects.remove_of(block_outs)
    return done


def _world_of(target: bpy.types.Object, scene: bpy.types.Scene, worlds: Mapping[bpy.types.Object, Matrix]) -> Matrix:
    return worlds[target] if target in worlds else world_matrix(target, depsgraph_of(scene))


@dataclass
class _Placing:
    """One call of :func:`place`. ``box``, in data axes, is where the mesh reaches: the converter measured it."""

    job: Job
    scene: bpy.types.Scene
    mesh: bpy.types.Mesh
    box: tuple[Vec3, Vec3]
    time: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="milliseconds"))

    def stamp(self, result: bpy.types.Object | bpy.types.Mesh) -> None:
        """Write where *result* comes from onto it: no secrets, no paths, and nothing that was not sent."""
        sent = self.job.spec.refinement
        result[history.SESSION] = self.job.session_code or self.job.spec.source.label
        result["csm_job_id"] = self.job.job_id
        result["csm_glb_sha256"] = self.job.glb_sha256
        result["csm_addon_version"] = VERSION
        result[history.REFINED_AT] = self.time
        for name, value in (("csm_scaled_bbox", sent.scaled_bbox), ("csm_pivot_point", sent.pivot_point)):
            if value is not None:
                result[name] = list(value)
            elif read(result, name) is not None:
                del result[name]

    def result_for(
        self, target: bpy.types.Object | None, parts: list[bpy.types.Object], now: Matrix
    ) -> bpy.types.Object:
        """The result for *target*, which is at *now*: a new object, or *target* itself with another mesh."""
        spec = self.job.spec
        if target is not None and spec.choices.original is Original.REPLACE:
            assert spec.target is not None
            key = history.identify(target)
            mesh_swap.prepare(target, key, self.mesh, (spec.target.box_min, spec.target.box_max))
            history.show_version(target, self.mesh)
            self.stamp(target)
            return target
        renamed = target.name if target is not None and target.name != spec.object_name else ""
        obj = bpy.data.objects.new(f"{renamed}_refined" if renamed else spec.result_name, self.mesh)
        for collection in _collections(self.scene, target):
            collection.objects.link(obj)
        self.stamp(obj)
        align(obj, AlignmentGoal(goal_of(spec, now), self.box, target, now, self.scene))
        if target is not None:
            for earlier in history.results_of(target):
                earlier.hide_viewport = earlier.hide_render = True
            history.attach(obj, target, [member for part in parts for member in family_of(part)])
            if spec.choices.original is Original.HIDE:
                history.show_version(target, obj)
        return obj

    def report(
        self, obj: bpy.types.Object, now: Matrix, copies: tuple[str, ...], notes: tuple[str, ...]
    ) -> PlacementReport:
        """How exactly *obj* is placed for a block-out that is at *now*, measured in the scene."""
        spec = self.job.spec
        world, intended = world_matrix(obj, depsgraph_of(self.scene)), goal_of(spec, now)
        points = np.array(obj.bound_box)
        low, high = vec3(points.min(axis=0)), vec3(points.max(axis=0))
        if spec.target is not None and spec.choices.fit is Fit.EXACT and not any(spec.placement.flat):
            wanted = corners(as_matrix4(now), spec.target.box_min, spec.target.box_max)
        else:
            wanted = corners(as_matrix4(intended), *self.box)
        diagonal = max(math.dist(a, b) for a in wanted for b in wanted)
        replaces = spec.target is not None and spec.choices.original is Original.REPLACE
        origin = now if replaces else intended
        units = [length(axis) for axis in columns(as_matrix4(world))]
        size = vec3((b - a) * unit for a, b, unit in zip(low, high, units, strict=True))
        return PlacementReport(
            object_name=obj.name,
            placed_error=corner_error(corners(as_matrix4(world), low, high), wanted),
            pivot_error=(world.translation - origin.translation).length / diagonal if diagonal > 0.0 else math.inf,
            size=size_to_api(size, spec.scale_length),
            copies=copies,
            notes=notes,
        )


def _collections(scene: bpy.types.Scene, target: bpy.types.Object | None) -> list[bpy.types.Collection]:
    """Where *target* is shown: its collections in its scenes, not those that only serve physics or instances."""
    if target is None:
        return [scene.collection]
    scenes = [scene, *target.users_scene] if target.users_scene else [scene]
    shown = {collection for s in scenes for collection in (s.collection, *s.collection.children_recursive)}
    own = [c for c in target.users_collection if c in shown]
    found = [c for c in own if c.library is None and c.override_library is None]
    return found or [scene.collection]


@contextmanager
def _restored_on_error(objects: list[bpy.types.Object]) -> Iterator[None]:
    """Restore *objects*, and all results that are known of them, if an error ends the block."""
    with ExitStack() as undo:
        for obj in objects:
            for changed in (obj, *history.results_of(obj)):
                undo.callback(_restorer(changed))
        yield
        undo.pop_all()


def _restorer(obj: bpy.types.Object) -> Callable[[], None]:
    """A function that gives *obj* back its visibility, mesh, modifiers and custom properties."""
    hidden = obj.hide_viewport, obj.hide_render
    properties = snapshot(obj, "csm_")
    data, had_fake_user = obj.data, obj.data is not None and obj.data.use_fake_user
    held_before = mesh_swap.held(obj, history.key_of(obj))

    def restore() -> None:
        key = history.key_of(obj)
        if held_before is None:
            mesh_swap.restore(obj, key)
        elif obj.data != held_before:
            mesh_swap.exchange(obj, key, held_before)
        obj.hide_viewport, obj.hide_render = hidden
        if data is not None and data.library is None:
            data.use_fake_user = had_fake_user
        for name in snapshot(obj, "csm_").keys() - properties.keys():
            del obj[name]
        for name, value in properties.items():
            obj[name] = value

    return restore
