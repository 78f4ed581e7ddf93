# SPDX-License-Identifier: GPL-3.0-or-later
"""From a measured block-out to what is sent and where the result goes.

Two axis orders meet here and nowhere else. *Blender order* is x right, y back, z up, in Blender units. *API order* is
glTF's: x right, y up, z toward the front, in meters. Names say which: ``…_api`` or ``…_blender``.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
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
    orthonormal_axes,
    scaled,
    solved,
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
        return _each(lambda low, high: (low + high) / 2.0, self.target.box_min, self.target.box_max)

    def origin_pivot(self) -> Vec3:
        """Where the object's origin lies in the box: normalized, own axes, 0 on flat axes, possibly outside ±0.5."""
        low, high, center = self.target.box_min, self.target.box_max, self.center
        values = (0.0 if self.flat[i] else -center[i] / (high[i] - low[i]) for i in range(3))
        return vec3(map(_positive_zero, values))


def box_of(target: Target) -> Box:
    """Take the box of *target* apart. Raises :class:`NoSize` if it has no extent, or one that is not a number."""
    low, high = target.box_min, target.box_max
    axes = columns(target.matrix_world)
    axis_scale = vec3(map(length, axes))
    size = _each(lambda span, unit: span * unit, _each(lambda a, b: b - a, low, high), axis_scale)
    if not all(map(math.isfinite, size)):
        raise NoSize(
            "The size of {name} is not a finite number.",
            "Check its modifiers and scale.",
            name=repr(target.object_name),
        )
    longest = max(size)
    if longest <= 0.0:
        raise NoSize("{name} has no size.", name=repr(target.object_name))
    x, y, z = (extent < longest * FLAT_RATIO for extent in size)
    return Box(
        target=target,
        size=size,
        axis_scale=axis_scale,
        flat=(x, y, z),
        sheared=_is_sheared(axes, axis_scale),
        mirrored=dot(cross(axes[0], axes[1]), axes[2]) < 0.0,
    )


def plan(target: Target, choices: Choices = DEFAULT_CHOICES, scale_length: float = 1.0) -> tuple[Refinement, Placement]:
    """What to send for *target* and where its result goes. *scale_length* is meters per Blender unit.

    Raises :class:`NoSize`.
    """
    pivot = choices.pivot
    box = box_of(target)
    pivot_blender = _unmirrored(_chosen_pivot(box, choices), mirrored=box.mirrored)
    refinement = Refinement(
        scaled_bbox=None if any(box.flat) else size_to_api(box.size, scale_length),
        pivot_point=pivot_to_api(_clamped(pivot_blender)),
    )
    pivot_in_own_axes = _unmirrored(pivot_blender, mirrored=box.mirrored)
    stays = choices.original is Original.REPLACE
    origin = ORIGIN if stays or pivot is Pivot.ORIGIN else _point_at(box, pivot_in_own_axes)
    if stays or box.sheared or box.unscaled:
        return refinement, _in_own_axes(box, origin, pivot_in_own_axes)
    return refinement, _in_unscaled_frame(box, origin, pivot_blender)


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
    placement = Placement(
        matrix_world=IDENTITY,
        box_min=_each(lambda s, p: (-0.5 - p) * s, size, pivot_blender),
        box_max=_each(lambda s, p: (0.5 - p) * s, size, pivot_blender),
        axis_scale=(1.0, 1.0, 1.0),
        anchor=pivot_blender,
        mirror_x=False,
        flat=(False, False, False),
    )
    return Refinement(scaled_bbox=scaled_bbox, pivot_point=pivot_point), placement


def expected_delivery(refinement: Refinement) -> tuple[Vec3, Vec3] | None:
    """The corners (min, max), API order in meters, that a service which obeys delivers; ``None`` if no size was sent.

    ``[(-0.5 - p) * size, (0.5 - p) * size]`` on each axis.
    """
    if refinement.scaled_bbox is None:
        return None
    pivot = refinement.pivot_point or ORIGIN
    return (
        _each(lambda s, p: (-0.5 - p) * s, refinement.scaled_bbox, pivot),
        _each(lambda s, p: (0.5 - p) * s, refinement.scaled_bbox, pivot),
    )


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
            return _unmirrored(choices.custom_pivot, mirrored=box.mirrored)


