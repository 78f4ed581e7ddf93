# SPDX-License-Identifier: GPL-3.0-or-later
"""Move and scale the vertices so that the box and the origin are exact, whatever the service delivered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np

from ..core.errors import BadMesh
from ..core.geometry.box import corner_error, corners, expected_delivery
from ..core.geometry.linalg import IDENTITY
from ..core.models import Fit, Placement, Refinement, Vec3
from .transform_mesh import Array, coordinates, reshape


@dataclass(frozen=True)
class Fitted:
    """How the mesh came and how it stands now.

    ``delivered_min`` and ``delivered_max`` are in API order and metres; ``box_min`` and ``box_max`` are where the
    fitted mesh should reach, in data axes and units. Errors are relative to the diagonal of the box that was wanted;
    ``delivered_error`` is ``None`` where no size was sent.
    """

    delivered_min: Vec3
    delivered_max: Vec3
    delivered_error: float | None
    box_min: Vec3
    box_max: Vec3
    fitted_error: float

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return dict(self.__dict__)


@dataclass(frozen=True)
class Move:
    """Where the vertices of a mesh with the box *low* to *high* go: v to ``linear @ (v - around) + shift``.

    ``wanted_low`` and ``wanted_high`` is the box that comes of it. All in Blender's axes; *low* and *high* in metres.
    """

    low: Array
    high: Array
    linear: Array
    around: Array
    shift: Array
    wanted_low: Array
    wanted_high: Array


def fit_mesh(
    mesh: bpy.types.Mesh, placement: Placement, refinement: Refinement, fit: Fit, scale_length: float
) -> Fitted:
    """Bring *mesh*, as imported (Blender axes, metres), to where *placement* wants it. Raises :class:`BadMesh`."""
    delivered = coordinates(mesh)
    if not np.isfinite(delivered).all():
        raise BadMesh("The delivered mesh has coordinates that are not numbers.")
    low, high = delivered.min(axis=0), delivered.max(axis=0)
    if not (high - low).any():
        raise BadMesh("The delivered mesh has no size.")
    move = planned_move(low, high, placement, fit, scale_length)
    reshape(mesh, move.linear, move.shift, around=move.around)
    return fitted_by(move, mesh, refinement)


def planned_move(low: Array, high: Array, placement: Placement, fit: Fit, scale_length: float) -> Move:
    """What brings a mesh with the box *low* to *high* to where *placement* wants it."""
    sides = np.array([-1.0 if placement.mirror_x else 1.0, 1.0, 1.0])
    flipped_low, flipped_high = np.minimum(low * sides, high * sides), np.maximum(low * sides, high * sides)
    scale = _scale(flipped_high - flipped_low, placement, fit, scale_length)
    box_low, box_high = np.array(placement.box_min), np.array(placement.box_max)
    anchor = np.array(placement.anchor)
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
    """How the *mesh* that was brought here by *move* came and how it stands."""
    found = coordinates(mesh)
    return Fitted(
        delivered_min=_to_api(move.low, move.high)[0],
        delivered_max=_to_api(move.low, move.high)[1],
        delivered_error=_delivered_error(move.low, move.high, refinement),
        box_min=_vec3(move.wanted_low),
        box_max=_vec3(move.wanted_high),
        fitted_error=_box_error(found.min(axis=0), found.max(axis=0), move.wanted_low, move.wanted_high),
    )


def _scale(size: Array, placement: Placement, fit: Fit, scale_length: float) -> Array:
    """Data units per delivered metre on each axis; *size* is the delivered mesh's, in metres."""
    axis_scale: Array = np.array(placement.axis_scale)
    box = np.array(placement.box_max) - np.array(placement.box_min)
    measurable = (size > 0.0) & ~np.array(placement.flat)
    if fit is Fit.NONE:
        return 1.0 / (scale_length * axis_scale)
    ratios = box * axis_scale / np.where(size > 0.0, size, 1.0)
    uniform = ratios[measurable].min() if measurable.any() else ratios.max()
    if fit is Fit.EXACT and not any(placement.flat):
        return np.asarray(np.where(size > 0.0, ratios, uniform) / axis_scale, dtype=np.float64)
    return np.asarray(uniform / axis_scale, dtype=np.float64)


def _delivered_error(low: Array, high: Array, refinement: Refinement) -> float | None:
    expected = expected_delivery(refinement)
    if expected is None:
        return None
    return corner_error(corners(IDENTITY, *_to_api(low, high)), corners(IDENTITY, *expected))


def _to_api(low: Array, high: Array) -> tuple[Vec3, Vec3]:
    """A box in Blender axes as one in API axes: y up, z toward the front, which is Blender's -y."""
    return (_vec3((low[0], low[2], -high[1])), _vec3((high[0], high[2], -low[1])))


def _box_error(low: Array, high: Array, wanted_low: Array, wanted_high: Array) -> float:
    return corner_error(
        corners(IDENTITY, _vec3(low), _vec3(high)), corners(IDENTITY, _vec3(wanted_low), _vec3(wanted_high))
    )


def _vec3(values: Any) -> Vec3:
    return (float(values[0]), float(values[1]), float(values[2]))
