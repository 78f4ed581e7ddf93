# SPDX-License-Identifier: GPL-3.0-or-later
"""What is baked of metallic, roughness, emission and alpha, and what stays a number."""

from __future__ import annotations

import bpy
import numpy as np
import pytest
from textured_meshes import SIZE, STEP, Baked, MaterialTree, baked, grid, image, ramp, spheres

from csm_blender.remesh.texture.bake import bake
from csm_blender.remesh.texture.unwrap import unwrap

pytestmark = pytest.mark.usefixtures("empty_blender")


def test_plain_factors_stay_factors() -> None:
    original, low = spheres()
    inputs = {"base_color": (0.2, 0.4, 0.6, 1.0), "metallic": 1.0, "roughness": 0.3}
    original.materials.append(MaterialTree("Plain", **inputs).material)
    result = baked(original, low)
    assert result.kinds() == set()
    assert np.abs(result.factor("Base Color") - (0.2, 0.4, 0.6)).max() < 1e-4
    assert abs(result.factor("Metallic") - 1.0) < 1e-4
    assert abs(result.factor("Roughness") - 0.3) < 1e-4


def test_metallic_and_roughness_share_an_image_as_gltf_packs_them() -> None:
    original, low = grid("Original", 4), grid("Low", 2)
    tree = MaterialTree("Packed")
    texture = tree.texture(image("Packed", np.roll(ramp(), 1, axis=2), "Non-Color"))  # green grows with u, blue with v
    separate = tree.node("ShaderNodeSeparateColor")
    tree.link(texture.outputs[0], separate.inputs[0])
    tree.link(separate.outputs["Green"], "Roughness")
    tree.link(separate.outputs["Blue"], "Metallic")
    original.materials.append(tree.material)
    result = baked(original, low)
    assert result.kinds() == {"Metallic Roughness"}
    assert result.image("Metallic Roughness").colorspace_settings.is_data
    assert result.is_textured("Metallic")
    places, stored = result.at_surface("Metallic Roughness")
    inside = np.abs(places[:, :2]).max(axis=1) < 0.96
    assert np.abs(stored[inside, 1:3] - (places[inside, :2] * 0.5 + 0.5)).max() < 2.5 * STEP


def test_metallic_of_several_plain_materials_becomes_an_image() -> None:
    original, low = grid("Original", 4), grid("Low", 2)
    for number in range(2):
        original.materials.append(MaterialTree("Part", metallic=float(number), roughness=0.25).material)
    for face in original.polygons:
        face.material_index = int(face.center.x > 0)
    result = baked(original, low)
    assert result.kinds() == {"Metallic Roughness"}
    places, stored = result.at_surface("Metallic Roughness")
    sure = np.abs(places[:, 0]) > 0.02
    assert np.abs(stored[sure, 2] - (places[sure, 0] > 0)).max() < STEP
    assert np.abs(stored[:, 1] - 0.25).max() < STEP


def test_emission_keeps_its_strength() -> None:
    original, low = grid("Original", 4), grid("Low", 2)
    tree = MaterialTree("Lamp", emission_strength=5.0)
    tree.link(tree.texture(image("Ramp", ramp())).outputs[0], "Emission Color")
    original.materials.append(tree.material)
    result = baked(original, low)
    assert result.kinds() == {"Emission"}
    assert abs(result.factor("Emission Strength") - 5.0) < 1e-4
    places, stored = result.at_surface("Emission")
    inside = np.abs(places[:, :2]).max(axis=1) < 0.96
    assert np.abs(stored[inside, :2] - (places[inside, :2] * 0.5 + 0.5)).max() < 2.5 * STEP


