# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn a placed result by a quarter about the up axis of its box, or fit it in another way, at once and exactly.

How the mesh fits since then is recorded on the mesh itself, so that undo, linked copies and saved files have it right.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import bpy
import numpy as np

from ...converter.fitting import fitted_by, planned_move
from ...converter.mesh.transform_mesh import Array, coordinates, reshape
from ...core.conversion import ConversionRequest, Fitted
from ...core.geometry.facing import FULL_TURN
from ...core.jobs.job import Job
from ...core.models import Fit, JobSpec
from ...core.records import FLAT, Record
from ...core.sources import Facing
from ..blender.custom_properties import read

PROPERTY = "csm_fitted"
"""Custom property of a mesh that was changed here: a :class:`Standing` as JSON."""


@dataclass(frozen=True)
class Standing(Record):
    """How the mesh of a result fits its box now."""

    fit: Fit
    fitted: Fitted = field(metadata=FLAT)


def refit(mesh: bpy.types.Mesh, spec: JobSpec, was: Fitted, *, facing: Facing, fit: Fit) -> Fitted:
    """Turn the *mesh* of a result of a job planned as *spec* on by *facing*, and fit it to its box as *fit* says.

    *was* is how it fits so far: what was stretched to fill the box gets its own proportions back first. All objects
    with this mesh change. Gives how it fits now, which is recorded on the mesh. An undo step is the caller's.
    """
    request = replace(ConversionRequest.of(spec, Path()), facing=facing, fit=fit)
    width, height, depth = was.stretch or (1.0, 1.0, 1.0)
    stretched = np.array((width, depth, height))  # from API order to Blender's axes
    # To meters, and as a mesh would have been delivered that became this one.
    as_delivered = np.diag(np.array(spec.placement.signed_scale) * spec.scale_length / stretched)
    points = coordinates(mesh) @ as_delivered
    move = planned_move(points.min(axis=0), points.max(axis=0), request)
    around = np.linalg.inv(as_delivered) @ move.around
    reshape(mesh, move.linear @ as_delivered, move.shift, around=around)
    _move_shape_keys(mesh, lambda own: (own - around) @ (move.linear @ as_delivered).T + move.shift)
    made = fitted_by(move, mesh, request.refinement)
    made = replace(
        was,
        box_min=made.box_min,
        box_max=made.box_max,
        fitted_error=made.fitted_error,
        facing=(was.facing + made.facing) % FULL_TURN,
        as_good=(),  # the user has decided
        stretch=made.stretch,
    )
    mesh[PROPERTY] = json.dumps(Standing(fit, made).as_dict())
    return made


def _move_shape_keys(mesh: bpy.types.Mesh, moved: Callable[[Array], Array]) -> None:
    """Move the points (n, 3) of the shape keys that a user has given *mesh*: where there are any, they are shown."""
    for key in mesh.shape_keys.key_blocks if mesh.shape_keys is not None else ():
        points = np.empty((len(mesh.vertices), 3), dtype=np.float32)
        key.points.foreach_get("co", points.ravel())
        key.points.foreach_set("co", moved(points.astype(np.float64)).astype(np.float32).ravel())


def move_like(mesh: bpy.types.Mesh, spec: JobSpec, own: Fitted, other: Fitted) -> None:
    """Move the *mesh*, fitted to *spec* as *own* says, to where it would be had it been treated as the *other* was.

    That is one made of the same file, which may have got a smaller box: what is the same in both is then at the same
    place.
    """
    request = ConversionRequest.of(spec, Path())
    was, will = (planned_move(*_delivered_box(fitted), request) for fitted in (own, other))
    back = np.linalg.inv(was.linear)
    linear = will.linear @ back
    reshape(mesh, linear, will.linear @ (was.around - will.around) + will.shift, around=was.shift)


def _delivered_box(fitted: Fitted) -> tuple[Array, Array]:
    """The low and the high corner (3,) of the mesh as delivered, in Blender's axes and meters."""
    assert fitted.delivered_min is not None
    assert fitted.delivered_max is not None
    low, high = fitted.delivered_min, fitted.delivered_max  # API order: y up, z to the front, which is Blender's -y
    return np.array((low[0], -high[2], low[1])), np.array((high[0], -low[2], high[1]))


def as_it_stands(job: Job, mesh: bpy.types.Mesh | None) -> Job:
    """*job*, which was placed as *mesh*, with the fit that the mesh has now in place of that of the converter."""
    text = read(mesh, PROPERTY) if mesh is not None else None
    if text is None or job.result is None:
        return job
    try:
        standing = Standing.from_dict(json.loads(str(text)))
    except (TypeError, ValueError):  # a file holds what others wrote
        return job
    conversion = replace(job.result.conversion, fitted=standing.fitted)
    spec = replace(job.spec, choices=replace(job.spec.choices, fit=standing.fit))
    return replace(job, spec=spec, result=replace(job.result, conversion=conversion))
