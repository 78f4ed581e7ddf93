# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes surfaces as GLB, with the textures that their looks ask for."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from fit_glbs import Glb

from rough.known.kinds import Kind
from rough.known.looks import Look, linear
from rough.surface import Charts, Surface

_PADDING = 0.04
"""Share of a chart's square that is left around it on each side."""


def painted(surface: Surface, kind: Kind) -> Surface:
    """*surface* with the colors of its kind at the vertices. Do this before damage, so that they keep their color."""
    material = np.zeros(len(surface.points), dtype=np.int64)
    material[surface.triangles] = surface.material[:, None]
    return replace(surface, colors=kind.looks.colors(surface.points, material))


def write_glb(path: Path, surface: Surface, kind: Kind, charts: Charts | None, *, normals: bool = True) -> Path:
    """Write the painted *surface*; *charts* are those of the whole one. ``normals``: with those of its vertices."""
    glb = Glb()
    smooth = surface.vertex_normals() if normals and not kind.sharp else None
    primitives = []
    for number, look in enumerate(kind.looks.of):
        mine = surface.only(surface.material == number)
        if len(mine.triangles):
            primitives.append(_primitive(glb, mine, look, smooth, charts))
            primitives[-1]["material"] = _material(glb, look, number, mine, charts, kind.pixels)
    glb.document["meshes"] = [{"name": kind.name, "primitives": primitives}]
    glb.node(mesh=0, name=kind.name)
    path.write_bytes(glb.bytes())
    return path


def _primitive(glb: Glb, mine: Surface, look: Look, smooth: np.ndarray | None, charts: Charts | None) -> dict[str, Any]:
    corners = mine.triangles.ravel()
    if look.carrier == "texture":
        uv = atlas(charts, mine.chart.repeat(3), mine.spots.reshape(-1, 2))
        if look.transform:
            uv = (uv - look.transform[:2]) / look.transform[2:]
        keys = np.concatenate([corners[:, None], np.round(uv * 1e6).astype(np.int64)], axis=1)
        first, inverse = _unique_rows(keys)
        rows, faces = corners[first], inverse
    else:
        rows, faces = np.unique(corners, return_inverse=True)
        uv, first = None, None
    attributes = {"POSITION": glb.accessor(_to_gltf(mine.points[rows]), "VEC3")}
    if smooth is not None:
        normal = smooth[rows]
        normal[np.linalg.norm(normal, axis=1) < 0.5] = (0.0, 0.0, 1.0)
        attributes["NORMAL"] = glb.accessor(_to_gltf(normal), "VEC3")
    if uv is not None:
        flipped = np.stack([uv[first, 0], 1.0 - uv[first, 1]], axis=1)
        if look.second_uv:
            attributes["TEXCOORD_0"] = glb.accessor(np.zeros_like(flipped), "VEC2")
        attributes[f"TEXCOORD_{int(look.second_uv)}"] = glb.accessor(flipped, "VEC2")
    if look.carrier == "vertex" and mine.colors is not None:
        rgba = np.ones((len(rows), 4))
        rgba[:, :3] = linear(mine.colors[rows])
        attributes["COLOR_0"] = glb.accessor(rgba, "VEC4")
    return {"attributes": attributes, "indices": glb.accessor(faces.ravel(), "SCALAR", 5125)}


