# SPDX-License-Identifier: GPL-3.0-or-later
"""Give each value of a material a picture of its own, for formats that cannot name a channel of one.

glTF keeps roughness and metallic in the green and the blue of one picture; an OBJ and an FBX have one for each.
"""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np

_CHANNELS = {"Red": 0, "Green": 1, "Blue": 2}


def split_channels(mesh: bpy.types.Mesh) -> None:
    """In the materials of *mesh*, replace each channel of a picture that is linked to a shader by a gray picture."""
    for material in mesh.materials:
        if material is not None and material.node_tree is not None:
            _split(material.node_tree)


def _split(tree: Any) -> None:
    for socket in [link.to_socket for link in tree.links]:
        link = socket.links[0]
        channel = _CHANNELS.get(link.from_socket.name)
        if link.from_node.type != "SEPARATE_COLOR" or channel is None or not link.from_node.inputs[0].is_linked:
            continue
        source = link.from_node.inputs[0].links[0].from_node
        if source.type != "TEX_IMAGE" or source.image is None or not all(source.image.size):
            continue
        node = tree.nodes.new("ShaderNodeTexImage")
        node.image = _gray(source.image, channel, socket.name)
        node.extension, node.interpolation = source.extension, source.interpolation
        if source.inputs["Vector"].is_linked:
            tree.links.new(source.inputs["Vector"].links[0].from_socket, node.inputs["Vector"])
        tree.links.new(node.outputs["Color"], socket)  # takes the place of the link that was there
    for kind in ("SEPARATE_COLOR", "TEX_IMAGE"):
        for node in [node for node in tree.nodes if node.type == kind]:
            if not any(output.is_linked for output in node.outputs):
                tree.nodes.remove(node)


def _gray(image: bpy.types.Image, channel: int, name: str) -> bpy.types.Image:
    """One channel of *image* as a picture called *name*."""
    width, height = image.size
    source: Any = image.pixels  # the stub takes it for a number
    pixels = np.empty((width * height, 4), dtype=np.float32)
    source.foreach_get(pixels.ravel())
    pixels[:, :3] = pixels[:, channel, None]
    pixels[:, 3] = 1.0
    made = bpy.data.images.new(name, width, height, is_data=True)
    target: Any = made.pixels
    target.foreach_set(pixels.ravel())
    made.pack()
    return made
