# SPDX-License-Identifier: GPL-3.0-or-later
"""The UV map that textures are baked to."""

from __future__ import annotations

import math

import bpy
import numpy as np
import pytest
from textured_meshes import grid, sphere, uv_map

from csm_blender.remesh.texture.unwrap import padding, unwrap

SIZE = 512


pytestmark = pytest.mark.usefixtures("empty_blender")


def spiral_ramp() -> bpy.types.Mesh:
    """A closed ribbon winding four times about z: seen from above it covers itself."""
    steps = 120
    places, faces = [], []
    for step in range(steps + 1):
        turn, height = step * 8 * math.pi / steps, step * 0.02
        ring = ((1.0, height), (1.5, height), (1.5, height - 0.1), (1.0, height - 0.1))
        places += [(radius * math.cos(turn), radius * math.sin(turn), z) for radius, z in ring]
    for step in range(steps):
        faces += [
            (step * 4 + k, step * 4 + (k + 1) % 4, step * 4 + 4 + (k + 1) % 4, step * 4 + 4 + k) for k in range(4)
        ]
    mesh = bpy.data.meshes.new("Ramp")
    mesh.from_pydata(places, [], faces)
    return mesh


def rough_sphere() -> bpy.types.Mesh:
    mesh = sphere("Rough", 5)
    random = np.random.default_rng(3)
    for vertex in mesh.vertices:
        vertex.co += type(vertex.co)(random.normal(0.0, 0.01, 3))
    mesh.update()
    return mesh


