# SPDX-License-Identifier: GPL-3.0-or-later
"""What a mesh holds at places on its triangles: positions, normals, UV maps, attributes, tangents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ..geometry.surface import points_of

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

_RGB, _RGBA = 3, 4
_SIDES = 3
_MOST_SIDES = 4
"""Of faces that MikkTSpace knows."""
_FIELDS = {
    "FLOAT_COLOR": ("color", 4),
    "BYTE_COLOR": ("color", 4),
    "FLOAT_VECTOR": ("vector", 3),
    "FLOAT2": ("vector", 2),
    "FLOAT": ("value", 1),
    "INT": ("value", 1),
    "INT8": ("value", 1),
}
"""The name of the values in the data of an attribute, and how many there are."""


@dataclass(frozen=True)
class Hits:
    """For n places on a mesh: the triangle of each (n,), and the weights of its three corners (n, 3)."""

    triangle: Ints
    weights: Floats


class TriangleData:
    """The triangles of a mesh (t of them) as arrays; what else it holds is read when it is asked for."""

    def __init__(self, mesh: bpy.types.Mesh) -> None:
        self._mesh: Any = mesh
        self.vertices: Ints
        """(t, 3)"""
        self.corners: Ints
        """(t, 3)"""
        self.polygons: Ints
        """(t,)"""
        self._read_triangles()
        self._cache: dict[str, tuple[Floats, Ints] | None] = {}

    def _read_triangles(self) -> None:
        count = len(self._mesh.polygons)
        if count and len(self._mesh.loops) == _SIDES * count:  # triangles only: nothing has to be cut
            self.vertices = _read(self._mesh.attributes[".corner_vert"].data, "value", 1, np.int32).reshape(-1, _SIDES)
            self.corners = np.arange(_SIDES * count, dtype=np.int32).reshape(-1, _SIDES)
            self.polygons = np.arange(count, dtype=np.int32)
            return
        self._mesh.calc_loop_triangles()
        triangles = self._mesh.loop_triangles
        self.vertices = _read(triangles, "vertices", _SIDES, np.int32)
        self.corners = _read(triangles, "loops", _SIDES, np.int32)
        self.polygons = _read(triangles, "polygon_index", 1, np.int32)[:, 0]

    def positions(self) -> Floats:
        """(t, 3, 3) of the corners."""
        return points_of(self._mesh)[self.vertices]

    def normals(self) -> Floats:
        """(loops, 3) the normals at the corners, as the mesh is shaded."""
        return _read(self._mesh.corner_normals, "vector", 3)

    def material_numbers(self) -> Ints:
        """(t,) the number of each triangle's material slot; beyond the last slot counts as the last."""
        numbers = _read(self._mesh.polygons, "material_index", 1, np.int32)[:, 0]
        slots: Ints = np.clip(numbers, 0, max(len(self._mesh.materials) - 1, 0))[self.polygons].astype(np.int32)
        return slots

    def uv_corners(self, name: str) -> Floats | None:
        """(loops, 2) of a UV map, of the one that is active for rendering if *name* is empty or unknown."""
        layer = self._layer(name)
        return None if layer is None else _read(layer.uv, "vector", 2)

    def tangents(self, name: str) -> tuple[Floats, Floats] | None:
        """(loops, 3) tangents and (loops,) signs of bitangents along a UV map, chosen as in :meth:`uv_corners`.

        By MikkTSpace, as Blender, exporters and viewers have them. That knows triangles and quads only: if there are
        larger faces, from the triangles. ``None`` without a UV map.
        """
        layer = self._layer(name)
        if layer is None:
            return None
        if _read(self._mesh.polygons, "loop_total", 1, np.int32).max(initial=0) > _MOST_SIDES:
            return self._tangents_of_triangles(_read(layer.uv, "vector", 2))
        self._mesh.calc_tangents(uvmap=layer.name)
        try:
            return _read(self._mesh.loops, "tangent", 3), _read(self._mesh.loops, "bitangent_sign", 1)[:, 0]
        finally:
            self._mesh.free_tangents()

    def _layer(self, name: str) -> Any:
        layers = self._mesh.uv_layers
        if not layers:
            return None
        return layers.get(name) or next((each for each in layers if each.active_render), layers[0])

    def _tangents_of_triangles(self, uvs: Floats) -> tuple[Floats, Floats]:
        places, corners = self.positions(), uvs[self.corners]
        first, second = places[:, 1] - places[:, 0], places[:, 2] - places[:, 0]
        a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        area = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
        along = (first * b[:, 1:] - second * a[:, 1:]) * np.sign(area)[:, None]
        along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-20)
        tangents, signs = np.zeros((len(uvs), 3), dtype=np.float32), np.ones(len(uvs), dtype=np.float32)
        for corner in range(3):
            tangents[self.corners[:, corner]] = along
            signs[self.corners[:, corner]] = np.where(area < 0.0, -1.0, 1.0)
        normals = self.normals()
        tangents -= normals * np.einsum("ij,ij->i", tangents, normals)[:, None]
        tangents /= np.maximum(np.linalg.norm(tangents, axis=1, keepdims=True), 1e-20)
        return tangents, signs

    def at(self, hits: Hits, values: Floats, index: Ints) -> Floats:
        """(n, k) *values* of vertices or corners, interpolated; *index* (t, 3) says which those of a triangle are."""
        places = index[hits.triangle]
        result = values[places[:, 0]] * hits.weights[:, :1]
        for corner in (1, 2):
            part = values[places[:, corner]]
            part *= hits.weights[:, corner, None]
            result += part
        return result

    def uv(self, name: str, hits: Hits) -> Floats:
        """(n, 3) with z = 0; zero where there is no UV map."""
        result = np.zeros((len(hits.triangle), 3), dtype=np.float32)
        key = f"uv {name}"
        if key not in self._cache:
            values = self.uv_corners(name)
            self._cache[key] = None if values is None else (values, self.corners)
        known = self._cache[key]
        if known is not None:
            result[:, :2] = self.at(hits, *known)
        return result

    def attribute(self, name: str, hits: Hits) -> Floats:
        """(n, 4) linear color and alpha of an attribute, of the active color if *name* is empty; black without it."""
        key = f"attribute {name}"
        if key not in self._cache:
            self._cache[key] = self._attribute(name)
        known = self._cache[key]
        if known is None:
            return np.tile(np.array([0, 0, 0, 1], dtype=np.float32), (len(hits.triangle), 1))
        return self.at(hits, *known)

    def _attribute(self, name: str) -> tuple[Floats, Ints] | None:
        attributes = self._mesh.attributes
        if not name:
            names = [each.name for each in self._mesh.color_attributes]
            chosen = (attributes.default_color_name, attributes.active_color_name)
            name = next((each for each in (*chosen, *names) if each in names), "")
        found = attributes.get(name)
        index = {
            "POINT": self.vertices,
            "CORNER": self.corners,
            "FACE": np.repeat(self.polygons[:, None], 3, axis=1),
        }.get(found.domain if found else "")
        if found is None or index is None or found.data_type not in _FIELDS:
            return None
        field, count = _FIELDS[found.data_type]
        values = _read(found.data, field, count, np.int32 if found.data_type.startswith("INT") else np.float32)
        full = np.ones((len(values), _RGBA), dtype=np.float32)
        full[:, :_RGB] = 0.0 if 1 < count < _RGB else values[:, :1]
        full[:, :count] = values if count > 1 else full[:, :count]
        return full, index


def _read(collection: Any, field: str, count: int, kind: Any = np.float32) -> NDArray[Any]:
    values = np.empty(len(collection) * count, dtype=kind)
    collection.foreach_get(field, values)
    return values.reshape(-1, count)
