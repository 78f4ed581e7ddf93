# SPDX-License-Identifier: GPL-3.0-or-later
"""Look a mesh over: the facts an artist asks for before using it."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]


def look_over(mesh: bpy.types.Mesh) -> dict[str, Any]:
    """Counts and findings of *mesh*.

    ``triangles``, ``vertices``, ``loose_parts``, ``open_edges`` (on one face only), ``non_manifold_edges`` (on more
    than two), ``uv_maps``, ``textures`` as ``[name, width, height]``, ``bad_numbers`` (NaN or infinite, in UVs; in
    coordinates they are refused earlier). Vertices at the same place count as one here: glTF has to split them along UV
    seams, which is no hole.
    """
    mesh.calc_loop_triangles()
    triangles = np.empty(len(mesh.loop_triangles) * 3, dtype=np.int32)
    mesh.loop_triangles.foreach_get("vertices", triangles)
    corners = _welded(mesh)[triangles].reshape(-1, 3)
    corners = corners[
        (corners[:, 0] != corners[:, 1]) & (corners[:, 1] != corners[:, 2]) & (corners[:, 2] != corners[:, 0])
    ]
    edges, faces_on_edge = _edges(corners)
    return {
        "triangles": len(mesh.loop_triangles),
        "vertices": len(mesh.vertices),
        "loose_parts": _count_parts(edges),
        "open_edges": int((faces_on_edge == 1).sum()),
        "non_manifold_edges": int((faces_on_edge > 2).sum()),  # noqa: PLR2004 - by definition
        "uv_maps": len(mesh.uv_layers),
        "textures": _textures(mesh),
        "bad_numbers": sum(_bad_numbers(layer) for layer in mesh.uv_layers),
    }


def _welded(mesh: bpy.types.Mesh) -> Indices:
    """For each vertex, a number that all vertices at exactly the same place share."""
    coordinates = np.empty(len(mesh.vertices) * 3, dtype=np.float32)
    mesh.vertices.foreach_get("co", coordinates)
    coordinates += 0.0  # -0.0 and 0.0 are the same place but not the same bits
    bits = coordinates.view(np.uint32).reshape(-1, 3).astype(np.uint64)
    order = np.lexsort((bits[:, 2], bits[:, 1], bits[:, 0]))
    is_new = np.ones(len(order), dtype=bool)
    is_new[1:] = (bits[order[1:]] != bits[order[:-1]]).any(axis=1)
    groups = np.empty(len(order), dtype=np.int64)
    groups[order] = np.cumsum(is_new) - 1
    return groups


def _edges(corners: Indices) -> tuple[Indices, Indices]:
    """The edges of triangles as sorted pairs (n, 2), and how many triangles lie on each."""
    pairs = np.sort(np.concatenate([corners[:, (0, 1)], corners[:, (1, 2)], corners[:, (2, 0)]]), axis=1)
    span = int(pairs.max()) + 1 if len(pairs) else 1
    keys, counts = np.unique(pairs[:, 0] * span + pairs[:, 1], return_counts=True)
    return np.stack([keys // span, keys % span], axis=1), counts


def _count_parts(edges: Indices) -> int:
    """Connected components: each vertex takes the smallest label around it, with pointer jumping in between."""
    if not len(edges):
        return 0
    used, compact = np.unique(edges, return_inverse=True)
    a, b = compact.reshape(-1, 2).T
    label = np.arange(len(used))
    while True:
        smallest = label.copy()
        lower = np.minimum(label[a], label[b])
        np.minimum.at(smallest, label[a], lower)
        np.minimum.at(smallest, label[b], lower)
        while not np.array_equal(jumped := smallest[smallest], smallest):
            smallest = jumped
        if np.array_equal(smallest, label):
            return len(np.unique(label))
        label = smallest


def _bad_numbers(layer: bpy.types.MeshUVLoopLayer) -> int:
    values = np.empty(len(layer.uv) * 2, dtype=np.float32)
    layer.uv.foreach_get("vector", values)
    return int((~np.isfinite(values)).sum())


def _textures(mesh: bpy.types.Mesh) -> list[list[Any]]:
    found: dict[str, list[Any]] = {}
    for material in mesh.materials:
        if material and material.node_tree:
            for node in material.node_tree.nodes:
                if isinstance(node, bpy.types.ShaderNodeTexImage) and node.image:
                    found[node.image.name] = [node.image.name, *node.image.size]
    return list(found.values())
