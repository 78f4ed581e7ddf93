# SPDX-License-Identifier: GPL-3.0-or-later
"""From a measured block-out to what is sent and where the result goes.

Two axis orders meet here and nowhere else. *Blender order* is x right, y back, z up, in Blender units. *API order* is
glTF's: x right, y up, z toward the front, in meters. Names say which: ``…_api`` or ``…_blender``.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

from ..errors import BadValue, NoSize
from ..models import DEFAULT_CHOICES, Choices, Matrix4, Original, Pivot, Placement, Refinement, Target, Vec3, vec3
from .linalg import (
    IDENTITY,
    columns,
    cross,
    dot,
    float32,
    from_columns,
    length,
    minus,
    orthonormal_axes,
    plus,
    scaled,
    solved,
    times,
    transformed,
)

FLAT_RATIO = 1e-6
"""An axis thinner than this share of the longest one is flat."""

SHEAR_TOLERANCE = 2e-6
"""Cosine between two axes above which the frame counts as sheared; float32 matrices of long chains reach 1e-6."""

UNIT_TOLERANCE = 1e-6
"""How far from 1 a scale may be and still count as 1: float32 rotations are no better."""

PIVOT_MIN, PIVOT_MAX = -0.5, 0.5
"""The range of a pivot that the API takes: the faces of the box."""

ORIGIN: Vec3 = (0.0, 0.0, 0.0)
NO_SCALE: Vec3 = (1.0, 1.0, 1.0)


def size_to_api(size_blender: Vec3, scale_length: float) -> Vec3:
    """Size in Blender units and order → ``[width, height, depth]`` in meters."""
    x, y, z = size_blender
    return (x * scale_length, z * scale_length, y * scale_length)


def size_from_api(size_api: Vec3, scale_length: float) -> Vec3:
    """``[width, height, depth]`` in meters → size in Blender units and order."""
    w, h, d = size_api
    return (w / scale_length, d / scale_length, h / scale_length)


def pivot_to_api(pivot_blender: Vec3) -> Vec3:
    """Normalized pivot, Blender order → API order. Back is +y in Blender and -z in glTF."""
    x, y, z = pivot_blender
    return (x, z, _positive_zero(-y))


def pivot_from_api(pivot_api: Vec3) -> Vec3:
    """Normalized pivot, API order → Blender order."""
    x, y, z = pivot_api
    return (x, _positive_zero(-z), y)


@dataclass(frozen=True)
class Box:
    """The box of a target in its own axes, taken apart for planning.

    ``size`` is in Blender units as seen in the world; ``axis_scale`` is the length of the world matrix's columns.
    """

    target: Target
    size: Vec3
    axis_scale: Vec3
    flat: tuple[bool, bool, bool]
    sheared: bool
    mirrored: bool

    @property
    def unscaled(self) -> bool:
        """Whether scale is 1 already, so that the target's own matrix will do and nothing needs rounding."""
        return not self.mirrored and all(abs(unit - 1.0) <= UNIT_TOLERANCE for unit in self.axis_scale)

    @property
    def center(self) -> Vec3:
        """Center in the target's own axes."""
        return scaled(plus(self.target.box_min, self.target.box_max), 0.5)

    def origin_pivot(self) -> Vec3:
        """Where the object's origin lies in the box: normalized, own axes, 0 on flat axes, possibly outside ±0.5."""
        low, high, center = self.target.box_min, self.target.box_max, self.center
        values = (0.0 if self.flat[i] else -center[i] / (high[i] - low[i]) for i in range(3))
        return vec3(map(_positive_zero, values))


def box_of(target: Target) -> Box:
    """Take the box of *target* apart. Raises :class:`NoSize` if it has no extent, or one that is not a number."""
    axes = columns(target.matrix_world)
    axis_scale = vec3(map(length, axes))
    size = times(minus(target.box_max, target.box_min), axis_scale)
    name = repr(target.object_name)
    if not all(map(math.isfinite, size)):
        raise NoSize("The size of {name} is not a finite number.", "Check its modifiers and scale.", name=name)
    longest = max(size)
    if longest <= 0.0:
        raise NoSize("{name} has no size.", name=name)
    x, y, z = (extent < longest * FLAT_RATIO for extent in size)
    sheared = any(
        abs(dot(axes[i], axes[j])) > SHEAR_TOLERANCE * axis_scale[i] * axis_scale[j]
        for i, j in itertools.combinations(range(3), 2)
    )
    mirrored = dot(cross(axes[0], axes[1]), axes[2]) < 0.0
    return Box(target, size, axis_scale, flat=(x, y, z), sheared=sheared, mirrored=mirrored)


def plan(target: Target, choices: Choices = DEFAULT_CHOICES, scale_length: float = 1.0) -> tuple[Refinement, Placement]:
    """What to send for *target* and where its result goes. *scale_length* is meters per Blender unit.

    Raises :class:`NoSize`.
    """
    box = box_of(target)
    pivot_own = _chosen_pivot(box, choices)
    pivot_blender = flipped_x(pivot_own, mirrored=box.mirrored)
    refinement = Refinement(
        scaled_bbox=None if any(box.flat) else size_to_api(box.size, scale_length),
        pivot_point=pivot_to_api(clamped(pivot_blender)),
    )
    stays = choices.original is Original.REPLACE
    origin = plus(box.center, times(minus(target.box_max, target.box_min), pivot_own))
    if stays or choices.pivot is Pivot.ORIGIN:
        origin = ORIGIN
    own_axes = stays or box.sheared or box.unscaled
    return refinement, _placement(box, origin, pivot_own if own_axes else pivot_blender, own_axes=own_axes)


