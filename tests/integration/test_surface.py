# SPDX-License-Identifier: GPL-3.0-or-later
"""What belongs to no face is left out of a mesh, and nothing else of it changes; what looks wrong is found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fit_glbs import Glb, block, letter

bpy = pytest.importorskip("bpy")
import bmesh

from csm_blender.converter.import_mesh import import_as_one_mesh
from csm_blender.converter.mesh.looks import count_transparent, is_inside_out
from csm_blender.converter.mesh.surface import keep_surface
from csm_blender.converter.mesh.transform_mesh import coordinates, reshape

FAR = [(9.0, 9.0, 9.0), (10.0, 9.0, 9.0)]


@pytest.fixture(autouse=True)
def empty() -> Iterator[None]:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    return


def made(points: Any, edges: Any = (), faces: Any = ()) -> Any:
    mesh = bpy.data.meshes.new("M")
    mesh.from_pydata(np.asarray(points).tolist(), list(edges), np.asarray(faces).tolist())
    return mesh


@pytest.mark.parametrize("edges", [[], [(40, 41)], [(0, 40)], [(0, 20)]], ids=["points", "a line", "hanging", "inside"])
def test_only_faces_are_left_where_there_are_any(edges: list[tuple[int, int]]) -> None:
    points, faces = letter()
    mesh = made(np.concatenate([points, FAR]), edges, faces)
    assert keep_surface(mesh)
    assert (len(mesh.vertices), len(mesh.polygons)) == (40, 60)
    assert len(mesh.edges) == len(made(points, (), faces).edges)
    assert coordinates(mesh).max() == 0.5
    assert not keep_surface(mesh)


def test_a_line_between_two_corners_of_faces_is_none_of_the_surface() -> None:
    points, faces = letter()
    mesh = made(points, [(0, 20)], faces)
    assert keep_surface(mesh)
    assert (len(mesh.vertices), len(mesh.edges)) == (40, len(made(points, (), faces).edges))


def test_without_faces_the_edges_are_left_and_without_edges_the_points() -> None:
    lines = made([(0, 0, 0), (1, 0, 0), *FAR], [(0, 1)])
    assert keep_surface(lines)
    assert (len(lines.vertices), len(lines.edges)) == (2, 1)
    points = made(FAR)
    assert not keep_surface(points)
    assert len(points.vertices) == 2


def test_uvs_materials_and_normals_of_the_faces_stay() -> None:
    points, faces = letter()
    mesh = made(np.concatenate([points, FAR]), (), faces)
    directions = np.tile((0.6, 0.0, 0.8), (180, 1))
    uvs = np.linspace(0.0, 1.0, 360, dtype=np.float32)
    mesh.normals_split_custom_set(directions.tolist())
    mesh.uv_layers.new(name="A").uv.foreach_set("vector", uvs)
    mesh.materials.append(bpy.data.materials.new("Oak"))
    assert keep_surface(mesh)
    found, kept = np.empty(540, dtype=np.float32), np.empty(360, dtype=np.float32)
    mesh.corner_normals.foreach_get("vector", found)
    mesh.uv_layers["A"].uv.foreach_get("vector", kept)
    assert np.abs(found.reshape(-1, 3) - directions).max() < 1e-3
    assert np.array_equal(kept, uvs)
    assert mesh.materials[0].name == "Oak"


def test_lines_and_points_with_normals_are_scaled() -> None:
    """An importer leaves such a mesh where a file's triangles are all degenerate; found by the fuzzer."""
    points, faces = letter()
    mesh = made(points, (), faces)
    mesh.normals_split_custom_set(np.tile((0.6, 0.0, 0.8), (180, 1)).tolist())
    shape = bmesh.new()
    shape.from_mesh(mesh)
    bmesh.ops.delete(shape, geom=shape.faces[:], context="FACES_ONLY")
    shape.to_mesh(mesh)
    shape.free()
    assert mesh.has_custom_normals
    reshape(mesh, np.diag((1.0, 2.0, -3.0)))
    assert coordinates(mesh) == pytest.approx(points * (1.0, 2.0, -3.0), abs=1e-6)


def quads(outward: bool) -> Any:
    points, faces = block((0.0,) * 3, (1.0,) * 3)
    squares = faces.reshape(6, 6)[:, (0, 1, 2, 5)]
    return made(points, (), squares if outward else squares[:, ::-1])


@pytest.mark.parametrize("outward", [True, False])
def test_a_closed_mesh_is_inside_out_where_its_volume_is_negative(outward: bool) -> None:
    for mesh in (quads(outward), made(letter()[0] + 70.0, (), letter()[1] if outward else letter()[1][:, ::-1])):
        assert is_inside_out(mesh, coordinates(mesh), closed=True) is not outward


@pytest.mark.parametrize("closed", [True, False])
def test_what_has_no_inside_is_not_inside_out(closed: bool) -> None:
    points, faces = letter()
    flat = points * (1.0, 0.0, 1.0)
    both = np.concatenate([faces, faces[:, ::-1]])
    for mesh in (made(flat, (), faces), made(flat, (), faces[:, ::-1]), made(points, (), both), made(points)):
        assert not is_inside_out(mesh, coordinates(mesh), closed=closed)


def material(alpha: float | None) -> Any:
    """A material with that alpha, or with one that a picture gives."""
    made_material = bpy.data.materials.new("M")
    if made_material.node_tree is None:  # from Blender 5 on it always has one
        made_material.use_nodes = True
    tree = made_material.node_tree
    shader = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    shader.inputs["Alpha"].default_value = alpha or 0.0
    if alpha is None:
        tree.links.new(tree.nodes.new("ShaderNodeTexImage").outputs["Alpha"], shader.inputs["Alpha"])
    return made_material


def test_materials_that_show_nothing_of_a_face_are_counted() -> None:
    mesh = quads(outward=True)
    assert count_transparent(mesh) == 0
    for alpha in (0.0, 0.01, 1.0, None, 0.0):
        mesh.materials.append(material(alpha))
    mesh.materials.append(None)
    mesh.polygons.foreach_set("material_index", [0, 0, 1, 2, 3, 5])  # none has the second one of alpha 0
    assert count_transparent(mesh) == 1


@pytest.mark.parametrize("count", [1, 2])
def test_triangles_that_are_less_than_one_do_not_crash_blender(tmp_path: Path, count: int) -> None:
    """Found by the fuzzer: the importer of 4.2 died."""
    glb = Glb()
    glb.node(mesh=glb.mesh(*letter()))
    glb.document["accessors"][glb.document["meshes"][0]["primitives"][0]["indices"]]["count"] = count
    (tmp_path / "letter.glb").write_bytes(glb.bytes())
    assert len(import_as_one_mesh(tmp_path / "letter.glb").mesh.polygons) == 0
