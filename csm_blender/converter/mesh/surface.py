# SPDX-License-Identifier: GPL-3.0-or-later
"""Leave out of a mesh what is no part of its surface: vertices and edges that belong to no face."""

from __future__ import annotations

import bmesh
import bpy
import numpy as np
from numpy.typing import NDArray

from .transform_mesh import values


def keep_surface(mesh: bpy.types.Mesh) -> bool:
    """Leave the faces of *mesh* only; where it has none its edges, and where it has no edges all its vertices.

    Gives whether there was anything else. A stray vertex far away would be part of the box, and what is seen of the
    mesh would fill a corner of it.
    """
    if len(mesh.polygons):
        corners = values(mesh, ".corner_vert", np.int32, 1)
        lone_edges = ~_marked(len(mesh.edges), values(mesh, ".corner_edge", np.int32, 1))
    elif len(mesh.edges):
        corners = values(mesh, ".edge_verts", np.int32, 2).ravel()
        lone_edges = np.zeros(len(mesh.edges), dtype=np.bool_)
    else:
        return False
    lone_vertices = ~_marked(len(mesh.vertices), corners)
    if not (lone_vertices.any() or lone_edges.any()):
        return False
    edited = bmesh.new()
    edited.from_mesh(mesh)
    edited.edges.ensure_lookup_table()
    edited.verts.ensure_lookup_table()
    edges = [edited.edges[index] for index in np.flatnonzero(lone_edges).tolist()]
    vertices = [edited.verts[index] for index in np.flatnonzero(lone_vertices).tolist()]
    for edge in edges:
        edited.edges.remove(edge)
    for vertex in vertices:
        edited.verts.remove(vertex)
    edited.to_mesh(mesh)
    edited.free()
    return True


def _marked(count: int, used: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Which of *count* are in *used*."""
    marked = np.zeros(count, dtype=np.bool_)
    marked[used] = True
    return marked