def _in_unscaled_frame(box: Box, origin: Vec3, pivot_blender: Vec3) -> Placement:
    """The result gets the target's rotation and scale 1. A mirrored frame has its x axis flipped."""
    x, y, z = orthonormal_axes(columns(box.target.matrix_world))
    origin, stand = _representable(box, origin)
    low = _each(lambda v, o: v - o, box.target.box_min, origin)
    high = _each(lambda v, o: v - o, box.target.box_max, origin)
    low, high = (_each(lambda v, unit: v * unit, corner, box.axis_scale) for corner in (low, high))
    if box.mirrored:
        x = scaled(x, -1.0)
        low, high = (-high[0], *low[1:]), (-low[0], *high[1:])
    return Placement(
        matrix_world=from_columns(x, y, z, stand),
        box_min=low,
        box_max=high,
        axis_scale=(1.0, 1.0, 1.0),
        anchor=_clamped(pivot_blender),
        mirror_x=False,
        flat=box.flat,
    )


def _in_own_axes(box: Box, origin: Vec3, pivot_in_own_axes: Vec3) -> Placement:
    """The result gets the target's whole matrix, shear and all, and its data lives in the target's own space."""
    x, y, z = columns(box.target.matrix_world)
    origin, stand = _representable(box, origin)
    return Placement(
        matrix_world=from_columns(x, y, z, stand),
        box_min=_each(lambda v, o: v - o, box.target.box_min, origin),
        box_max=_each(lambda v, o: v - o, box.target.box_max, origin),
        axis_scale=_each(lambda unit, _: unit or 1.0, box.axis_scale, ORIGIN),
        anchor=_clamped(pivot_in_own_axes),
        mirror_x=box.mirrored,
        flat=box.flat,
    )


def _representable(box: Box, origin: Vec3) -> tuple[Vec3, Vec3]:
    """*origin* (own axes) moved to the nearest place that a float32 matrix can hold, and that place in the world.

    100 km from the origin of the world that is up to 4 mm away. The box stays: the data takes up the difference.
    """
    exact = transformed(box.target.matrix_world, origin)
    if origin == ORIGIN:
        return origin, exact
    stand = vec3(map(float32, exact))
    back = solved(columns(box.target.matrix_world), _each(lambda a, b: a - b, stand, exact))
    return (origin, stand) if back is None else (_each(lambda a, b: a + b, origin, back), stand)


def _point_at(box: Box, pivot_in_own_axes: Vec3) -> Vec3:
    span = _each(lambda a, b: b - a, box.target.box_min, box.target.box_max)
    return _each(lambda c, offset: c + offset, box.center, _each(lambda s, p: s * p, span, pivot_in_own_axes))


def _unmirrored(pivot: Vec3, *, mirrored: bool) -> Vec3:
    """Own axes ↔ the frame with its x axis flipped; the same step both ways."""
    return (_positive_zero(-pivot[0]), pivot[1], pivot[2]) if mirrored else pivot


def _clamped(pivot: Vec3) -> Vec3:
    return vec3(min(PIVOT_MAX, max(PIVOT_MIN, value)) for value in pivot)


def _is_sheared(axes: tuple[Vec3, Vec3, Vec3], lengths: Vec3) -> bool:
    return any(
        abs(dot(axes[i], axes[j])) > SHEAR_TOLERANCE * lengths[i] * lengths[j] for i, j in ((0, 1), (0, 2), (1, 2))
    )


def _each(combine: Callable[[float, float], float], a: Vec3, b: Vec3) -> Vec3:
    return (combine(a[0], b[0]), combine(a[1], b[1]), combine(a[2], b[2]))


def _positive_zero(value: float) -> float:
    """-0.0 as 0.0: it would show as "-0.0" in reports and requests."""
    return value + 0.0