def plan_for_numbers(
    scaled_bbox: Vec3, pivot_point: Vec3 | None, *, scale_length: float = 1.0
) -> tuple[Refinement, Placement]:
    """What to send, and where the result goes, for a box given by numbers in API order: at the world's origin.

    Raises :class:`BadValue` for a size that is not positive and finite, or a pivot outside [-0.5, 0.5].
    """
    if not all(math.isfinite(v) and v > 0.0 for v in scaled_bbox):
        raise BadValue("The box needs three positive sizes: width, height, depth in meters.")
    if pivot_point is not None and not all(PIVOT_MIN <= v <= PIVOT_MAX for v in pivot_point):
        raise BadValue("Each pivot value must lie between -0.5 and 0.5.", "0,-0.5,0 is the center of the base.")
    size = size_from_api(scaled_bbox, scale_length)
    pivot_blender = pivot_from_api(pivot_point or ORIGIN)
    low, high = _box_about_pivot(size, pivot_blender)
    placement = Placement(
        matrix_world=IDENTITY,
        box_min=low,
        box_max=high,
        axis_scale=NO_SCALE,
        anchor=pivot_blender,
        mirror_x=False,
        flat=(False, False, False),
    )
    return Refinement(scaled_bbox=scaled_bbox, pivot_point=pivot_point), placement


def expected_delivery(refinement: Refinement) -> tuple[Vec3, Vec3] | None:
    """The corners (min, max), API order in meters, that a service should deliver; ``None`` if no size was sent."""
    if refinement.scaled_bbox is None:
        return None
    return _box_about_pivot(refinement.scaled_bbox, refinement.pivot_point or ORIGIN)


def corners(matrix: Matrix4, box_min: Vec3, box_max: Vec3) -> list[Vec3]:
    """The eight corners of a box, taken through *matrix*."""
    xs, ys, zs = zip(box_min, box_max, strict=True)
    return [transformed(matrix, point) for point in itertools.product(xs, ys, zs)]


def corner_error(found: list[Vec3], wanted: list[Vec3]) -> float:
    """How far, at most, a corner is from where one was wanted, relative to the wanted box's diagonal.

    Both are lists of eight points of the same frame; their order does not matter, since a mirrored target's corners
    come in another order than its result's.
    """
    diagonal = max(math.dist(a, b) for a in wanted for b in wanted)
    worst = max(min(math.dist(a, b) for b in found) for a in wanted)
    return worst / diagonal if diagonal > 0.0 else math.inf


def _chosen_pivot(box: Box, choices: Choices) -> Vec3:
    """The pivot in the target's own axes, normalized, not clamped."""
    match choices.pivot:
        case Pivot.ORIGIN:
            return box.origin_pivot()
        case Pivot.CENTER:
            return ORIGIN
        case Pivot.BASE:
            return (0.0, 0.0, -0.5)
        case Pivot.CUSTOM:
            return flipped_x(choices.custom_pivot, mirrored=box.mirrored)


def _placement(box: Box, origin: Vec3, pivot: Vec3, *, own_axes: bool) -> Placement:
    """With *own_axes*, the result gets the target's whole matrix, shear and all, and its data is in the target's space.

    Otherwise it gets the target's rotation and scale 1; a mirrored frame has its x axis flipped.
    """
    x, y, z = columns(box.target.matrix_world)
    origin, location = _representable(box, origin)
    low, high = minus(box.target.box_min, origin), minus(box.target.box_max, origin)
    axis_scale = vec3(unit or 1.0 for unit in box.axis_scale)
    if not own_axes:
        x, y, z = orthonormal_axes((x, y, z))
        low, high, axis_scale = times(low, box.axis_scale), times(high, box.axis_scale), NO_SCALE
        if box.mirrored:
            x = scaled(x, -1.0)
            low, high = (-high[0], *low[1:]), (-low[0], *high[1:])
    return Placement(
        matrix_world=from_columns(x, y, z, location),
        box_min=low,
        box_max=high,
        axis_scale=axis_scale,
        anchor=clamped(pivot),
        mirror_x=own_axes and box.mirrored,
        flat=box.flat,
    )


def _representable(box: Box, origin: Vec3) -> tuple[Vec3, Vec3]:
    """*origin* (own axes) moved to the nearest place that a float32 matrix can hold, and that place in the world.

    100 km from the origin of the world that is up to 4 mm away. The box stays: the data takes up the difference.
    """
    exact = transformed(box.target.matrix_world, origin)
    if origin == ORIGIN:
        return origin, exact
    location = vec3(map(float32, exact))
    back = solved(columns(box.target.matrix_world), minus(location, exact))
    return (origin if back is None else plus(origin, back)), location


def _box_about_pivot(size: Vec3, pivot: Vec3) -> tuple[Vec3, Vec3]:
    """The corners (min, max) of a box whose *pivot* is at the origin."""
    low, high = (vec3((end - p) * s for s, p in zip(size, pivot, strict=True)) for end in (PIVOT_MIN, PIVOT_MAX))
    return low, high


def flipped_x(pivot: Vec3, *, mirrored: bool) -> Vec3:
    """Own axes ↔ the frame with its x axis flipped, where *mirrored*; the same step both ways."""
    return (_positive_zero(-pivot[0]), pivot[1], pivot[2]) if mirrored else pivot


def clamped(pivot: Vec3) -> Vec3:
    """*pivot* as far as the API takes it."""
    return vec3(min(PIVOT_MAX, max(PIVOT_MIN, value)) for value in pivot)


def _positive_zero(value: float) -> float:
    """-0.0 as 0.0: it would show as "-0.0" in reports and requests."""
    return value + 0.0
