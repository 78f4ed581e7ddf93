# SPDX-License-Identifier: GPL-3.0-or-later
"""Normals as a mesh is shaded, and the normal map that shows those of one mesh on another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import bpy
import numpy as np

from ..material.channels import Channels, NormalMap
from ..material.evaluate import Places
from ..material.expressions import Procedural
from ..material.mesh_data import Floats, Ints, TriangleData
from .original_surface import OriginalSurface

_Known = TypeVar("_Known")
_SOUND = 0.4
"""Cosine between a triangle and the smooth normal there below which the latter is not trusted: among flipped
triangles it points anywhere."""
_LEAST_FACING = 0.15
"""Least height of a normal over the surface that shows it."""


class LowFrames:
    """The triangles of an unwrapped mesh: where their corners are, with normals and tangents."""

    def __init__(self, low: bpy.types.Mesh) -> None:
        data = TriangleData(low)
        self.uvs: Floats = _present(data.uv_corners(""))[data.corners]
        """(t, 3, 2)"""
        tangents, signs = _present(data.tangents(""))
        self.corners: Floats = np.concatenate(
            [data.positions(), data.normals()[data.corners], tangents[data.corners]], axis=2
        )
        """(t, 3, 9) position, normal and tangent."""
        self.signs: Floats = signs[data.corners[:, 0]]
        """(t,) of the bitangents."""


class OriginalNormals:
    """The normals of the original, with its own normal maps."""

    def __init__(self, data: TriangleData, surface: OriginalSurface) -> None:
        self._data = data
        self._normals = data.normals()
        self._surface = surface
        self._tangents: dict[str, tuple[Floats, Floats] | None] = {}

    def at(self, places: Places, channels: Channels, facing: Floats) -> Floats:
        """(n, 3) unit normals at *places* of one material, on the side that *facing* (n, 3) looks to."""
        hits = places.hits
        flat = self._surface.normals[hits.triangle]
        normals = _unit(self._data.at(hits, self._normals, self._data.corners))
        doubtful = np.einsum("ij,ij->i", normals, flat) < _SOUND
        normals[doubtful] = flat[doubtful]
        match channels.normal:
            case NormalMap():
                normals = self._mapped(places, channels.normal, normals)
            case Procedural():
                rendered = places.values(channels.normal)
                known = np.einsum("ij,ij->i", rendered, rendered) > 0.0
                normals[known] = rendered[known]
        away = np.einsum("ij,ij->i", flat, facing) < 0.0
        normals[away] *= np.float32(-1.0)
        return normals

    def _mapped(self, places: Places, normal_map: NormalMap, normals: Floats) -> Floats:
        if normal_map.uv_map not in self._tangents:
            self._tangents[normal_map.uv_map] = self._data.tangents(normal_map.uv_map)
        known = self._tangents[normal_map.uv_map]
        if known is None:
            return normals
        tangents, signs = known
        hits = places.hits
        across = self._data.at(hits, tangents, self._data.corners)
        up = np.cross(normals, across) * signs[self._data.corners[hits.triangle, 0]][:, None]
        stored = places.values(normal_map.color) * np.float32(2.0) - np.float32(1.0)
        stored = np.broadcast_to(stored, normals.shape).copy()
        strength = np.maximum(places.values(normal_map.strength), 0.0)
        stored[:, :2] *= strength
        stored[:, 2:] = 1.0 + (stored[:, 2:] - 1.0) * np.minimum(strength, 1.0)
        return _unit(across * stored[:, :1] + up * stored[:, 1:2] + normals * stored[:, 2:])


def in_tangent_space(normals: Floats, frames: Floats, signs: Floats) -> Floats:
    """(n, 3) *normals* (n, 3) as a tangent-space normal map decodes them, each from -1 to 1.

    *frames* (n, 6) are interpolated normals and tangents, not of unit length, as renderers use them; *signs* (n,).
    """
    up, across = frames[:, :3], frames[:, 3:]
    side = np.cross(up, across) * signs[:, None]
    along, height = (np.einsum("ij,ij->i", normals, axis) for axis in (across, up))
    uu, aa, ua = (np.einsum("ij,ij->i", *pair) for pair in ((up, up), (across, across), (up, across)))
    area = np.maximum(uu * aa - ua * ua, 1e-12)
    result = np.empty_like(normals)
    result[:, 0] = (along * uu - height * ua) / area
    result[:, 1] = np.einsum("ij,ij->i", normals, side) / np.maximum(np.einsum("ij,ij->i", side, side), 1e-12)
    result[:, 2] = np.maximum((height * aa - along * ua) / area, _LEAST_FACING)
    return _unit(result)


def materials_at(numbers: Ints, triangles: Ints, materials: int) -> Sequence[tuple[int, Ints | slice]]:
    """The materials at *triangles* (n,), each with the places where it is."""
    if materials <= 1:
        return [(0, slice(None))]
    here = numbers[triangles]
    return [
        (int(number), np.flatnonzero(here == number).astype(np.int32)) for number in np.flatnonzero(np.bincount(here))
    ]


def _unit(vectors: Floats) -> Floats:
    length = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))[:, None]
    result: Floats = vectors / np.maximum(length, np.float32(1e-20))
    return result


def _present(values: _Known | None) -> _Known:
    if values is None:
        raise ValueError("The mesh is not unwrapped.")
    return values
