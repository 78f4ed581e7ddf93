# SPDX-License-Identifier: GPL-3.0-or-later
"""Transform a mesh by a matrix, with what depends on its shape: which side is out, and the custom normals.

Blender stores custom normals relative to the faces around them, so they turn with a rotation but come out wrong after
uneven scale, shear or mirroring. They are read before, transformed by the inverse transpose, and stored again.
"""

from __future__ import annotations

import gc
from typing import Any, TypeVar

import bpy
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Normals = NDArray[np.float32]
Real = TypeVar("Real", bound=np.floating[Any])
_NORMALS = "csm_normals"
_NO_TRIANGLES = np.empty((0, 3), dtype=np.int32)
_UNEVEN = 1e-4
"""Ratio of scales above which custom normals have to be transformed."""


def reshape(mesh: bpy.types.Mesh, linear: Array, shift: Array | None = None, *, around: Array | None = None) -> None:
    """Move each vertex v of *mesh* to ``linear @ (v - around) + shift``, in double precision.

    *linear* is 3x3; one that mirrors has the faces turned over, so that outside stays outside.
    """
    mirrors = bool(np.linalg.det(linear) < 0.0)
    # Points and lines may have them as well: the empty layer of faces that there were, or that a file speaks of.
    keep = mesh.has_custom_normals and len(mesh.loops) > 0 and (mirrors or is_uneven(linear))
    of_corners = _normals_of_corners(mesh) if keep else None
    of_vertices = _normals_of_vertices(mesh, of_corners) if of_corners is not None else None
    if of_corners is not None and of_vertices is None:
        # As an attribute, which Blender reorders along with the corners when faces are turned over.
        attribute: Any = mesh.attributes.new(_NORMALS, "FLOAT_VECTOR", "CORNER")  # the stub lacks the type's data
        attribute.data.foreach_set("vector", of_corners.ravel())
    points = coordinates(mesh)
    if around is not None:
        points -= around
    points = times(points, linear.T)
    if shift is not None:
        points += shift
    # Not through the attribute: Blender 4.2 would keep the bounding box of the earlier points.
    mesh.vertices.foreach_set("co", points.astype(np.float32).ravel())
    if mirrors:
        mesh.flip_normals()  # reorders what is stored for corners, too
    mesh.update()
    inverse = np.linalg.inv(linear).astype(np.float32) if keep else None
    if inverse is not None and of_vertices is not None:
        gc.disable()  # else Python looks for garbage again and again while a list for each vertex is made
        try:
            mesh.normals_split_custom_set_from_vertices(transformed_normals(of_vertices, inverse).tolist())
        finally:
            gc.enable()
    elif inverse is not None:
        of_corners = values(mesh, _NORMALS, np.float32, 3)
        mesh.attributes.remove(mesh.attributes[_NORMALS])
        mesh.normals_split_custom_set(transformed_normals(of_corners, inverse))


def times(rows: NDArray[Real], matrix: NDArray[Real]) -> NDArray[Real]:
    """``rows @ matrix`` of many *rows* (n, 3), column by column.

    numpy has that done by threads which keep all cores busy for far longer than the product takes (docs/benchmarks.md).
    """
    product = np.zeros((len(rows), matrix.shape[1]), dtype=rows.dtype)
    for to, column in enumerate(matrix.T):
        for axis in np.flatnonzero(column):
            product[:, to] += rows[:, axis] * column[axis]
    return product


def coordinates(mesh: bpy.types.Mesh) -> Array:
    """The vertices (n, 3), in double precision."""
    return values(mesh, "position", np.float32, 3).astype(np.float64)


def values(mesh: bpy.types.Mesh, attribute: str, kind: type[np.generic], width: int) -> NDArray[Any]:
    """All of an attribute, one row each where *width* is above 1.

    Blender copies attributes in one block; the same numbers through ``mesh.loops`` and the like are read one by one,
    which takes a hundred times as long (docs/benchmarks.md).
    """
    found: Any = mesh.attributes[attribute]  # the stub lacks the data of the attribute's own type
    data = found.data
    flat = np.empty(len(data) * width, dtype=kind)
    data.foreach_get("vector" if kind is np.float32 else "value", flat)
    return flat.reshape(-1, width) if width > 1 else flat


def triangles(mesh: bpy.types.Mesh) -> NDArray[np.int32]:
    """The vertices of the triangles (t, 3) of *mesh*, whose faces may have more sides."""
    if len(mesh.loops) == 3 * len(mesh.polygons):
        return values(mesh, ".corner_vert", np.int32, 1).reshape(-1, 3) if len(mesh.loops) else _NO_TRIANGLES
    mesh.calc_loop_triangles()
    corners = np.empty((len(mesh.loop_triangles), 3), dtype=np.int32)
    mesh.loop_triangles.foreach_get("vertices", corners.ravel())
    return corners


def is_uneven(linear: Array) -> bool:
    """Whether *linear* scales directions so differently that custom normals have to be transformed."""
    scales = np.linalg.svd(linear, compute_uv=False)
    return bool(scales[0] > scales[-1] * (1.0 + _UNEVEN))


def _normals_of_corners(mesh: bpy.types.Mesh) -> Normals:
    normals = np.empty((len(mesh.loops), 3), dtype=np.float32)
    mesh.corner_normals.foreach_get("vector", normals.ravel())
    return normals


def _normals_of_vertices(mesh: bpy.types.Mesh, of_corners: Normals) -> Normals | None:
    """The normals, one for each vertex, or ``None`` where corners of a vertex differ.

    glTF splits vertices wherever normals differ, so they mostly do not: a sixth of the values, and three to ten times
    as fast to store (docs/benchmarks.md).
    """
    corners = values(mesh, ".corner_vert", np.int32, 1)
    one_corner = np.zeros(len(mesh.vertices), dtype=np.int32)
    one_corner[corners] = np.arange(len(corners), dtype=np.int32)
    of_vertices = of_corners.take(one_corner, axis=0)
    return of_vertices if np.array_equal(of_vertices.take(corners, axis=0), of_corners) else None


def transformed_normals(normals: Normals, inverse: Normals) -> Normals:
    """Unit normals (n, 3) after the inverse transpose, which for rows is the inverse from the right."""
    turned = times(normals, inverse)
    turned /= np.maximum(np.linalg.norm(turned, axis=1, keepdims=True), 1e-30)
    return turned
