# SPDX-License-Identifier: GPL-3.0-or-later
"""A box that a person draws: what it may be, how it grows, where a pivot snaps to, and how both are dragged.

All in Blender order. *Own axes* are the object's, before its scale; a *pivot* is normalized to the box, as
``Scene.csm.custom_pivot`` is: along the object's axes, with x flipped for a mirrored object, as it is sent.
"""

from __future__ import annotations

import itertools
import math

from ..errors import BadValue
from ..messages import Message
from ..models import Vec3, vec3
from .box import FLAT_RATIO, clamped, flipped_x
from .linalg import cross, dot, minus, plus, scaled, times

_DIMENSIONS = (Message("width"), Message("depth"), Message("height"))
_UP = 2
_LEAST_SHARE = 1e-3
"""How thin a dragged box may become, as a share of its longest side: well above flat, and still to be seen."""

_PARALLEL = 1e-4
"""Squared sine of the angle between a ray and an axis below which the ray does not define a point on the axis."""

ORIGIN_POINT = "ORIGIN"
"""The snap point that depends on the object; all others are in :data:`SNAP_POINTS`."""


_ENDS = (("BOTTOM", -0.5), ("TOP", 0.5)), (("FRONT", -0.5), ("BACK", 0.5)), (("LEFT", -0.5), ("RIGHT", 0.5))
SNAP_POINTS: dict[str, Vec3] = {
    "BASE": (0.0, 0.0, -0.5),
    "CENTER": (0.0, 0.0, 0.0),
    "TOP": (0.0, 0.0, 0.5),
    "FRONT": (0.0, -0.5, 0.0),
    "BACK": (0.0, 0.5, 0.0),
    "LEFT": (-0.5, 0.0, 0.0),
    "RIGHT": (0.5, 0.0, 0.0),
    **{f"{level}_{depth}_{side}": (x, y, z) for (level, z), (depth, y), (side, x) in itertools.product(*_ENDS)},
}
"""Pivots by name: the centers of base, box and faces, then the corners."""


def check_custom_box(object_name: str, low: Vec3, high: Vec3) -> None:
    """Raise :class:`BadValue` unless each side of the box is a number above 0 that is not flat beside the others."""
    hint = "Give each side a size above 0, or use the measured box again."
    if not all(map(math.isfinite, (*low, *high))):
        raise BadValue("The custom box of {name} has a size that is not a number.", hint, name=repr(object_name))
    size = span(low, high)
    for dimension, extent in zip(_DIMENSIONS, size, strict=True):
        if extent <= max(size) * FLAT_RATIO:
            words = "The custom box of {name} has no {dimension}."
            if extent < 0.0:
                words = "The custom box of {name} has a negative {dimension}."
            raise BadValue(words, hint, name=repr(object_name), dimension=dimension)


def span(low: Vec3, high: Vec3) -> Vec3:
    """The size of a box."""
    return minus(high, low)


def resized(low: Vec3, high: Vec3, size: Vec3) -> tuple[Vec3, Vec3]:
    """The box with another *size*: width and depth grow about the middle, height from the base up.

    A side that stays as large keeps its very numbers.
    """
    new_low, new_high = [*low], [*high]
    for axis, (old, new) in enumerate(zip(span(low, high), size, strict=True)):
        if new == old:
            continue
        if axis == _UP:
            new_high[axis] = low[axis] + new
        else:
            middle = (low[axis] + high[axis]) / 2.0
            new_low[axis], new_high[axis] = middle - new / 2.0, middle + new / 2.0
    return vec3(new_low), vec3(new_high)


def face_moved(low: Vec3, high: Vec3, axis: int, *, is_high: bool, to: float) -> tuple[Vec3, Vec3]:
    """The box with one face dragged to the coordinate *to* on its *axis*. It stops short of the opposite face."""
    others = [extent for other, extent in enumerate(span(low, high)) if other != axis]
    least = max(*others, abs(to - (low if is_high else high)[axis])) * _LEAST_SHARE
    new_low, new_high = [*low], [*high]
    if is_high:
        new_high[axis] = max(to, low[axis] + least)
    else:
        new_low[axis] = min(to, high[axis] - least)
    return vec3(new_low), vec3(new_high)


def snap_step(longest: float) -> float:
    """The step that sizes snap to: a tenth of the power of ten below the *longest* side."""
    return 10.0 ** (math.floor(math.log10(longest)) - 1) if longest > 0.0 else 0.1


def point_of(low: Vec3, high: Vec3, pivot: Vec3, *, mirrored: bool) -> Vec3:
    """Where *pivot* is in the box, in own axes."""
    return plus(scaled(plus(low, high), 0.5), times(flipped_x(pivot, mirrored=mirrored), minus(high, low)))


def pivot_of(low: Vec3, high: Vec3, point: Vec3, *, mirrored: bool) -> Vec3:
    """The pivot nearest to *point* (own axes): clamped to the box, and 0 where the box is flat."""
    pivot = vec3(
        (value - (a + b) / 2.0) / (b - a) if b > a else 0.0 for value, a, b in zip(point, low, high, strict=True)
    )
    return flipped_x(clamped(pivot), mirrored=mirrored)


def origin_pivot(low: Vec3, high: Vec3, *, mirrored: bool) -> Vec3 | None:
    """The pivot that is the object's own origin; ``None`` where that lies outside the box."""
    inside = all(a <= 0.0 <= b for a, b in zip(low, high, strict=True))
    return pivot_of(low, high, (0.0, 0.0, 0.0), mirrored=mirrored) if inside else None


def snap_pivots(box: tuple[Vec3, Vec3], *, mirrored: bool) -> dict[str, Vec3]:
    """The pivots to snap to, by name: those every box has, and the object's origin where that is inside."""
    origin = origin_pivot(*box, mirrored=mirrored)
    return SNAP_POINTS if origin is None else {**SNAP_POINTS, ORIGIN_POINT: origin}


def along_axis(start: Vec3, direction: Vec3, ray_start: Vec3, ray_direction: Vec3) -> float | None:
    """How far along *direction*, in lengths of it, the line from *start* comes nearest to a ray.

    ``None`` where the ray runs along the line, as when one looks down a handle.
    """
    normal = cross(direction, ray_direction)
    area = dot(normal, normal)
    if area <= _PARALLEL * dot(direction, direction) * dot(ray_direction, ray_direction):
        return None
    return dot(cross(minus(ray_start, start), ray_direction), normal) / area


def on_plane(point: Vec3, normal: Vec3, ray_start: Vec3, ray_direction: Vec3) -> Vec3 | None:
    """Where a ray meets the plane through *point*; ``None`` where it runs along the plane."""
    slope = dot(normal, ray_direction)
    if slope == 0.0:
        return None
    return plus(ray_start, scaled(ray_direction, dot(minus(point, ray_start), normal) / slope))
