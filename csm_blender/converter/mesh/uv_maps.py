# SPDX-License-Identifier: GPL-3.0-or-later
"""Name the UV maps of several meshes alike before they are joined, which goes by names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import bpy


def name_alike(meshes: Sequence[bpy.types.Mesh]) -> None:
    """Give the UV map that textures use where none is named the same name in all *meshes*.

    Each program has a name of its own for it, and a joined mesh has one such map only: of meshes with another name, all
    texture coordinates would be 0. A mesh whose materials name one of the two maps stays as it is.
    """
    unwrapped = [mesh for mesh in meshes if mesh.uv_layers]
    if not unwrapped:
        return
    name = _used(unwrapped[0])
    for mesh in unwrapped[1:]:
        own = _used(mesh)
        if own == name or {own, name} & _named(mesh):
            continue
        other = mesh.uv_layers.get(name)
        if other is not None:
            other.name = f"{name} of {own}"
        mesh.uv_layers[own].name = name


def _used(mesh: bpy.types.Mesh) -> str:
    """The name of the UV map that is active for rendering."""
    return next((layer for layer in mesh.uv_layers if layer.active_render), mesh.uv_layers[0]).name


def _named(mesh: bpy.types.Mesh) -> set[str]:
    """The names of UV maps that nodes of the materials of *mesh* hold."""
    trees: list[Any] = [material.node_tree for material in mesh.materials if material and material.node_tree]
    return {node.uv_map for tree in trees for node in tree.nodes if node.type in {"UVMAP", "NORMAL_MAP"}}
