# SPDX-License-Identifier: GPL-3.0-or-later
"""Materials whose node trees only a renderer can tell."""

from __future__ import annotations

import bpy
import numpy as np
import pytest
from textured_meshes import SIZE, STEP, Baked, MaterialTree, sphere, srgb

from csm_blender.remesh.texture.bake import bake
from csm_blender.remesh.texture.unwrap import unwrap

pytestmark = pytest.mark.usefixtures("empty_blender")


def by_object_place(name: str) -> MaterialTree:
    """A material whose base color is half the place in the object plus a half."""
    tree = MaterialTree(name)
    place, half = tree.node("ShaderNodeTexCoord"), tree.node("ShaderNodeVectorMath", operation="MULTIPLY_ADD")
    half.inputs[1].default_value = half.inputs[2].default_value = (0.4, 0.4, 0.4)
    tree.link(place.outputs["Object"], half.inputs[0])
    tree.link(half.outputs[0], "Base Color")
    return tree


def test_a_procedural_color_is_rendered_and_a_plain_one_beside_it_read() -> None:
    original, low = sphere("Original", 5), sphere("Low", 4)
    original.materials.append(by_object_place("Procedural").material)
    original.materials.append(MaterialTree("Plain", base_color=(0.2, 0.4, 0.6, 1.0)).material)
    for face in original.polygons:
        face.material_index = int(face.center.z > 0)
    unwrap(low, SIZE)
    before = {kind: len(getattr(bpy.data, kind)) for kind in ("meshes", "objects", "scenes", "materials")}
    bake(original, low, SIZE, lambda _share, _what: None)
    result = Baked(low)
    assert result.kinds() == {"Base Color"}
    places, stored = result.at_surface("Base Color")
    lower, upper = places[:, 2] < -0.03, places[:, 2] > 0.03
    off = np.abs(stored[lower, :3] - srgb(np.clip(places[lower] * 0.4 + 0.4, 0, 1)))
    assert np.sqrt((off**2).mean()) < 3 * STEP
    assert off.max() < 16 * STEP
    assert np.abs(stored[upper, :3] - srgb(np.array((0.2, 0.4, 0.6)))).max() < 2 * STEP
    assert before | {"materials": before["materials"] + 1} == {kind: len(getattr(bpy.data, kind)) for kind in before}


def test_what_rays_miss_is_filled_from_beside_it() -> None:
    """The low mesh closes a hole that the original has."""
    original, low = sphere("Original", 5), sphere("Low", 4)
    import bmesh

    made = bmesh.new()
    made.from_mesh(original)
    bmesh.ops.delete(made, geom=[face for face in made.faces if face.calc_center_median().z > 0.97], context="FACES")
    made.to_mesh(original)
    made.free()
    original.materials.append(by_object_place("Procedural").material)
    unwrap(low, SIZE)
    bake(original, low, SIZE, lambda _share, _what: None)
    places, stored = Baked(low).at_surface("Base Color")
    hole = places[:, 2] > 0.98
    assert hole.sum() > 10
    assert np.abs(stored[hole, 2] - srgb(np.array(0.8))).max() < 0.05


def test_a_bump_is_rendered_into_the_normal_map() -> None:
    original, low = sphere("Original", 5), sphere("Low", 4)
    tree = MaterialTree("Bumpy")
    noise, bump = tree.node("ShaderNodeTexNoise"), tree.node("ShaderNodeBump")
    noise.inputs["Scale"].default_value = 3.0
    bump.inputs["Distance"].default_value = 0.2
    tree.link(noise.outputs[0], bump.inputs["Height"])
    tree.link(bump.outputs[0], "Normal")
    original.materials.append(tree.material)
    unwrap(low, SIZE)
    bake(original, low, SIZE, lambda _share, _what: None)
    result = Baked(low)
    assert result.kinds() == {"Normal"}
    _places, stored = result.at_surface("Normal")
    local = stored[:, :3] * 2.0 - 1.0
    assert np.abs(np.linalg.norm(local, axis=1) - 1.0).max() < 0.1
    assert 0.05 < np.abs(local[:, :2]).mean() < 0.5
    assert local[:, 2].min() > 0.0
