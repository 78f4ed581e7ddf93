# SPDX-License-Identifier: GPL-3.0-or-later
"""Import a mesh file and make one static mesh of all it holds, in Blender's axes and meters."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ..core.errors import BadMesh
from ..core.messages import Message
from .files.read_file import read_file, vertex_count
from .transform_mesh import reshape

EMPTY_SCENE = "Refine again, or ask the service's support."
"""Hint for a delivered file without a mesh."""


@dataclass
class Imported:
    """One mesh, and sentences about what of the file could not be kept."""

    mesh: bpy.types.Mesh
    notes: list[Message] = field(default_factory=list)


def import_as_one_mesh(path: Path) -> Imported:
    """Read a file of any format that :mod:`.files.read_file` knows into an empty Blender.

    What is rigged or animated gets its rest pose, which a note says. Raises :class:`BadMesh` where there is no mesh and
    :class:`ConversionFailed` where Blender cannot read the file.
    """
    bpy.ops.wm.read_factory_settings(use_empty=True)
    notes = read_file(path)
    scene = bpy.context.scene
    assert scene is not None
    bones = [bone for obj in bpy.data.objects for bone in (obj.pose.bones if obj.pose else ())]
    helpers = {bone.custom_shape for bone in bones}  # what Blender's importer draws bones with
    objects = [obj for obj in scene.objects if vertex_count(obj) and obj not in helpers]
    if not objects:
        raise BadMesh("The file holds no mesh.", EMPTY_SCENE)
    for bone in bones:
        bone.matrix_basis.identity()
    _apply_transforms(objects)
    notes += [
        Message("The texture {name} cannot be read by this Blender.", name=repr(image.name))
        for image in bpy.data.images
        if image.source == "FILE" and not all(image.size)  # no pixels, which Blender shows pink
    ]
    if len(objects) > 1:
        notes.append(Message("The file held {count} meshes, which were joined into one.", count=len(objects)))
    return Imported(_joined(objects), notes)


def _apply_transforms(objects: list[bpy.types.Object]) -> None:
    """Bake each object's place in the file into its vertices, without modifiers, shape keys and animation."""
    for obj in bpy.data.objects:
        obj.animation_data_clear()
    for obj in objects:
        obj.modifiers.clear()
        obj.shape_key_clear()
    assert bpy.context.view_layer is not None
    bpy.context.view_layer.update()
    places = [np.array(obj.matrix_world, dtype=np.float64) for obj in objects]
    for obj, place in zip(objects, places, strict=True):
        obj.parent = None
        obj.matrix_world.identity()
        obj.matrix_basis.identity()
        mesh = obj.data
        assert isinstance(mesh, bpy.types.Mesh)
        if mesh.users > 1:
            obj.data = mesh = mesh.copy()
        if abs(np.linalg.det(place[:3, :3])) == 0.0:
            raise BadMesh("The file makes a mesh flat: one of its nodes has scale 0.")
        if not np.array_equal(place, np.eye(4)):
            reshape(mesh, place[:3, :3], place[:3, 3])


def _joined(objects: list[bpy.types.Object]) -> bpy.types.Mesh:
    first = objects[0]
    if len(objects) > 1:
        context: dict[str, Any] = {"active_object": first, "object": first}
        with bpy.context.temp_override(**context, selected_objects=objects, selected_editable_objects=objects):
            bpy.ops.object.join()
    mesh = first.data
    assert isinstance(mesh, bpy.types.Mesh)
    return mesh
