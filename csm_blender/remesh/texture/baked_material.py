# SPDX-License-Identifier: GPL-3.0-or-later
"""The material of a baked mesh, in the form that Blender's exporters read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import bpy

from ..material.channels import AlphaMode


@dataclass(frozen=True)
class Factors:
    """What holds everywhere, where there is no image for it. Colors are linear, from 0 to 1."""

    base_color: tuple[float, ...]
    alpha: float
    roughness: float
    metallic: float
    emission: tuple[float, ...]
    emission_strength: float
    alpha_mode: AlphaMode
    cutoff: float
    is_culled: bool


def make_material(
    name: str, images: Mapping[str, bpy.types.Image], factors: Factors, *, has_alpha: bool
) -> bpy.types.Material:
    """A material with a Principled BSDF.

    *images* are those of "Base Color", with alpha if it *has_alpha*, "Metallic Roughness" (green is roughness, blue
    metallic), "Normal" and "Emission".
    """
    material = bpy.data.materials.new(name)
    if material.node_tree is None:  # from 5.0 on there always is one, and this is deprecated
        material.use_nodes = True
    settings: Any = material
    settings.use_backface_culling = factors.is_culled
    if factors.alpha_mode == AlphaMode.BLEND:
        settings.surface_render_method = "BLENDED"
    tree: Any = material.node_tree
    tree.nodes.clear()
    shader, output = tree.nodes.new("ShaderNodeBsdfPrincipled"), tree.nodes.new("ShaderNodeOutputMaterial")
    output.location = (320, 0)
    tree.links.new(shader.outputs[0], output.inputs["Surface"])
    sockets = shader.inputs
    sockets["Base Color"].default_value = (*factors.base_color, 1.0)
    sockets["Alpha"].default_value = factors.alpha
    sockets["Roughness"].default_value = factors.roughness
    sockets["Metallic"].default_value = factors.metallic
    sockets["Emission Color"].default_value = (*factors.emission, 1.0)
    sockets["Emission Strength"].default_value = factors.emission_strength
    textures = {}
    for row, (kind, image) in enumerate(images.items()):
        texture = tree.nodes.new("ShaderNodeTexImage")
        texture.image, texture.label = image, kind
        texture.location = (-700, 300 - 300 * row)
        textures[kind] = texture
    _link(tree, sockets, textures)
    if has_alpha and "Base Color" in textures:
        alpha = textures["Base Color"].outputs["Alpha"]
        if factors.alpha_mode == AlphaMode.MASK:
            alpha = _cut(tree, alpha, factors.cutoff)
        tree.links.new(alpha, sockets["Alpha"])
    return material


def _link(tree: Any, sockets: Any, textures: Mapping[str, Any]) -> None:
    """Link all but alpha."""
    if "Base Color" in textures:
        tree.links.new(textures["Base Color"].outputs["Color"], sockets["Base Color"])
    if "Metallic Roughness" in textures:
        separate = tree.nodes.new("ShaderNodeSeparateColor")
        separate.location = (-350, 0)
        tree.links.new(textures["Metallic Roughness"].outputs["Color"], separate.inputs[0])
        tree.links.new(separate.outputs["Green"], sockets["Roughness"])
        tree.links.new(separate.outputs["Blue"], sockets["Metallic"])
    if "Normal" in textures:
        node = tree.nodes.new("ShaderNodeNormalMap")
        node.location = (-350, -300)
        tree.links.new(textures["Normal"].outputs["Color"], node.inputs["Color"])
        tree.links.new(node.outputs["Normal"], sockets["Normal"])
    if "Emission" in textures:
        tree.links.new(textures["Emission"].outputs["Color"], sockets["Emission Color"])


def _cut(tree: Any, alpha: Any, cutoff: float) -> Any:
    """1 where *alpha* is at least *cutoff*, else 0, in the form that the glTF exporter knows."""
    below, result = tree.nodes.new("ShaderNodeMath"), tree.nodes.new("ShaderNodeMath")
    below.operation, result.operation = "LESS_THAN", "SUBTRACT"
    below.location, result.location = (-350, 300), (-160, 300)
    below.inputs[1].default_value = cutoff
    result.inputs[0].default_value = 1.0
    tree.links.new(alpha, below.inputs[0])
    tree.links.new(below.outputs[0], result.inputs[1])
    return result.outputs[0]
