# SPDX-License-Identifier: GPL-3.0-or-later
"""Conversions between ``mathutils`` and plain numbers."""

from __future__ import annotations

from mathutils import Matrix

from ...core.geometry.linalg import columns, from_columns, solved
from ...core.models import Matrix4


def as_matrix4(matrix: Matrix) -> Matrix4:
    """A mathutils matrix as plain numbers, row by row."""
    r0, r1, r2, r3 = ((row[0], row[1], row[2], row[3]) for row in (matrix[index] for index in range(4)))
    return (r0, r1, r2, r3)


def relative_to(base: Matrix, world: Matrix) -> Matrix | None:
    """The matrix that, after *base*, gives *world*; ``None`` where *base* is flat."""
    # In double precision: mathutils would lose millimeters 100 km from the origin.
    axes = columns(as_matrix4(base))
    here, there = base.translation, world.translation
    x, y, z = (solved(axes, axis) for axis in columns(as_matrix4(world)))
    origin = solved(axes, (there[0] - here[0], there[1] - here[1], there[2] - here[2]))
    if x is None or y is None or z is None or origin is None:
        return None
    return Matrix(from_columns(x, y, z, origin))
