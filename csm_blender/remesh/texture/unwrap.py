# SPDX-License-Identifier: GPL-3.0-or-later
"""One UV map without overlaps: charts, each projected on a plane, packed by Blender."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ..material.mesh_data import Floats, Ints, TriangleData
from .charts import Faces, charts_of, directions, faces_of, split_layers
from .folds import fold_layers

_UV_MAP = "UVMap"
_CHECKED_SIZES = (2048, 4096)
"""Least and most side in texels of the grid on which overlaps are looked for; else that of the texture."""
_ATTEMPTS = 5
_LEAST_FILL = 0.35
_LEAST_PADDING = 2
_DEFAULT_SIZE = 1024


def padding(texture_size: int) -> int:
    """Texels that two islands are apart and an island is from the border, where there are not too many islands."""
    return max(4, texture_size // 256)


def unwrap(mesh: bpy.types.Mesh, texture_size: int) -> None:
    """Give *mesh* one UV map, ``UVMap``, without overlaps and inside 0 to 1, and no other.

    Islands lie :func:`padding` texels apart at *texture_size*, the side of the texture in texels; fewer, but at least
    2, where the space between many islands would leave too little for themselves. Islands end at sharp edges. The same
    mesh gets the same map. The mesh must not be in edit mode.
    """
    while mesh.uv_layers:
        mesh.uv_layers.remove(mesh.uv_layers[0])
    layer: Any = mesh.uv_layers.new(name=_UV_MAP)
    faces = faces_of(mesh)
    if not len(faces.areas):
        return
    size = texture_size or _DEFAULT_SIZE
    data = TriangleData(mesh)
    chart = charts_of(faces)
    wanted = padding(size)
    for attempt in range(_ATTEMPTS + 1):
        layer.uv.foreach_set("vector", _projected(mesh, faces, chart).ravel())
        _pack(mesh, wanted / size)
        if attempt == _ATTEMPTS:  # what was parted last is in the map now, and not looked at once more
            return
        layer = mesh.uv_layers[0]
        corners = _present(data.uv_corners(_UV_MAP))[data.corners].astype(np.float64)
        layers = fold_layers(faces, data.polygons, corners, chart, min(max(size, _CHECKED_SIZES[0]), _CHECKED_SIZES[1]))
        if layers is not None:
            chart = split_layers(faces, chart, layers)
        elif wanted > _LEAST_PADDING and _area(corners) < _LEAST_FILL:
            wanted = max(wanted // 2, _LEAST_PADDING)
        else:
            return


def _projected(mesh: bpy.types.Mesh, faces: Faces, chart: Ints) -> Floats:
    """(loops, 2) each chart on its plane, in the units of the mesh, about its own middle."""
    source: Any = mesh
    sides, vertices = np.empty(len(source.polygons), dtype=np.int32), np.empty(len(source.loops), dtype=np.int32)
    source.polygons.foreach_get("loop_total", sides)
    source.loops.foreach_get("vertex_index", vertices)
    places = np.empty(len(source.vertices) * 3, dtype=np.float32)
    source.vertices.foreach_get("co", places)
    corner_chart = np.repeat(chart, sides)
    ways = directions(faces, chart).astype(np.float64)
    helper = np.eye(3)[np.abs(ways).argmin(axis=1)]
    across = np.cross(helper, ways)
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-20)
    up = np.cross(ways, across)
    corners = places.reshape(-1, 3)[vertices].astype(np.float64)
    flat = np.stack([np.einsum("ij,ij->i", corners, axis[corner_chart]) for axis in (across, up)], axis=1)
    count = np.maximum(np.bincount(corner_chart), 1)
    for axis in range(2):
        flat[:, axis] -= (np.bincount(corner_chart, flat[:, axis]) / count)[corner_chart]
    # Apart by parts of the size that do not repeat: corners of two charts must not meet, or they count as one island.
    flat /= max(float(np.ptp(flat, axis=0).max()), 1e-30)
    number = np.arange(len(ways))[:, None]
    flat += (number * np.array([0.6180339887, 0.7548776662]) % 1.0)[corner_chart]
    return flat.astype(np.float32)


def _pack(mesh: bpy.types.Mesh, margin: float) -> None:
    """Turn, scale and move the islands so that they fill the square, *margin* (a share of its side) apart."""
    scene = bpy.data.scenes.new("Unwrapping")
    obj = bpy.data.objects.new("Unwrapping", mesh)
    try:
        scene.collection.objects.link(obj)
        tools: Any = scene.tool_settings
        tools.use_uv_select_sync = True
        layer: Any = scene.view_layers[0]
        layer.objects.active = obj
        layer.update()
        context: dict[str, Any] = {"object": obj, "active_object": obj, "edit_object": obj, "selected_objects": [obj]}
        with bpy.context.temp_override(scene=scene, view_layer=layer, **context):
            bpy.ops.object.mode_set(mode="EDIT")
            try:
                bpy.ops.mesh.select_all(action="SELECT")
                bpy.ops.uv.pack_islands(rotate=True, margin_method="FRACTION", margin=margin, shape_method="AABB")
            finally:
                bpy.ops.object.mode_set(mode="OBJECT")
    finally:
        bpy.data.objects.remove(obj)
        bpy.data.scenes.remove(scene)


def _area(corners: NDArray[np.float64]) -> float:
    """Share of the square that triangles with *corners* (t, 3, 2) cover."""
    b, c = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return float(np.abs(b[:, 0] * c[:, 1] - b[:, 1] * c[:, 0]).sum()) / 2.0


def _present(values: Floats | None) -> Floats:
    assert values is not None
    return values
