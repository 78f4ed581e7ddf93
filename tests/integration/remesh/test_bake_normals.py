# SPDX-License-Identifier: GPL-3.0-or-later
"""The normal map: the shape of the original on a coarser mesh, and the original's own maps."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
import pytest
from textured_meshes import Baked, MaterialTree, add_uv_map, baked, grid, image, sphere

pytestmark = pytest.mark.usefixtures("empty_blender")


def turned_normal(low: bpy.types.Mesh, result: Baked) -> tuple[Any, Any]:
    """Places, and the normals that the map gives there on a flat low mesh facing up, as Blender decodes them."""
    low.calc_tangents()
    low.calc_loop_triangles()
    places, stored = result.at_surface("Normal")
    tangent = np.array(low.loops[0].tangent[:])
    bitangent = low.loops[0].bitangent_sign * np.cross((0.0, 0.0, 1.0), tangent)
    local = stored[:, :3] * 2.0 - 1.0
    normals = local[:, :1] * tangent + local[:, 1:2] * bitangent + local[:, 2:3] * (0.0, 0.0, 1.0)
    return places, normals / np.linalg.norm(normals, axis=1, keepdims=True)


def test_the_normal_map_shows_the_shape_of_the_original() -> None:
    original, low = grid("Original", 60), grid("Low", 1)
    for vertex in original.vertices:
        vertex.co.z = 0.02 * np.sin(vertex.co.x * 6.0) * np.cos(vertex.co.y * 4.0)
    original.polygons.foreach_set("use_smooth", np.ones(len(original.polygons), dtype=bool))
    original.update()
    result = baked(original, low)
    assert result.kinds() == {"Normal"}
    assert result.image("Normal").colorspace_settings.is_data
    places, normals = turned_normal(low, result)
    x, y = places[:, 0], places[:, 1]
    slope = np.stack([-0.12 * np.cos(x * 6) * np.cos(y * 4), 0.08 * np.sin(x * 6) * np.sin(y * 4), np.ones(len(x))], 1)
    slope /= np.linalg.norm(slope, axis=1, keepdims=True)
    inside = np.abs(places[:, :2]).max(axis=1) < 0.95
    angle = np.degrees(np.arccos(np.clip((normals * slope).sum(axis=1)[inside], -1.0, 1.0)))
    assert angle.mean() < 0.5
    assert angle.max() < 2.0


def test_the_normal_map_shows_the_originals_own() -> None:
    """Its UV map is turned and mirrored, so that its tangents are none of the low mesh's."""
    original, low = grid("Original", 4), grid("Low", 1)
    original.uv_layers.remove(original.uv_layers[0])
    add_uv_map(original, "Turned", lambda places: places[:, 1::-1] * 0.5 + 0.5)
    tree = MaterialTree("Bumpy")
    tilt = np.array([0.3, 0.1, np.sqrt(1 - 0.3**2 - 0.1**2)])
    picture = image("Tilt", np.tile(tilt * 0.5 + 0.5, (8, 8, 1)), "Non-Color")
    node = tree.node("ShaderNodeNormalMap", uv_map="Turned")
    tree.link(tree.texture(picture).outputs[0], node.inputs["Color"])
    tree.link(node.outputs[0], "Normal")
    original.materials.append(tree.material)
    result = baked(original, low)
    assert result.kinds() == {"Normal"}
    _places, normals = turned_normal(low, result)
    expected = (tilt[1], tilt[0], tilt[2])  # u runs along y, v along x
    assert np.abs(normals - expected).max() < 0.02


def test_a_shape_that_is_the_same_needs_no_normal_map() -> None:
    original, low = sphere("Original", 4), sphere("Low", 4)
    assert baked(original, low).kinds() == set()


def test_a_normal_map_on_faces_of_many_sides() -> None:
    original, low = grid("Original", 1), grid("Low", 1)
    bpy.data.meshes.remove(original)
    original = bpy.data.meshes.new("Original")
    turns = np.arange(8) * np.pi / 4
    original.from_pydata([(2 * np.cos(turn), 2 * np.sin(turn), 0.0) for turn in turns], [], [range(8)])
    add_uv_map(original, "UVMap", lambda places: places[:, :2] * 0.25 + 0.5)
    tree = MaterialTree("Bumpy")
    tilt = np.array([0.3, 0.1, np.sqrt(1 - 0.3**2 - 0.1**2)])
    node = tree.node("ShaderNodeNormalMap")
    picture = image("Tilt", np.tile(tilt * 0.5 + 0.5, (8, 8, 1)), "Non-Color")
    tree.link(tree.texture(picture).outputs[0], node.inputs["Color"])
    tree.link(node.outputs[0], "Normal")
    original.materials.append(tree.material)
    _places, normals = turned_normal(low, baked(original, low))
    assert np.abs(normals - tilt).max() < 0.02
