# SPDX-License-Identifier: GPL-3.0-or-later
"""GLB files for the tests, made with trimesh, and the measuring of what came back."""

from __future__ import annotations

import io
import json
import struct
from typing import Any

import numpy as np
import trimesh
from PIL import Image
from trimesh.visual import TextureVisuals
from trimesh.visual.material import PBRMaterial

TEXTURE = Image.fromarray(np.arange(48, dtype=np.uint8).reshape(4, 4, 3) * 5)


def wavy(*, noise: float = 0.0, holes: int = 0, bits: int = 0) -> trimesh.Trimesh:
    """A textured egg of 320 triangles, radius about 1, center far from the origin; the flaws as asked for."""
    rng = np.random.default_rng(3)
    egg = trimesh.creation.icosphere(subdivisions=2)
    uv = egg.vertices[:, :2] * 0.4 + 0.5
    egg.vertices *= np.array([1.0, 1.3, 0.8]) * (1 + rng.normal(0, noise, (len(egg.vertices), 1)))
    if holes:
        egg.update_faces(~np.isin(np.arange(len(egg.faces)), np.arange(holes) * 37))
    pieces = [egg]
    for place in rng.uniform(1.2, 1.6, (bits, 3)):
        bit = trimesh.creation.icosphere(subdivisions=0, radius=0.02)
        bit.apply_translation(place)
        pieces.append(bit)
        uv = np.vstack([uv, np.full((len(bit.vertices), 2), 0.5)])
    mesh = trimesh.util.concatenate(pieces)
    mesh.apply_translation([5.0, -3.0, 2.0])
    mesh.visual = TextureVisuals(
        uv=uv, material=PBRMaterial(name="Shell", baseColorTexture=TEXTURE, roughnessFactor=0.4)
    )
    return mesh


def glb(mesh: Any) -> bytes:
    """The mesh or scene as GLB."""
    return bytes(mesh.export(file_type="glb"))


def load(data: bytes) -> trimesh.Scene:
    """A GLB as trimesh reads it, nothing merged."""
    return trimesh.load_scene(io.BytesIO(data), file_type="glb", process=False)


def welded(data: bytes) -> trimesh.Trimesh:
    """All of a GLB's triangles as one bare mesh, equal positions joined."""
    scene = load(data)
    mesh = trimesh.util.concatenate([trimesh.Trimesh(m.vertices, m.faces) for m in scene.dump()])
    mesh.merge_vertices(merge_tex=True, merge_norm=True)
    return mesh


def document(data: bytes) -> dict[str, Any]:
    """The JSON of a GLB."""
    (length,) = struct.unpack_from("<I", data, 12)
    parsed: dict[str, Any] = json.loads(data[20 : 20 + length])
    return parsed


def bounds(data: bytes) -> np.ndarray:
    """(2, 3) box of all positions, from the stored numbers themselves; node transforms must be trivial."""
    gltf = document(data)
    assert all(node.get("matrix", IDENTITY) == IDENTITY and not {"translation", "rotation", "scale"} & set(node)
               for node in gltf["nodes"])  # fmt: skip
    found = [
        gltf["accessors"][primitive["attributes"]["POSITION"]]
        for mesh in gltf["meshes"]
        for primitive in mesh["primitives"]
    ]
    return np.array([np.min([a["min"] for a in found], axis=0), np.max([a["max"] for a in found], axis=0)])


IDENTITY = [1.0, 0, 0, 0, 0, 1.0, 0, 0, 0, 0, 1.0, 0, 0, 0, 0, 1.0]
