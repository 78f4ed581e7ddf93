# SPDX-License-Identifier: GPL-3.0-or-later
"""Have Cycles tell what procedural nodes of the original's materials give on the unwrapped mesh.

What is linked to an input of a shader is emitted instead, and baked with one sample a texel. Rays that miss the
original leave texels without a value; these get that of the nearest one that has some.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ..material.expressions import Procedural
from ..material.mesh_data import Floats
from ..material.node_reader import source_of
from .fill import nearest_filled

_REACH = 0.01
"""Share of the diagonal that rays start above the surface."""
_OFFSET = 1.0
"""Added to all that is emitted, so that only a miss is 0."""


def rendered(
    original: bpy.types.Mesh, low: bpy.types.Mesh, wanted: Sequence[Procedural], covered: NDArray[np.bool_]
) -> dict[Procedural, Floats]:
    """For each of *wanted* (size * size, width) its value at the texels of *low*'s UV map that are *covered*.

    *covered* (size, size). Those of different materials are baked together.
    """
    passes: list[dict[bpy.types.Material, Procedural]] = []
    for leaf in wanted:
        room = next((each for each in passes if leaf.material not in each), None)
        if room is None:
            passes.append(room := {})
        room[leaf.material] = leaf
    result = {}
    for leaves in passes:
        stored = _baked(original, low, leaves, len(covered))
        hit = (stored > 0.0).any(axis=1).reshape(covered.shape)
        targets, sources = nearest_filled(hit & covered, covered)
        stored[targets] = stored[sources]
        stored -= _OFFSET
        for leaf in leaves.values():
            values = np.ascontiguousarray(stored[:, : leaf.width])
            result[leaf] = values * 2.0 - 1.0 if leaf.socket == "Normal" else values
    return result


def _baked(
    original: bpy.types.Mesh, low: bpy.types.Mesh, leaves: dict[bpy.types.Material, Procedural], size: int
) -> Floats:
    """(size * size, 3) what the rays met, with :data:`_OFFSET`; 0 where they met nothing."""
    scene = bpy.data.scenes.new("Baking")
    meshes = [original.copy(), low.copy()]
    objects = [bpy.data.objects.new("Baking", mesh) for mesh in meshes]
    materials: list[bpy.types.Material] = []
    image: Any = bpy.data.images.new("Baking", size, size, float_buffer=True, is_data=True)
    image.pixels.foreach_set(np.zeros(size * size * 4, dtype=np.float32))
    try:
        for number, material in enumerate(original.materials or [None]):
            leaf = leaves.get(material) if material else None
            materials.append(_emitting(leaf))
            if number < len(meshes[0].materials):
                meshes[0].materials[number] = materials[-1]
        meshes[1].materials.clear()
        materials.append(_target(image))
        meshes[1].materials.append(materials[-1])
        meshes[1].polygons.foreach_set("material_index", np.zeros(len(low.polygons), dtype=np.int32))
        for obj in objects:
            scene.collection.objects.link(obj)
        _bake_emission(scene, objects)
        values = np.empty(size * size * 4, dtype=np.float32)
        image.pixels.foreach_get(values)
        return np.ascontiguousarray(values.reshape(-1, 4)[:, :3])
    finally:
        for obj in objects:
            bpy.data.objects.remove(obj)
        for mesh in meshes:
            bpy.data.meshes.remove(mesh)
        for material in materials:
            bpy.data.materials.remove(material)
        bpy.data.images.remove(image)
        bpy.data.scenes.remove(scene)


def _bake_emission(scene: bpy.types.Scene, objects: list[bpy.types.Object]) -> None:
    settings: Any = scene
    settings.render.engine = "CYCLES"
    settings.cycles.device = "CPU"
    settings.cycles.samples = 1
    settings.cycles.use_denoising = False
    source, target = objects
    layer: Any = scene.view_layers[0]
    for obj in objects:
        obj.select_set(True, view_layer=layer)
    layer.objects.active = target
    layer.update()
    diagonal = max((np.array(source.bound_box[6]) - np.array(source.bound_box[0])) @ np.ones(3), 1e-30)
    context: dict[str, Any] = {"object": target, "active_object": target}
    context |= {"selected_objects": objects, "selected_editable_objects": objects}
    with bpy.context.temp_override(scene=scene, view_layer=layer, **context):
        bpy.ops.object.bake(
            type="EMIT",
            use_selected_to_active=True,
            cage_extrusion=float(diagonal) * _REACH,
            max_ray_distance=float(diagonal) * _REACH * 3.0,
            margin=0,
            use_clear=False,
            save_mode="INTERNAL",
            target="IMAGE_TEXTURES",
        )


def _emitting(leaf: Procedural | None) -> bpy.types.Material:
    """A material that emits the value of *leaf*, or black."""
    material = leaf.material.copy() if leaf else bpy.data.materials.new("Baking")
    if material.node_tree is None:  # from 5.0 on there always is one, and this is deprecated
        material.use_nodes = True
    tree: Any = material.node_tree
    output = tree.get_output_node("CYCLES") or tree.nodes.new("ShaderNodeOutputMaterial")
    emission = tree.nodes.new("ShaderNodeEmission")
    tree.links.new(emission.outputs[0], output.inputs["Surface"])
    shift = tree.nodes.new("ShaderNodeVectorMath")
    shift.operation = "MULTIPLY_ADD"
    is_normal = leaf is not None and leaf.socket == "Normal"
    shift.inputs[1].default_value = (0.5,) * 3 if is_normal else (1.0,) * 3
    shift.inputs[2].default_value = (_OFFSET + 0.5 * is_normal,) * 3
    tree.links.new(shift.outputs[0], emission.inputs["Color"])
    shift.inputs[0].default_value = (0.0,) * 3
    if leaf is not None:
        sockets = {socket.identifier: socket for socket in tree.nodes[leaf.node].inputs}
        tree.links.new(source_of(sockets[leaf.socket]), shift.inputs[0])
    return material


def _target(image: bpy.types.Image) -> bpy.types.Material:
    material = bpy.data.materials.new("Baking")
    if material.node_tree is None:
        material.use_nodes = True
    tree: Any = material.node_tree
    node = tree.nodes.new("ShaderNodeTexImage")
    node.image = image
    tree.nodes.active = node
    return material
