# SPDX-License-Identifier: GPL-3.0-or-later
"""A surface of triangles as two arrays, and the way from and to a mesh datablock."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from .arrays import Indices, Mask, Points, order_of_rows, used_of
from .topology import Edges, bodies_of, edges_of


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
        return float(np.linalg.norm(np.ptp(self.points[self.used], axis=0)))

    @cached_property
    def used(self) -> Indices:
        """The points that triangles use, each once, in order."""
        return used_of(self.triangles, len(self.points))

    @cached_property
    def edges(self) -> Edges:
        """Its edges."""
        return edges_of(self.triangles)

    @cached_property
    def body(self) -> Indices:
        """For each triangle the number of its body (m,): those that share a point are in one."""
        return bodies_of(self.triangles, self.edges)

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
    return Surface(surface.points, turned[order_of_rows(turned, len(surface.points))])


def joined(surfaces: list[Surface]) -> Surface:
    """All *surfaces* as one; their points stay apart."""
    if not surfaces:
        return empty()
    starts = np.cumsum([0, *(len(each.points) for each in surfaces[:-1])])
    triangles = [each.triangles + start for each, start in zip(surfaces, starts, strict=True)]
    return Surface(np.concatenate([each.points for each in surfaces]), np.concatenate(triangles))


def surface_of(mesh: bpy.types.Mesh) -> Surface:
    """The faces of *mesh*, those with more than three corners cut into triangles. Loose vertices stay in ``points``."""
    points = points_of(mesh)
    if not len(mesh.polygons):
        corners = np.zeros(0, dtype=np.int32)
    elif len(mesh.loops) == 3 * len(mesh.polygons):
        corners = np.empty(len(mesh.loops), dtype=np.int32)
        _data(mesh, ".corner_vert").foreach_get("value", corners)
    else:
        mesh.calc_loop_triangles()
        corners = np.empty(len(mesh.loop_triangles) * 3, dtype=np.int32)
        mesh.loop_triangles.foreach_get("vertices", corners)
    return Surface(points.astype(np.float64), corners.reshape(-1, 3).astype(np.int64))


def mesh_of(surface: Surface, name: str) -> bpy.types.Mesh:
    """A new mesh datablock with the triangles of *surface*."""
    mesh = bpy.data.meshes.new(name)
    fill(mesh, surface.points.astype(np.float32), surface.triangles.astype(np.int32))
    return mesh


def fill(mesh: bpy.types.Mesh, points: NDArray[np.float32], triangles: NDArray[np.int32]) -> None:
    """Give *mesh*, an empty one, *points* (n, 3) and *triangles* (m, 3)."""
    set_points(mesh, points)
    if not len(triangles):
        return
    mesh.loops.add(triangles.size)
    _data(mesh, ".corner_vert").foreach_set("value", triangles.ravel())
    mesh.polygons.add(len(triangles))
    mesh.polygons.foreach_set("loop_start", np.arange(0, triangles.size, 3, dtype=np.int32))
    mesh.update(calc_edges=True)


def points_of(mesh: bpy.types.Mesh) -> NDArray[np.float32]:
    """Where the vertices of *mesh* are, (n, 3)."""
    points = np.empty((len(mesh.vertices), 3), dtype=np.float32)
    if len(points):
        _data(mesh, "position").foreach_get("vector", points.ravel())
    return points


def set_points(mesh: bpy.types.Mesh, points: NDArray[np.float32]) -> None:
    """Give *mesh*, one without vertices, vertices at *points* (n, 3)."""
    if len(points):
        mesh.vertices.add(len(points))
        _data(mesh, "position").foreach_set("vector", np.ascontiguousarray(points, dtype=np.float32).ravel())


def _data(mesh: bpy.types.Mesh, name: str) -> Any:
    """The values of an attribute: read and written fifty times faster than those of vertices and corners."""
    attribute: Any = mesh.attributes[name]  # the stub lacks the data of the attribute's own type
    return attribute.data