@pytest.mark.parametrize("mode", ["BLEND", "MASK"])
def test_alpha_is_in_the_base_color_and_keeps_its_mode(mode: str) -> None:
    original, low = grid("Original", 4), grid("Low", 2)
    stored_image = np.concatenate([ramp(), ramp()[..., :1]], axis=2)
    tree = MaterialTree("Leaf")
    texture = tree.texture(image("Leaf", stored_image))
    tree.link(texture.outputs[0], "Base Color")
    alpha = texture.outputs["Alpha"]
    if mode == "MASK":
        below, above = tree.node("ShaderNodeMath", operation="LESS_THAN"), tree.node("ShaderNodeMath")
        above.operation = "SUBTRACT"
        below.inputs[1].default_value, above.inputs[0].default_value = 0.3, 1.0
        tree.link(alpha, below.inputs[0])
        tree.link(below.outputs[0], above.inputs[1])
        alpha = above.outputs[0]
    tree.link(alpha, "Alpha")
    original.materials.append(tree.material)
    result = baked(original, low)
    places, stored = result.at_surface("Base Color")
    inside = np.abs(places[:, :2]).max(axis=1) < 0.96
    assert np.abs(stored[inside, 3] - (places[inside, 0] * 0.5 + 0.5)).max() < 2.5 * STEP
    cuts = [node for node in result.tree.nodes if node.type == "MATH" and node.operation == "LESS_THAN"]
    assert [round(node.inputs[1].default_value, 4) for node in cuts] == ([0.3] if mode == "MASK" else [])


def masked(name: str, cutoff: float) -> MaterialTree:
    """A material that is cut away where the alpha of a picture, which grows along x, is below *cutoff*."""
    tree = MaterialTree(name)
    stored = np.concatenate([np.ones((64, 64, 3)), ramp()[..., :1]], axis=2)
    alpha = tree.texture(bpy.data.images.get("Leaf") or image("Leaf", stored)).outputs["Alpha"]
    cut = tree.node("ShaderNodeMath", operation="GREATER_THAN")
    cut.inputs[1].default_value = cutoff
    tree.link(alpha, cut.inputs[0])
    tree.link(cut.outputs[0], "Alpha")
    return tree


def test_materials_that_are_cut_at_different_limits_keep_them() -> None:
    original, low = grid("Original", 4), grid("Low", 2)
    for name, cutoff in (("Early", 0.2), ("Late", 0.8)):
        original.materials.append(masked(name, cutoff).material)
    for face in original.polygons:
        face.material_index = int(face.center.y > 0)
    places, stored = baked(original, low).at_surface("Base Color")
    u, cutoff = places[:, 0] * 0.5 + 0.5, np.where(places[:, 1] > 0, 0.8, 0.2)
    sure = (np.abs(u - cutoff) > 0.03) & (np.abs(places[:, :2]) > 0.02).all(axis=1) & (np.abs(places[:, 0]) < 0.96)
    assert sure.mean() > 0.8
    assert np.abs(stored[sure, 3] - (u > cutoff)[sure]).max() < STEP


def test_no_texture_size_gives_average_factors() -> None:
    original, low = grid("Original", 4), grid("Low", 2)
    for number in range(2):
        color = (float(number), 0.5, 0.0, 1.0)
        original.materials.append(MaterialTree("Part", base_color=color, roughness=0.25).material)
    for face in original.polygons:
        face.material_index = int(face.center.x > 0)
    result = baked(original, low, 0)
    assert result.kinds() == set()
    assert np.abs(result.factor("Base Color") - (0.5, 0.5, 0.0)).max() < 0.02
    assert abs(result.factor("Roughness") - 0.25) < 1e-3


def test_a_broken_texture_is_noted_and_its_factor_used() -> None:
    original, low = spheres()
    tree = MaterialTree("Broken")
    missing = bpy.data.images.new("Missing", 1, 1)
    missing.source = "FILE"
    missing.filepath = "//nowhere.png"
    tree.link(tree.multiplied(tree.texture(missing).outputs[0], (0.2, 0.4, 0.6, 1.0)), "Base Color")
    original.materials.append(tree.material)
    unwrap(low, SIZE)
    notes = bake(original, low, SIZE, lambda _share, _what: None)
    assert [note.template for note in notes] == ["The texture {name} cannot be read; its factors are used."]
    assert np.abs(Baked(low).factor("Base Color") - (0.2, 0.4, 0.6)).max() < 1e-3
