# SPDX-License-Identifier: GPL-3.0-or-later
"""Synthetic meshes as GLB: a bumpy sheet of any number of triangles with a noisy texture, as a service would send."""

from __future__ import annotations

import io
import json
import math
import struct
from pathlib import Path

import numpy as np
from PIL import Image

TEXTURE_PIXELS = 2048
SEED = 6


def make_glb(path: Path, triangles: int, pixels: int = TEXTURE_PIXELS) -> Path:
    """Write a GLB of about *triangles* triangles to *path*, unless it is there; the same bytes every time."""
    if path.exists():
        return path
    positions, normals, uvs, indices = _sheet(max(1, round(math.sqrt(triangles / 2.0))))
    image = _texture(pixels)
    parts = [positions.tobytes(), normals.tobytes(), uvs.tobytes(), indices.tobytes(), image]
    views, offset = [], 0
    for part in parts:
        views.append({"buffer": 0, "byteOffset": offset, "byteLength": len(part)})
        offset += len(part) + (-len(part) % 4)
    binary = b"".join(part + b"\0" * (-len(part) % 4) for part in parts)
    count = len(positions)
    document = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": "Sheet"}],
        "meshes": [
            {
                "name": "Sheet",
                "primitives": [
                    {"attributes": {"POSITION": 0, "NORMAL": 1, "TEXCOORD_0": 2}, "indices": 3, "material": 0}
                ],
            }
        ],
        "materials": [{"name": "Skin", "pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}],
        "textures": [{"source": 0}],
        "images": [{"bufferView": 4, "mimeType": "image/png"}],
        "accessors": [
            {
                "bufferView": 0,
                "componentType": 5126,
                "count": count,
                "type": "VEC3",
                "min": positions.min(axis=0).tolist(),
                "max": positions.max(axis=0).tolist(),
            },
            {"bufferView": 1, "componentType": 5126, "count": count, "type": "VEC3"},
            {"bufferView": 2, "componentType": 5126, "count": count, "type": "VEC2"},
            {"bufferView": 3, "componentType": 5125, "count": indices.size, "type": "SCALAR"},
        ],
        "bufferViews": views,
        "buffers": [{"byteLength": len(binary)}],
    }
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    head = struct.pack("<4sII", b"glTF", 2, 28 + len(text) + len(binary))
    chunks = [struct.pack("<II", len(text), 0x4E4F534A), text, struct.pack("<II", len(binary), 0x004E4942), binary]
    path.write_bytes(head + b"".join(chunks))
    return path


def _sheet(side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A sheet of side² quads in glTF's axes, its hills in y: positions, normals, UVs, indices."""
    line = np.linspace(0.0, 1.0, side + 1)
    u, v = np.meshgrid(line, line, indexing="ij")
    height = 0.2 * np.sin(9.0 * u) * np.cos(7.0 * v) + 0.01 * np.sin(90.0 * u + 70.0 * v)
    positions = np.stack([u - 0.5, height, v - 0.5], axis=-1).reshape(-1, 3).astype(np.float32)
    slopes_u, slopes_v = np.gradient(height, line, line) if side > 1 else (0.0 * u, 0.0 * u)
    normals = np.stack([-slopes_u, np.ones_like(u), -slopes_v], axis=-1).reshape(-1, 3)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    uvs = np.stack([u, v], axis=-1).reshape(-1, 2).astype(np.float32)
    corner = np.arange(side * (side + 1)).reshape(side, side + 1)[:, :-1].reshape(-1)
    a, b, c, d = corner, corner + 1, corner + side + 2, corner + side + 1
    indices = np.stack([a, b, c, a, c, d], axis=-1).reshape(-1).astype(np.uint32)
    return positions, normals.astype(np.float32), uvs, indices


def _texture(pixels: int) -> bytes:
    """A PNG with as much noise as a photographed surface has."""
    noise = np.random.default_rng(SEED).integers(0, 48, (pixels, pixels, 3), dtype=np.uint8)
    noise += np.linspace(0, 200, pixels, dtype=np.uint8)[:, None, None]
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "PNG", compress_level=1)
    return file.getvalue()