def cube() -> bpy.types.Mesh:
    mesh = bpy.data.meshes.new("Cube")
    corners = [(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]
    faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    mesh.from_pydata(corners, [], faces)
    return mesh


MESHES = {"spiral": spiral_ramp, "rough": rough_sphere, "cube": cube, "quads": lambda: grid("Grid", 6)}


def triangles(mesh: bpy.types.Mesh) -> np.ndarray:
    """(t, 3, 2) in UV units."""
    mesh.calc_loop_triangles()
    return uv_map(mesh)[[triangle.loops[:] for triangle in mesh.loop_triangles]].astype(float)


def faces_at(mesh: bpy.types.Mesh, size: int) -> list[list[int]]:
    """The faces that hold the center of each texel, slightly shrunk so that those on shared edges do not count."""
    mesh.calc_loop_triangles()
    found: list[list[int]] = [[] for _ in range(size * size)]
    for triangle, corners in zip(mesh.loop_triangles, triangles(mesh), strict=True):
        low = np.maximum(np.floor(corners.min(0) * size - 0.5).astype(int), 0)
        high = np.minimum(np.ceil(corners.max(0) * size - 0.5).astype(int), size - 1)
        y, x = np.mgrid[low[1] : high[1] + 1, low[0] : high[0] + 1]
        (a, b, c), px, py = corners * size, x + 0.5, y + 0.5
        area = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])
        if area == 0.0:
            continue
        u = ((px - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (py - a[1])) / area
        v = ((b[0] - a[0]) * (py - a[1]) - (px - a[0]) * (b[1] - a[1])) / area
        inside = (u > 1e-4) & (v > 1e-4) & (u + v < 1 - 1e-4)
        for place in (y * size + x)[inside]:
            found[place].append(triangle.polygon_index)
    return found


@pytest.mark.parametrize("kind", MESHES)
def test_no_two_faces_share_a_texel_and_all_lie_in_the_square(kind: str) -> None:
    mesh = MESHES[kind]()
    unwrap(mesh, SIZE)
    assert len(mesh.uv_layers) == 1
    corners = triangles(mesh)
    assert corners.min() >= 0.0
    assert corners.max() <= 1.0
    twice = [faces for faces in faces_at(mesh, SIZE) if len(set(faces)) > 1]
    assert twice == []


def test_what_the_last_look_has_found_is_parted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("csm_blender.remesh.texture.unwrap._ATTEMPTS", 1)
    mesh = spiral_ramp()
    unwrap(mesh, SIZE)
    assert [faces for faces in faces_at(mesh, SIZE) if len(set(faces)) > 1] == []


@pytest.mark.parametrize("kind", MESHES)
def test_no_face_is_mirrored_or_without_area(kind: str) -> None:
    mesh = MESHES[kind]()
    unwrap(mesh, SIZE)
    a, b, c = triangles(mesh).transpose(1, 0, 2)
    area = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    assert (area > 0.0).all()


def islands(mesh: bpy.types.Mesh) -> np.ndarray:
    """(faces,) the island of each face: faces that share two corners in the map."""
    label = list(range(len(mesh.polygons)))
    uvs = uv_map(mesh)

    def root(face: int) -> int:
        while label[face] != face:
            face = label[face]
        return face

    seen: dict[tuple, int] = {}
    for face in mesh.polygons:
        loops = list(face.loop_indices)
        for first, second in zip(loops, loops[1:] + loops[:1], strict=True):
            edge = tuple(sorted((tuple(uvs[first]), tuple(uvs[second]))))
            if edge in seen:
                label[root(face.index)] = root(seen[edge])
            seen[edge] = face.index
    return np.array([root(face) for face in range(len(label))])


@pytest.mark.parametrize("kind", ["cube", "spiral"])
def test_islands_are_apart_by_the_padding(kind: str) -> None:
    mesh = MESHES[kind]()
    unwrap(mesh, SIZE)
    island = islands(mesh)
    shown = np.full((SIZE, SIZE), -1)
    for place, faces in enumerate(faces_at(mesh, SIZE)):
        if faces:
            shown[divmod(place, SIZE)] = island[faces[0]]
    assert len(set(island)) >= (6 if kind == "cube" else 4)
    gap = padding(SIZE) - 1  # a texel at each side is half covered
    for dy in range(gap + 1):
        for dx in range(gap + 1 - dy):
            near, far = shown[dy:, dx:], shown[: SIZE - dy, : SIZE - dx]
            assert not ((near != far) & (near >= 0) & (far >= 0)).any(), (dx, dy)


def test_a_rough_surface_is_not_cut_into_crumbs() -> None:
    mesh = rough_sphere()
    unwrap(mesh, SIZE)
    a, b, c = triangles(mesh).transpose(1, 0, 2)
    area = ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]).sum() / 2.0
    assert area > 0.35
    assert len(set(islands(mesh))) < 60


def test_islands_end_at_sharp_edges() -> None:
    mesh = grid("Folded", 4)
    sharp = mesh.attributes.new("sharp_edge", "BOOLEAN", "EDGE")
    for edge in mesh.edges:
        sharp.data[edge.index].value = all(abs(mesh.vertices[v].co.x) < 1e-6 for v in edge.vertices)
    unwrap(mesh, SIZE)
    assert len(set(islands(mesh))) == 2


def test_the_same_mesh_gets_the_same_map() -> None:
    maps = []
    for _ in range(2):
        mesh = spiral_ramp()
        unwrap(mesh, SIZE)
        maps.append(uv_map(mesh).tobytes())
    assert maps[0] == maps[1]


def test_the_context_does_not_matter() -> None:
    """An object of the scene is being edited; it stays as it is."""
    other = bpy.data.objects.new("Other", cube())
    bpy.context.scene.collection.objects.link(other)
    bpy.context.view_layer.objects.active = other
    bpy.ops.object.mode_set(mode="EDIT")
    mesh = cube()
    unwrap(mesh, SIZE)
    assert len(mesh.uv_layers) == 1
    assert np.ptp(uv_map(mesh)) > 0.5
    assert other.mode == "EDIT"
    assert bpy.context.view_layer.objects.active == other
    assert [each.name for each in bpy.data.scenes] == ["Scene"]
    assert [each.name for each in bpy.data.objects] == ["Other"]
