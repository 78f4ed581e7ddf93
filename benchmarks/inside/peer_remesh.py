# SPDX-License-Identifier: GPL-3.0-or-later
"""In the environment ``peers``: ``peer_remesh.py OUT.json GLB TRIANGLES PIXELS``: PyMeshLab, xatlas, an Embree bake.

A closed surface around the mesh, reduced, unwrapped; base color and normals of the nearest place along the normal.
"""

from __future__ import annotations

import json
import struct
import sys
from pathlib import Path

import numpy as np
import pymeshlab
import trimesh
import xatlas
from PIL import Image
from trimesh.ray.ray_pyembree import RayMeshIntersector


def main(answer: str, glb: str, triangles: str, pixels: str) -> None:
    """Refine *glb* and write the result beside *answer*."""
    high = trimesh.load(glb, force="mesh", process=False)
    meshes = pymeshlab.MeshSet()
    meshes.add_mesh(pymeshlab.Mesh(high.vertices, high.faces))
    # Alpha wrap closes the mesh whatever it is; a 250th of the diagonal is about the detail of 20,000 triangles.
    meshes.generate_alpha_wrap(alpha=pymeshlab.PercentageValue(0.6), offset=pymeshlab.PercentageValue(0.08))
    meshes.meshing_decimation_quadric_edge_collapse(targetfacenum=int(triangles), preservenormal=True)
    made = meshes.current_mesh()
    low = trimesh.Trimesh(made.vertex_matrix(), made.face_matrix(), process=False)
    rows, faces, uvs = xatlas.parametrize(low.vertices, low.faces)
    low = trimesh.Trimesh(low.vertices[rows], faces, vertex_normals=low.vertex_normals[rows], process=False)
    color, normal = _baked(high, vertex_colors(Path(glb)), low, uvs, int(pixels))
    images = [Image.fromarray((np.clip(each, 0.0, 1.0) * 255.0).astype(np.uint8)[::-1]) for each in (color, normal)]
    material = trimesh.visual.material.PBRMaterial(baseColorTexture=images[0], normalTexture=images[1])
    low.visual = trimesh.visual.TextureVisuals(uv=uvs, material=material)
    low.export(Path(answer).with_suffix(".glb"))


def vertex_colors(glb: Path) -> np.ndarray:
    """(n, 3) the colors of the first mesh's vertices, which trimesh does not read beside a material."""
    data = glb.read_bytes()
    length = struct.unpack_from("<I", data, 12)[0]
    document = json.loads(data[20 : 20 + length])
    accessor = document["accessors"][document["meshes"][0]["primitives"][0]["attributes"]["COLOR_0"]]
    start = 28 + length + document["bufferViews"][accessor["bufferView"]]["byteOffset"]
    return np.frombuffer(data, np.float32, accessor["count"] * 4, start).reshape(-1, 4)[:, :3]


def _baked(
    high: trimesh.Trimesh, colors: np.ndarray, low: trimesh.Trimesh, uvs: np.ndarray, pixels: int
) -> tuple[np.ndarray, np.ndarray]:
    """Colors in sRGB and world-space normals (pixels, pixels, 3): the first hit of a ray from outside."""
    triangle, weights, texel = _texels(uvs[low.faces] * pixels - 0.5, pixels)
    corners = low.faces[triangle]
    places = (low.vertices[corners] * weights[..., None]).sum(axis=1)
    normals = (low.vertex_normals[corners] * weights[..., None]).sum(axis=1)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    reach = 0.012 * high.scale  # the wrap stands off by half a percent
    hits, rays, faces = RayMeshIntersector(high).intersects_location(
        places + normals * reach, -normals, multiple_hits=False
    )
    near = np.linalg.norm(hits - places[rays], axis=1) < 2.0 * reach
    hits, rays, faces = hits[near], rays[near], faces[near]
    shares = trimesh.triangles.points_to_barycentric(high.triangles[faces], hits)
    seen = colors[high.faces[faces]]
    color, normal = np.full((pixels * pixels, 3), 0.5), np.full((pixels * pixels, 3), (0.5, 0.5, 1.0))
    color[texel[rays]] = (seen * shares[..., None]).sum(axis=1) ** (1.0 / 2.2)
    normal[texel[rays]] = high.face_normals[faces] * 0.5 + 0.5
    return color.reshape(pixels, pixels, 3), normal.reshape(pixels, pixels, 3)


def _texels(corners: np.ndarray, pixels: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each covered texel its triangle, the weights of the corners, and its number."""
    low = np.clip(np.floor(corners.min(axis=1)), 0, pixels - 1).astype(np.int64)
    high = np.clip(np.ceil(corners.max(axis=1)), 0, pixels - 1).astype(np.int64)
    size = high - low + 1
    count = size[:, 0] * size[:, 1]
    of = np.repeat(np.arange(len(corners)), count)
    step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    x, y = low[of, 0] + step % size[of, 0], low[of, 1] + step // size[of, 0]
    a, b, c = (corners[:, i] for i in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (c[:, 0] - a[:, 0]) * (b[:, 1] - a[:, 1])
    area = np.where(area == 0.0, np.inf, area)[of]
    dx, dy = x - a[of, 0], y - a[of, 1]
    u = (dx * (c[of, 1] - a[of, 1]) - (c[of, 0] - a[of, 0]) * dy) / area
    v = ((b[of, 0] - a[of, 0]) * dy - dx * (b[of, 1] - a[of, 1])) / area
    inside = (u >= -0.01) & (v >= -0.01) & (u + v <= 1.01)
    weights = np.stack([1.0 - u - v, u, v], axis=1)[inside]
    return of[inside], weights, (y * pixels + x)[inside]


if __name__ == "__main__":
    main(*sys.argv[1:])
