# SPDX-License-Identifier: GPL-3.0-or-later
"""Count what a user wants to know of a mesh before using it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ...core.conversion import MeshFindings
from .looks import count_transparent, is_inside_out
from .pictures import picture_size
from .transform_mesh import coordinates, triangles, values

PictureSizes = Mapping[str, tuple[int, int]]
"""Width and height in pixels by the name of the picture."""
Indices = NDArray[Any]
Points = NDArray[np.float64]
_MIXER = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], dtype=np.uint64)
"""Odd numbers with many bits: the product of a place's three coordinates with them is another one for each place."""


def check_mesh(mesh: bpy.types.Mesh, sizes: PictureSizes | None = None) -> MeshFindings:
    """The counts and findings of *mesh*, whose coordinates are numbers: others were refused earlier.

    *sizes* are those of pictures that are known already.
    """
    edges, sides = _edges(mesh)
    points = coordinates(mesh)
    edges, faces_on_edge = _welded(edges, sides, _places(points))
    open_edges = int((faces_on_edge == 1).sum())
    return MeshFindings(
        triangles=len(sides),
        vertices=len(mesh.vertices),
        loose_parts=_count_parts(edges, len(mesh.vertices)),
        open_edges=open_edges,
        non_manifold_edges=int((faces_on_edge > 2).sum()),  # noqa: PLR2004 - by definition
        uv_maps=len(mesh.uv_layers),
        textures=_textures(mesh, sizes or {}),
        bad_numbers=sum(int((~np.isfinite(_uvs(layer))).sum()) for layer in mesh.uv_layers),
        transparent_materials=count_transparent(mesh) or None,
        inside_out=is_inside_out(mesh, points, closed=not open_edges) or None,
    )


def _edges(mesh: bpy.types.Mesh) -> tuple[Indices, Indices]:
    """The edges of the mesh's triangles as pairs of vertices (e, 2), and the three of each triangle (t, 3)."""
    if not len(mesh.polygons):
        return np.empty((0, 2), dtype=np.int32), np.empty((0, 3), dtype=np.int32)
    if len(mesh.loops) == 3 * len(mesh.polygons):  # then Blender has stored them
        return values(mesh, ".edge_verts", np.int32, 2), values(mesh, ".corner_edge", np.int32, 1).reshape(-1, 3)
    pairs = np.sort(triangles(mesh)[:, ((0, 1), (1, 2), (2, 0))].reshape(-1, 2), axis=1)
    found, sides = _unique_pairs(pairs, len(mesh.vertices))
    return found, sides.reshape(-1, 3)


def _unique_pairs(pairs: Indices, count: int) -> tuple[Indices, Indices]:
    """Each of the sorted *pairs* of numbers below *count* once, and for each pair which one it is."""
    keys, which = np.unique(pairs[:, 0].astype(np.int64) * count + pairs[:, 1], return_inverse=True)
    return np.stack([keys // count, keys % count], axis=1), which.reshape(-1)


def _places(points: Points) -> Indices:
    """For each of the *points* (n, 3) the first one at exactly the same place."""
    bits = (points.astype(np.float32) + np.float32(0.0)).view(np.uint32)  # -0.0 is at the place of 0.0
    mixed = bits.astype(np.uint64) @ _MIXER
    in_order = np.sort(mixed)
    if not (in_order[1:] == in_order[:-1]).any():  # sorting them with their numbers takes five times as long
        return np.arange(len(points))
    order = np.argsort(mixed, kind="stable")
    same = mixed[order[1:]] == mixed[order[:-1]]
    equal = (bits[order[1:][same]] == bits[order[:-1][same]]).all(axis=1)
    if not equal.all():  # two places have the same product: so rare that this may be slow
        order = np.lexsort((bits[:, 2], bits[:, 1], bits[:, 0]))
        same = (bits[order[1:]] == bits[order[:-1]]).all(axis=1)
    starts = np.concatenate([[True], ~same])
    places = np.empty(len(points), dtype=np.int64)
    places[order] = order[starts][np.cumsum(starts) - 1]
    return places


def _welded(edges: Indices, sides: Indices, places: Indices) -> tuple[Indices, Indices]:
    """The edges between *places* that triangles lie on, and on how many. Triangles without an area do not count."""
    shared = (np.bincount(places, minlength=len(places)) > 1)[places]
    if not shared.any():
        faces = np.bincount(sides.ravel(), minlength=len(edges))
        return (edges, faces) if faces.all() else (edges[faces > 0], faces[faces > 0])
    moved = shared[edges[:, 0]] | shared[edges[:, 1]]  # only these can coincide
    ends = np.sort(places[edges[moved]], axis=1)
    closed = np.zeros(len(edges), dtype=bool)
    closed[moved] = ends[:, 0] == ends[:, 1]
    if closed.any():
        sides = sides[~closed[sides].any(axis=1)]
    faces = np.bincount(sides.ravel(), minlength=len(edges))
    merged, which = _unique_pairs(ends, len(places))
    on_merged = np.zeros(len(merged), dtype=faces.dtype)
    np.add.at(on_merged, which, faces[moved])
    found, on_found = np.concatenate([edges[~moved], merged]), np.concatenate([faces[~moved], on_merged])
    return found[on_found > 0], on_found[on_found > 0]


def _count_parts(edges: Indices, vertices: int) -> int:
    """Connected components: each vertex takes the smallest label around it, with pointer jumping in between."""
    a, b = (np.ascontiguousarray(ends, dtype=np.intp) for ends in edges.T)
    label = np.arange(vertices)
    while True:
        smallest = label.copy()
        of_a, of_b = label.take(a), label.take(b)
        lower = np.minimum(of_a, of_b)
        np.minimum.at(smallest, of_a, lower)
        np.minimum.at(smallest, of_b, lower)
        while not np.array_equal(jumped := smallest.take(smallest), smallest):
            smallest = jumped
        if np.array_equal(smallest, label):
            return int(np.count_nonzero(np.bincount(label.take(a), minlength=1)))
        label = smallest


def _uvs(layer: bpy.types.MeshUVLoopLayer) -> NDArray[np.float32]:
    uvs = np.empty(len(layer.uv) * 2, dtype=np.float32)
    layer.uv.foreach_get("vector", uvs)
    return uvs


def _textures(mesh: bpy.types.Mesh, sizes: PictureSizes) -> tuple[tuple[str, int, int], ...]:
    """(name, width, height) of each image that the materials of *mesh* show."""
    trees = [material.node_tree for material in mesh.materials if material and material.node_tree]
    nodes = [node for tree in trees for node in tree.nodes if isinstance(node, bpy.types.ShaderNodeTexImage)]
    images = {node.image.name: node.image for node in nodes if node.image}
    return tuple((name, *(sizes.get(name) or picture_size(image))) for name, image in images.items())
