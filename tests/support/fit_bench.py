# SPDX-License-Identifier: GPL-3.0-or-later
"""Drives planning, converting and placing without a service, many objects in one file, in one process."""

from __future__ import annotations

import contextlib
import hashlib
import io
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import bpy
from fit_glbs import obedient

from csm_blender.converter.convert import convert
from csm_blender.core.conversion import ConversionRequest, JobResult
from csm_blender.core.errors import CsmError
from csm_blender.core.jobs.job import Job
from csm_blender.core.jobs.states import JobState
from csm_blender.core.models import Choices, Fit, JobSpec, Materials, Original, Pivot
from csm_blender.scene.jobs.planning import plan_for_objects
from csm_blender.scene.measure.measure import find_objects
from csm_blender.scene.placement.place import Placed, place

Deliver = Callable[[Any, Any], bytes]


@dataclass
class Order:
    """One refine: which object, how, and what the service delivers for the size and the pivot it was sent."""

    names: str
    original: Original = Original.HIDE
    fit: Fit = Fit.EXACT
    pivot: Pivot = Pivot.ORIGIN
    custom_pivot: tuple[float, float, float] = (0.0, 0.0, 0.0)
    copies: bool = False
    materials: Materials = Materials.REFINED
    deliver: Deliver = obedient
    scene: str = ""


@dataclass
class Outcome:
    """What became of an order."""

    order: Order
    job: Job | None = None
    placed: Placed | None = None
    object_name: str = ""
    error: CsmError | None = None
    notes: list[str] = field(default_factory=list)

    def job_placed(self) -> Job:
        """The job as the store keeps it once it was placed."""
        assert self.job is not None
        assert self.placed is not None
        assert self.job.result is not None
        result = replace(self.job.result, placement=self.placed.report)
        return replace(self.job, state=JobState.PLACED, result=result)


def new_scene(scale_length: float = 1.0) -> bpy.types.Scene:
    """An empty file."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.unit_settings.scale_length = scale_length
    return bpy.context.scene


def planned(order: Order, scene: bpy.types.Scene) -> JobSpec:
    """What the command line and the panel make of an order."""
    choices = Choices(
        fit=order.fit,
        pivot=order.pivot,
        custom_pivot=order.custom_pivot,
        original=order.original,
        copies=order.copies,
        materials=order.materials,
    )
    objects = find_objects(scene, order.names)
    depsgraph = bpy.context.evaluated_depsgraph_get()
    return plan_for_objects("SESSION_1700000000_0000001", objects, scene, depsgraph, choices)


def converted(spec: JobSpec, glb: bytes, folder: Path) -> Job:
    """The READY job for what was delivered. Leaves an empty Blender behind."""
    folder.mkdir(parents=True)
    mesh = folder / "delivered.mesh"
    mesh.write_bytes(glb)
    # Through the dictionary that the store keeps, so that nothing of a spec is lost there.
    spec = JobSpec.from_dict(spec.as_dict())
    request = replace(ConversionRequest.of(spec, mesh), blend=folder / "refined.blend")
    with quiet():
        result = JobResult(convert(request))
    sha = hashlib.sha256(glb).hexdigest()
    return Job(uuid.uuid4().hex, 1, JobState.READY, spec, "", glb_sha256=sha, result=result)


def refine_all(source: Path, orders: Sequence[Order], output: Path, folder: Path) -> list[Outcome]:
    """Do all *orders* on the file *source* and save it as *output*, which stays open."""
    open_file(source)
    outcomes = [Outcome(order) for order in orders]
    specs: list[JobSpec | None] = []
    for outcome in outcomes:
        try:
            specs.append(planned(outcome.order, _scene(outcome.order)))
        except CsmError as error:
            outcome.error = error
            specs.append(None)
    for number, (outcome, spec) in enumerate(zip(outcomes, specs, strict=True)):
        if spec is not None:
            sent = spec.refinement
            glb = outcome.order.deliver(sent.scaled_bbox, sent.pivot_point)
            try:
                outcome.job = converted(spec, glb, folder / str(number))
            except CsmError as error:
                outcome.error = error
    open_file(source)
    for outcome in outcomes:
        if outcome.job is not None:
            put(outcome)
    save(output)
    return outcomes


def put(outcome: Outcome) -> None:
    """Place one converted job in the file at hand."""
    assert outcome.job is not None
    scene = _scene(outcome.order)
    target = scene.objects[outcome.job.spec.object_name]
    try:
        outcome.placed = place(outcome.job, scene, target)
    except CsmError as error:
        outcome.error = error
    else:
        outcome.object_name = outcome.placed.obj.name
        outcome.notes = [*outcome.job.result.conversion.notes, *outcome.placed.report.notes]


def open_file(path: Path) -> None:
    """Open a .blend."""
    with quiet():
        bpy.ops.wm.open_mainfile(filepath=str(path), load_ui=False)


def save(path: Path) -> None:
    """Save what is open as *path*."""
    with quiet():
        bpy.ops.wm.save_as_mainfile(filepath=str(path), compress=False)


def _scene(order: Order) -> bpy.types.Scene:
    return bpy.data.scenes[order.scene] if order.scene else bpy.context.scene


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without Blender's and its importers' chatter, as far as it goes through Python."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield
