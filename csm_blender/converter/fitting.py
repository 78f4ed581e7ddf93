# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn, move and scale the vertices so that the box and the origin are exact, whatever was delivered."""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np

from ..core.conversion import ConversionRequest, Fitted
from ..core.errors import BadMesh
from ..core.geometry.box import corner_error, corners, expected_delivery, size_to_api
from ..core.geometry.facing import QUARTERS, FoundTurn, best_turn, stretch, turn_matrix
from ..core.geometry.linalg import IDENTITY
from ..core.geometry.occupancy import GRID, grid_from_text, surface_grid
from ..core.messages import Message
from ..core.models import Fit, Refinement, Vec3, vec3
from ..core.sources import Facing
from .mesh.transform_mesh import Array, coordinates, reshape, triangles

FACING_TIE = "facing_tie"
"""Code of the message that several turns are as good."""


@dataclass(frozen=True)
class Move:
    """Where the vertices of a mesh with the box *low* to *high* go: v to ``linear @ (v - around) + shift``.

    ``wanted_low`` and ``wanted_high`` are the resulting box. All in Blender's axes; *low* and *high* in meters,
    the rest in data units. ``linear`` is (3, 3), all others are (3,). ``turn`` is the quarter turn in it, ``stretch``
    how unevenly it scales, on the axes of the result.
    """

    low: Array
    high: Array
    linear: Array
    around: Array
    shift: Array
    wanted_low: Array
    wanted_high: Array
    turn: FoundTurn
    stretch: Vec3


def fit_mesh(mesh: bpy.types.Mesh, request: ConversionRequest) -> Fitted:
    """Bring *mesh*, as imported (Blender axes, meters), to where *request* wants it. Raises :class:`BadMesh`."""
    delivered = coordinates(mesh)
    if not np.isfinite(delivered).all():
        raise BadMesh("The delivered mesh has coordinates that are not numbers.")
    low, high = delivered.min(axis=0), delivered.max(axis=0)
    if not (high - low).any():
        raise BadMesh("The delivered mesh has no size.")
    move = planned_move(low, high, request, _chosen_turn(mesh, low, high, request))
    reshape(mesh, move.linear, move.shift, around=move.around)
    return fitted_by(move, mesh, request.refinement)


def planned_move(low: Array, high: Array, request: ConversionRequest, turn: FoundTurn | None = None) -> Move:
    """What brings a mesh with the box *low* to *high* (3,) to where *request* wants it.

    Without a *turn* it is the one that *request* names.
    """
    placement = request.placement
    turn = turn or FoundTurn(request.facing.degrees)
    sides = np.array([-1.0 if placement.mirror_x else 1.0, 1.0, 1.0])
    flip = np.diag(sides) @ turn_matrix(turn.degrees)  # 0, 1 and -1: what it does to numbers is exact
    flipped_low, flipped_high = np.sort([flip @ low, flip @ high], axis=0)
    scale = _scale(flipped_high - flipped_low, request)
    box_low, box_high, anchor = map(np.array, (placement.box_min, placement.box_max, placement.anchor))
    from_point = (flipped_low + flipped_high) / 2.0 + anchor * (flipped_high - flipped_low)
    to_point = (box_low + box_high) / 2.0 + anchor * (box_high - box_low)
    return Move(
        low=low,
        high=high,
        linear=np.diag(scale) @ flip,
        around=flip.T @ from_point,
        shift=to_point,
        wanted_low=(flipped_low - from_point) * scale + to_point,
        wanted_high=(flipped_high - from_point) * scale + to_point,
        turn=turn,
        stretch=stretch(np.where(flipped_high > flipped_low, scale * np.array(placement.axis_scale), 0.0)),
    )


def fitted_by(move: Move, mesh: bpy.types.Mesh, refinement: Refinement) -> Fitted:
    """How the *mesh* that was transformed by *move* was delivered, and how exactly it fits now."""
    found = coordinates(mesh).T  # numpy looks through one axis after the other ten times as fast
    low, high = ([pick(axis) for axis in found] for pick in (np.min, np.max))
    # From Blender axes to API axes: y up, z toward the front, which is Blender's -y.
    delivered = vec3((move.low[0], move.low[2], -move.high[1])), vec3((move.high[0], move.high[2], -move.low[1]))
    expected = expected_delivery(refinement)
    wanted = vec3(move.wanted_low), vec3(move.wanted_high)
    return Fitted(
        *wanted,
        *delivered,
        delivered_error=None if expected is None else _box_error(delivered, expected),
        fitted_error=_box_error((vec3(low), vec3(high)), wanted),
        facing=move.turn.degrees,
        as_good=move.turn.as_good if move.turn.is_tie else (),
        stretch=size_to_api(move.stretch, 1.0),
    )


def notes_on_facing(fitted: Fitted) -> tuple[Message, ...]:
    """What is to be said about a turn that was chosen among several as good."""
    if not fitted.as_good:
        return ()
    others = tuple(f"{turn}°" for turn in fitted.as_good if turn != fitted.facing)
    return (
        Message(
            "The block-out does not tell which way the mesh faces: turned by {turn}, and {others} would fit as well.",
            code=FACING_TIE,
            turn=f"{fitted.facing}°",
            others=others,
        ),
    )


def _chosen_turn(mesh: bpy.types.Mesh, low: Array, high: Array, request: ConversionRequest) -> FoundTurn | None:
    """With ``Facing.AUTO`` the quarter turn in which *mesh* fits the block-out best; ``None`` where it was chosen."""
    if request.facing is not Facing.AUTO:
        return None
    shape = grid_from_text(request.shape) if request.shape else None
    if shape is not None and request.placement.mirror_x:
        shape = shape[::-1]  # the mesh is mirrored after the turn
    own = (
        np.zeros((GRID,) * 3, dtype=np.bool_)
        if shape is None
        else surface_grid(coordinates(mesh)[triangles(mesh)], low, high)
    )
    box = np.array(request.placement.box_max) - np.array(request.placement.box_min)
    usable = ~np.array(request.placement.flat)
    stretches = []
    for degrees in QUARTERS:
        size = np.abs(turn_matrix(degrees)) @ (high - low)
        ratios = box * np.array(request.placement.axis_scale) / np.where(size > 0.0, size, 1.0)
        stretches.append(max(stretch(np.where((size > 0.0) & usable, ratios, 0.0))))
    return best_turn(own, shape, stretches)


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
