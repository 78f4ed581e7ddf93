# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a mesh look wrong although its box is right: faces turned inside out, materials that show nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from .transform_mesh import Array, triangles, values

Axis = NDArray[np.float32]
_NOISE = 1e-4
"""Share of the area times distance below which the volume of a closed mesh is 0 but for rounding."""
_CLEARLY = 0.25
"""Share of the outline's area times distance from which an open mesh counts as inside out; half of a ball has 0.5."""


def is_inside_out(mesh: bpy.types.Mesh, points: Array, *, closed: bool) -> bool:
    """Whether the faces of *mesh*, whose vertices are at *points* (n, 3), look inward.

    A *closed* mesh encloses a negative volume then. Of an open one it is only said where most of the surface clearly
    looks to the middle: a flat piece has no inside.
    """
    if not len(mesh.polygons):
        return False
    # Axis by axis: numpy takes far longer for rows of three numbers each.
    corners = [np.ascontiguousarray(corner, dtype=np.intp) for corner in triangles(mesh).T]
    sides, from_middle = [], []
    for axis in points.T:
        places = (axis - (axis.min() + axis.max()) / 2.0).astype(np.float32)
        a, b, c = (places.take(corner) for corner in corners)
        sides.append((b - a, c - a))
        from_middle.append(a + b + c)
    normals = _cross(*zip(*sides, strict=True))
    volumes = _dot(normals, from_middle)
    inward = -float(volumes.sum(dtype=np.float64))
    if inward <= 0.0:
        return False
    lengths = (np.sqrt(_dot(vectors, vectors)) for vectors in (from_middle, normals))
    most = float(np.multiply(*lengths).sum(dtype=np.float64))
    return inward > (_NOISE if closed else _CLEARLY) * most


def _cross(a: Sequence[Axis], b: Sequence[Axis]) -> list[Axis]:
    """The cross products of vectors, of which each axis is a list of its own."""
    return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]


def _dot(a: Sequence[Axis], b: Sequence[Axis]) -> Axis:
    product: Axis = a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
    return product


def count_transparent(mesh: bpy.types.Mesh) -> int:
    """How many materials that faces of *mesh* have show nothing at all of them."""
    if not len(mesh.polygons) or not len(mesh.materials):
        return 0
    slots = np.zeros(len(mesh.polygons), dtype=np.int32)
    if "material_index" in mesh.attributes:
        slots = values(mesh, "material_index", np.int32, 1)
    used = np.bincount(slots, minlength=len(mesh.materials))[: len(mesh.materials)]
    return sum(bool(count) and _shows_nothing(material) for count, material in zip(used, mesh.materials, strict=True))


def _shows_nothing(material: bpy.types.Material | None) -> bool:
    """Whether the alpha of *material* is 0 everywhere. One that textures give is not looked into."""
    tree = material.node_tree if material else None
    shaders = [node for node in tree.nodes if isinstance(node, bpy.types.ShaderNodeBsdfPrincipled)] if tree else []
    return bool(shaders) and all(_is_zero(node, "Alpha") for node in shaders)


def _is_zero(node: Any, name: str) -> bool:
    socket = node.inputs[name]
    return not socket.is_linked and socket.default_value == 0.0
