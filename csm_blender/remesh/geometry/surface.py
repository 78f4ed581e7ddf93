# SPDX-License-Identifier: GPL-3.0-or-later
"""A surface of triangles as two arrays, and the way from and to a mesh datablock."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Indices = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Surface:
    """``points`` (n, 3) in meters and Blender's axes, ``triangles`` (m, 3): indices of points, counterclockwise."""

    points: Points
    triangles: Indices

    @cached_property
    def diagonal(self) -> float:
        """Length of the diagonal of the box around the points that triangles use; 0 where there are none."""
        if not len(self.triangles):
            return 0.0
        return float(np.linalg.norm(np.ptp(self.points[np.unique(self.triangles)], axis=0)))

    def corners(self) -> tuple[Points, Points, Points]:
        """The three corners of each triangle, (m, 3) each."""
        a, b, c = self.triangles.T
        return self.points[a], self.points[b], self.points[c]

    def face_vectors(self) -> Points:
        """The normal of each triangle times twice its area, (m, 3)."""
        a, b, c = self.corners()
        return np.cross(b - a, c - a)

    def areas(self) -> NDArray[np.float64]:
        """The area of each triangle, (m,)."""
        return np.asarray(np.linalg.norm(self.face_vectors(), axis=1) / 2.0)

    def kept(self, mask: Mask) -> Surface:
        """Only the triangles of *mask* (m,), and the points they use."""
        return compact(self.points, self.triangles[mask])


def empty() -> Surface:
    """A surface of nothing."""
    return Surface(np.zeros((0, 3)), np.zeros((0, 3), dtype=np.int64))


def compact(points: Points, triangles: Indices) -> Surface:
    """The surface without points that no triangle uses."""
    used = np.zeros(len(points), dtype=bool)
    used[triangles.ravel()] = True
    number = np.cumsum(used) - 1
    return Surface(points[used], number[triangles].reshape(-1, 3))


def ordered(surface: Surface) -> Surface:
    """*surface* with its triangles in an order of their own: importers of Blender 4.2 do not always keep the file's."""
    first = surface.triangles.argmin(axis=1)[:, None]
    turned = np.take_along_axis(surface.triangles, (first + np.arange(3)) % 3, axis=1)
    return Surface(surface.points, turned[np.lexsort(turned.T[::-1])])


def joined(surfaces: list[Surface]) -> Surface:
    """All *surfaces* as one; their points stay apart."""
    if not surfaces:
        return empty()
    starts = np.cumsum([0, *(len(each.points) for each in surfaces[:-1])])
    triangles = [each.triangles + start for each, start in zip(surfaces, starts, strict=True)]
    return Surface(np.concatenate([each.points for each in surfaces]), np.concatenate(triangles))


def surface_of(mesh: bpy.types.Mesh) -> Surface:
    """The faces of *mesh*, those with more than three corners cut into triangles. Loose vertices stay in ``points``."""
    points = np.empty((len(mesh.vertices), 3), dtype=np.float32)
    mesh.vertices.foreach_get("co", points.ravel())
    if not len(mesh.polygons):
        corners = np.zeros(0, dtype=np.int32)
    elif len(mesh.loops) == 3 * len(mesh.polygons):
        attribute: Any = mesh.attributes[".corner_vert"]  # the stub lacks the data of the attribute's own type
        corners = np.empty(len(mesh.loops), dtype=np.int32)
        attribute.data.foreach_get("value", corners)
    else:
        mesh.calc_loop_triangles()
        corners = np.empty(len(mesh.loop_triangles) * 3, dtype=np.int32)
        mesh.loop_triangles.foreach_get("vertices", corners)
    return Surface(points.astype(np.float64), corners.reshape(-1, 3).astype(np.int64))


def mesh_of(surface: Surface, name: str) -> bpy.types.Mesh:
    """A new mesh datablock with the triangles of *surface*."""
    mesh = bpy.data.meshes.new(name)
    count = len(surface.triangles)
    mesh.vertices.add(len(surface.points))
    mesh.vertices.foreach_set("co", surface.points.astype(np.float32).ravel())
    mesh.loops.add(3 * count)
    mesh.loops.foreach_set("vertex_index", surface.triangles.astype(np.int32).ravel())
    mesh.polygons.add(count)
    mesh.polygons.foreach_set("loop_start", np.arange(0, 3 * count, 3, dtype=np.int32))
    mesh.update(calc_edges=True)
    return mesh
