# SPDX-License-Identifier: GPL-3.0-or-later
"""How dense the texels of images lie on a mesh, so that finer ones are averaged before they are looked up.

Without that, a texture with more texels than are baked would be sampled here and there, and show noise.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import bpy
import numpy as np

from .channels import Channels, NormalMap
from .expressions import UV, Constant, Expression, Image, Operation, leaves
from .mesh_data import Floats, Ints, TriangleData


def texel_density(data: TriangleData, texels: int, uv_map: str = "", chosen: Any = slice(None)) -> float:
    """Texels in a unit of area of the mesh's *chosen* triangles, if its UV map holds *texels* in the unit square."""
    uvs = data.uv_corners(uv_map)
    if uvs is None:
        return 0.0
    flat, places = uvs[data.corners[chosen]], data.positions()[chosen]
    a, b = flat[:, 1] - flat[:, 0], flat[:, 2] - flat[:, 0]
    in_map = float(np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum(dtype=np.float64))
    normals: Floats = np.cross(places[:, 1] - places[:, 0], places[:, 2] - places[:, 0])
    on_mesh = float(np.linalg.norm(normals, axis=1).sum(dtype=np.float64))
    density = in_map / on_mesh * texels if on_mesh > 0.0 else 0.0
    return density if math.isfinite(density) else 0.0


def halvings(data: TriangleData, channels: Mapping[int, Channels], density: float) -> dict[bpy.types.Image, int]:
    """How often the images of materials are averaged 2 x 2, so that they are less than twice as dense as *density*.

    *channels* are those of the material slots. What several use is averaged as often as the least dense of them allows.
    """
    numbers: Ints = data.material_numbers()
    found: dict[bpy.types.Image, int] = {}
    for number, of_slot in channels.items():
        used = {leaf for part in _parts(of_slot) for leaf in leaves(part) if isinstance(leaf, Image)}
        if not used:
            continue
        chosen = numbers == number
        for leaf in used:
            width, height = leaf.image.size
            name, scale = _placed(leaf.place)
            dense = texel_density(data, width * height, name, chosen) * scale
            times = int(math.log(dense / density, 4.0)) if dense > density > 0.0 else 0
            times = min(times, int(math.log2(min(width, height))))
            found[leaf.image] = min(times, found.get(leaf.image, times))
    return found


def _parts(channels: Channels) -> list[Expression]:
    parts = [channels.base_color, channels.metallic, channels.roughness, channels.emission, channels.alpha]
    return [*parts, channels.normal.color] if isinstance(channels.normal, NormalMap) else parts


def _placed(place: Expression) -> tuple[str, float]:
    """The UV map of *place*, and how many times its area is multiplied by mappings."""
    match place:
        case UV(name):
            return name, 1.0
        case Operation("mapping", (inner, _location, _rotation, Constant((x, y, *_)))):
            name, scale = _placed(inner)
            return name, scale * abs(x * y)
        case Operation(_, (inner, *_)):
            return _placed(inner)
    return "", 1.0
