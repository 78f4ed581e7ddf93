# SPDX-License-Identifier: GPL-3.0-or-later
"""Move and scale the vertices so that the box and the origin are exact, whatever the service delivered."""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np

from ..core.conversion import ConversionRequest, Fitted
from ..core.errors import BadMesh
from ..core.geometry.box import corner_error, corners, expected_delivery
from ..core.geometry.linalg import IDENTITY
from ..core.models import Fit, Refinement, Vec3, vec3
from .mesh.transform_mesh import Array, coordinates, reshape


@dataclass(frozen=True)
class Move:
    """Where the vertices of a mesh with the box *low* to *high* go: v to ``linear @ (v - around) + shift``.

    ``wanted_low`` and ``wanted_high`` are the resulting box. All in Blender's axes; *low* and *high* in meters,
    the rest in data units. ``linear`` is (3, 3), all others are (3,).
    """

    low: Array
    high: Array
    linear: Array
    around: Array
    shift: Array
    wanted_low: Array
    wanted_high: Array


def fit_mesh(mesh: bpy.types.Mesh, request: ConversionRequest) -> Fitted:
    """Bring *mesh*, as imported (Blender axes, meters), to where *request* wants it. Raises :class:`BadMesh`."""
    delivered = coordinates(mesh)
    if not np.isfinite(delivered).all():
        raise BadMesh("The delivered mesh has coordinates that are not numbers.")
    low, high = delivered.min(axis=0), delivered.max(axis=0)
    if not (high - low).any():
        raise BadMesh("The delivered mesh has no size.")
    move = planned_move(low, high, request)
    reshape(mesh, move.linear, move.shift, around=move.around)
    return fitted_by(move, mesh, request.refinement)


def planned_move(low: Array, high: Array, request: ConversionRequest) -> Move:
    """What brings a mesh with the box *low* to *high* (3,) to where *request* wants it."""
    placement = request.placement
    sides = np.array([-1.0 if placement.mirror_x else 1.0, 1.0, 1.0])
    flipped_low, flipped_high = np.sort([low * sides, high * sides], axis=0)
    scale = _scale(flipped_high - flipped_low, request)
    box_low, box_high, anchor = map(np.array, (placement.box_min, placement.box_max, placement.anchor))
    from_point = (flipped_low + flipped_high) / 2.0 + anchor * (flipped_high - flipped_low)
    to_point = (box_low + box_high) / 2.0 + anchor * (box_high - box_low)
    return Move(
        low=low,
        high=high,
        linear=np.diag(sides * scale),
        around=from_point * sides,
        shift=to_point,
        wanted_low=(flipped_low - from_point) * scale + to_point,
        wanted_high=(flipped_high - from_point) * scale + to_point,
    )


def fitted_by(move: Move, mesh: bpy.types.Mesh, refinement: Refinement) -> Fitted:
    """How the *mesh* that was transformed by *move* was delivered, and how exactly it fits now."""
    found = coordinates(mesh)
    # From Blender axes to API axes: y up, z toward the front, which is Blender's -y.
    delivered = vec3((move.low[0], move.low[2], -move.high[1])), vec3((move.high[0], move.high[2], -move.low[1]))
    expected = expected_delivery(refinement)
    wanted = vec3(move.wanted_low), vec3(move.wanted_high)
    return Fitted(
        *wanted,
        *delivered,
        delivered_error=None if expected is None else _box_error(delivered, expected),
        fitted_error=_box_error((vec3(found.min(axis=0)), vec3(found.max(axis=0))), wanted),
    )


def _scale(size: Array, request: ConversionRequest) -> Array:
    """Data units per delivered meter on each axis (3,); *size* (3,) is the delivered mesh's, in meters."""
    placement = request.placement
    axis_scale: Array = np.array(placement.axis_scale)
    if request.fit is Fit.NONE:
        return 1.0 / (request.scale_length * axis_scale)
    box = np.array(placement.box_max) - np.array(placement.box_min)
    measurable = (size > 0.0) & ~np.array(placement.flat)
    ratios = box * axis_scale / np.where(size > 0.0, size, 1.0)
    uniform = ratios[measurable].min() if measurable.any() else ratios.max()
    if request.fit is Fit.EXACT and not any(placement.flat):
        uniform = np.where(size > 0.0, ratios, uniform)
    return np.asarray(uniform / axis_scale, dtype=np.float64)


def _box_error(found: tuple[Vec3, Vec3], wanted: tuple[Vec3, Vec3]) -> float:
    return corner_error(corners(IDENTITY, *found), corners(IDENTITY, *wanted))