def _unique_rows(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = np.lexsort(keys.T[::-1])
    ranked = keys[order]
    new = np.concatenate([[True], (ranked[1:] != ranked[:-1]).any(axis=1)])
    inverse = np.empty(len(keys), dtype=np.int64)
    inverse[order] = np.cumsum(new) - 1
    return order[new], inverse


def _to_gltf(places: np.ndarray) -> np.ndarray:
    return np.stack([places[:, 0], places[:, 2], -places[:, 1]], axis=1)


def atlas(charts: Charts | None, number: np.ndarray, spot: np.ndarray) -> np.ndarray:
    """UVs (n, 2), v upwards, of places on charts."""
    side = _side(charts)
    inner = _PADDING + spot * (1.0 - 2.0 * _PADDING)
    return (np.stack([number % side, number // side], axis=1) + inner) / side


def _side(charts: Charts | None) -> int:
    return int(np.ceil(np.sqrt(charts.count))) if charts else 1


def texture_places(charts: Charts, pixels: int) -> np.ndarray:
    """Where on the surface the center of each texel lies, rows from below: (pixels², 3)."""
    side = _side(charts)
    center = (np.arange(pixels) + 0.5) / pixels * side
    v, u = (part.ravel() for part in np.meshgrid(center, center, indexing="ij"))
    number = np.minimum(v.astype(int) * side + u.astype(int), charts.count - 1)
    spot = np.stack([u % 1.0, v % 1.0], axis=1)
    return charts.place_of(number, np.clip((spot - _PADDING) / (1.0 - 2.0 * _PADDING), 0.0, 1.0))


def _material(glb: Glb, look: Look, number: int, mine: Surface, charts: Charts | None, pixels: int) -> dict[str, Any]:
    metal: dict[str, Any] = {"metallicFactor": 0.0, "roughnessFactor": 0.6}
    material: dict[str, Any] = {"name": f"m{number}", "pbrMetallicRoughness": metal}
    if look.carrier == "texture" and charts is not None:
        places = texture_places(charts, pixels)
        extra: dict[str, Any] = {"texCoord": int(look.second_uv)}
        if look.transform:
            u, v, width, height = look.transform
            # In glTF v points down: the flipped v is 1 - v, before and after.
            extra["extensions"] = {"KHR_texture_transform": {"offset": [u, 1.0 - v - height], "scale": [width, height]}}
            glb.document["extensionsUsed"] = ["KHR_texture_transform"]
        color = look.color(places)
        if look.alpha is not None:
            color = np.concatenate([color, look.alpha(places)[:, None]], axis=1)
            material |= {"alphaMode": "MASK", "alphaCutoff": 0.5}
        metal["baseColorTexture"] = {"index": _texture(glb, color, pixels), **extra}
        if look.metallic_roughness is not None:
            values = look.metallic_roughness(places)
            packed = np.stack([np.ones(len(values)), values[:, 1], values[:, 0]], axis=1)
            metal |= {"metallicFactor": 1.0, "roughnessFactor": 1.0}
            metal["metallicRoughnessTexture"] = {"index": _texture(glb, packed, pixels), **extra}
        if look.emission is not None:
            from rough.known.looks import encoded

            material["emissiveFactor"] = [1.0, 1.0, 1.0]
            material["emissiveTexture"] = {"index": _texture(glb, encoded(look.emission(places)), pixels), **extra}
    elif look.carrier == "factor":
        metal["baseColorFactor"] = [*linear(look.color(mine.points[:1]))[0].tolist(), 1.0]
        if look.metallic_roughness is not None:
            metal["metallicFactor"], metal["roughnessFactor"] = map(float, look.metallic_roughness(mine.points[:1])[0])
    glb.document.setdefault("materials", []).append(material)
    return len(glb.document["materials"]) - 1


def _texture(glb: Glb, values: np.ndarray, pixels: int) -> int:
    """Add an image of *values* (pixels², 3 or 4), rows from below, and a texture of it."""
    rows = np.round(np.clip(values, 0.0, 1.0) * 255.0).astype(np.uint8).reshape(pixels, pixels, -1)[::-1]
    data = png(rows)
    glb.binary += b"\0" * (-len(glb.binary) % 4)
    views = glb.document.setdefault("bufferViews", [])
    views.append({"buffer": 0, "byteOffset": len(glb.binary), "byteLength": len(data)})
    glb.binary += data
    glb.document.setdefault("images", []).append({"bufferView": len(views) - 1, "mimeType": "image/png"})
    glb.document.setdefault("textures", []).append({"source": len(glb.document["images"]) - 1})
    return len(glb.document["textures"]) - 1


def png(rows: np.ndarray) -> bytes:
    """A PNG of 8-bit rows (height, width, 3 or 4) from the top."""
    height, width, channels = rows.shape
    raw = np.concatenate([np.zeros((height, 1), np.uint8), rows.reshape(height, -1)], axis=1).tobytes()

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2 if channels == 3 else 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(raw, 1)) + chunk(b"IEND", b"")
