# SPDX-License-Identifier: GPL-3.0-or-later
"""The little linear algebra the box needs, in plain floats, so that ``core`` needs neither mathutils nor numpy."""

from __future__ import annotations

import math
import struct

from ..models import Matrix4, Vec3

IDENTITY: Matrix4 = ((1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0), (0.0, 0.0, 0.0, 1.0))


def dot(a: Vec3, b: Vec3) -> float:
    """Scalar product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def cross(a: Vec3, b: Vec3) -> Vec3:
    """Vector product, right-handed."""
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def length(a: Vec3) -> float:
    """Euclidean length."""
    return math.hypot(*a)


def plus(a: Vec3, b: Vec3) -> Vec3:
    """*a* + *b*."""
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2])


def minus(a: Vec3, b: Vec3) -> Vec3:
    """*a* - *b*."""
    return (a[0] - b[0], a[1] - b[1], a[2] - b[2])


def times(a: Vec3, b: Vec3) -> Vec3:
    """The products of the components."""
    return (a[0] * b[0], a[1] * b[1], a[2] * b[2])


def scaled(a: Vec3, factor: float) -> Vec3:
    """*a* times a number."""
    return (a[0] * factor, a[1] * factor, a[2] * factor)


def columns(matrix: Matrix4) -> tuple[Vec3, Vec3, Vec3]:
    """The images of the three axes: columns of the upper left 3x3."""
    x, y, z = ((matrix[0][i], matrix[1][i], matrix[2][i]) for i in range(3))
    return (x, y, z)


def from_columns(x: Vec3, y: Vec3, z: Vec3, origin: Vec3) -> Matrix4:
    """The matrix with these axis images and this translation."""
    return (
        (x[0], y[0], z[0], origin[0]),
        (x[1], y[1], z[1], origin[1]),
        (x[2], y[2], z[2], origin[2]),
        (0.0, 0.0, 0.0, 1.0),
    )


def transformed(matrix: Matrix4, point: Vec3) -> Vec3:
    """*point* taken through *matrix* (rotation, scale and translation)."""
    x, y, z = (row[0] * point[0] + row[1] * point[1] + row[2] * point[2] + row[3] for row in matrix[:3])
    return (x, y, z)


def orthonormal_axes(axes: tuple[Vec3, Vec3, Vec3]) -> tuple[Vec3, Vec3, Vec3]:
    """*axes* made unit length; an axis of zero length becomes one perpendicular to the others.

    Expects the axes that do have a length to be perpendicular to each other.
    """
    found = [scaled(a, 1.0 / length(a)) if length(a) > 0.0 else None for a in axes]
    for i in (0, 1, 2, 0, 1, 2):
        found[i] = found[i] or _perpendicular(found[i - 2], found[i - 1])
    x, y, z = (axis for axis in found if axis is not None)
    return (x, y, z)


def float32(value: float) -> float:
    """*value* as Blender stores it."""
    return float(struct.unpack("f", struct.pack("f", value))[0])


def solved(axes: tuple[Vec3, Vec3, Vec3], b: Vec3) -> Vec3 | None:
    """The x with ``axes[0] * x[0] + axes[1] * x[1] + axes[2] * x[2] == b``; ``None`` where the axes are flat.

    By Cramer's rule, which is accurate enough for the corrections it is used for.
    """
    volume = dot(cross(axes[0], axes[1]), axes[2])
    if abs(volume) <= 1e-12 * length(axes[0]) * length(axes[1]) * length(axes[2]):
        return None
    return (
        dot(cross(b, axes[1]), axes[2]) / volume,
        dot(cross(axes[0], b), axes[2]) / volume,
        dot(cross(axes[0], axes[1]), b) / volume,
    )


def _perpendicular(a: Vec3 | None, b: Vec3 | None) -> Vec3 | None:
    if a is not None and b is not None:
        return cross(a, b)
    known = a or b
    if known is None:
        return None
    least = min(range(3), key=lambda i: abs(known[i]))
    x, y, z = (float(axis == least) for axis in range(3))
    normal = cross(known, (x, y, z))
    return scaled(normal, 1.0 / length(normal))
