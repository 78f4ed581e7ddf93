# SPDX-License-Identifier: GPL-3.0-or-later
"""Take a mesh through a matrix, with what depends on its shape: which side is out, and the stored normals.

Blender stores custom normals relative to the faces around them, so they turn with a rotation but come out wrong after
uneven scale, shear or mirroring. They are read before, taken through the inverse transpose, and stored again.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Normals = NDArray[np.float32]
_NORMALS = "csm_normals"
_UNEVEN = 1e-4
"""Ratio of scales above which stored normals have to be taken along."""


def reshape(mesh: bpy.types.Mesh, linear: Array, shift: Array | None = None, *, around: Array | None = None) -> None:
    """Move each vertex v of *mesh* to ``linear @ (v - around) + shift``, in double precision.

    *linear* is 3x3; one that mirrors has the faces turned over, so that outside stays outside.
    """
    mirrors = bool(np.linalg.det(linear) < 0.0)
    keep = mesh.has_custom_normals and (mirrors or is_uneven(linear))
    of_vertices = _normals_of_vertices(mesh) if keep else None
    if keep and of_vertices is None:
        _remember_normals_of_corners(mesh)
    points = coordinates(mesh)
    if around is not None:
        points -= around
    points = points @ linear.T
    if shift is not None:
        points += shift
    # Not by way of the attribute: Blender 4.2 would go on with the box of the earlier points.
    mesh.vertices.foreach_set("co", points.astype(np.float32).ravel())
    if mirrors:
        mesh.flip_normals()  # reorders what is stored for corners, too
    mesh.update()
    if keep:
        inverse = np.linalg.inv(linear).astype(np.float32)
        if of_vertices is not None:
            with _no_collecting():
                mesh.normals_split_custom_set_from_vertices(taken_through(of_vertices, inverse).tolist())
        else:
            mesh.normals_split_custom_set(taken_through(_recalled_normals_of_corners(mesh), inverse))


@contextlib.contextmanager
def _no_collecting() -> Iterator[None]:
    """Keep Python from looking for garbage again and again while a list for each vertex is made."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def coordinates(mesh: bpy.types.Mesh) -> Array:
    """The vertices (n, 3), in double precision."""
    return values(mesh, "position", np.float32, 3).astype(np.float64)


def values(mesh: bpy.types.Mesh, attribute: str, kind: type[np.generic], width: int) -> NDArray[Any]:
    """All of an attribute, one row each where *width* is above 1.

    Blender copies attributes as they lie in memory; the same numbers by way of ``mesh.loops`` and the like are asked
    for one by one, which takes a hundred times as long (docs/benchmarks.md).
    """
    data = _data(mesh, attribute)
    flat = np.empty(len(data) * width, dtype=kind)
    data.foreach_get("vector" if kind is np.float32 else "value", flat)
    return flat.reshape(-1, width) if width > 1 else flat


def _data(mesh: bpy.types.Mesh, attribute: str) -> Any:
    found: Any = mesh.attributes[attribute]  # the stub lacks the data of the attribute's own type
    return found.data


def is_uneven(linear: Array) -> bool:
    """Whether *linear* scales directions so differently that stored normals have to be taken along."""
    scales = np.linalg.svd(linear, compute_uv=False)
    return bool(scales[0] > scales[-1] * (1.0 + _UNEVEN))


def _normals_of_vertices(mesh: bpy.types.Mesh) -> Normals | None:
    """The stored normals, one for each vertex, where that says it all; ``None`` where corners of a vertex differ.

    glTF splits vertices wherever normals differ, so it mostly does: a sixth of the values, and three to ten times as
    fast to store (docs/benchmarks.md).
    """
    corners = values(mesh, ".corner_vert", np.int32, 1)
    normals = np.empty((len(corners), 3), dtype=np.float32)
    mesh.corner_normals.foreach_get("vector", normals.ravel())
    one_corner = np.zeros(len(mesh.vertices), dtype=np.int32)
    one_corner[corners] = np.arange(len(corners), dtype=np.int32)
    of_vertices = normals.take(one_corner, axis=0)
    return of_vertices if np.array_equal(of_vertices.take(corners, axis=0), normals) else None


def _remember_normals_of_corners(mesh: bpy.types.Mesh) -> None:
    """Keep them as an attribute, which Blender reorders along with the corners when faces are turned over."""
    normals = np.empty(len(mesh.loops) * 3, dtype=np.float32)
    mesh.corner_normals.foreach_get("vector", normals)
    attribute: Any = mesh.attributes.new(_NORMALS, "FLOAT_VECTOR", "CORNER")  # the stub lacks the type's data
    attribute.data.foreach_set("vector", normals)


def _recalled_normals_of_corners(mesh: bpy.types.Mesh) -> Normals:
    attribute: Any = mesh.attributes[_NORMALS]
    normals = np.empty((len(mesh.loops), 3), dtype=np.float32)
    attribute.data.foreach_get("vector", normals.ravel())
    mesh.attributes.remove(attribute)
    return normals


def taken_through(normals: Normals, inverse: Normals) -> Normals:
    """Unit normals (n, 3) after the inverse transpose, which for rows is the inverse from the right."""
    turned: Normals = normals @ inverse
    turned /= np.maximum(np.linalg.norm(turned, axis=1, keepdims=True), 1e-30)
    return turned
