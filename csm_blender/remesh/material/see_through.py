# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether one can see through a mesh."""

from __future__ import annotations

from typing import Any

import bpy

_INPUTS = {"Alpha": 1.0, "Transmission Weight": 0.0}
"""Inputs of the Principled BSDF, and their values where nothing shines through."""


def is_see_through(mesh: bpy.types.Mesh) -> bool:
    """Whether a material of *mesh* has an alpha or a transmission that is not plain opaque."""
    trees = [material.node_tree for material in mesh.materials if material and material.node_tree]
    shaders = [node for tree in trees for node in tree.nodes if isinstance(node, bpy.types.ShaderNodeBsdfPrincipled)]
    sockets: list[Any] = [socket for shader in shaders for socket in shader.inputs or () if socket.name in _INPUTS]
    return any(socket.is_linked or socket.default_value != _INPUTS[socket.name] for socket in sockets)
