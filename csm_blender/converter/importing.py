# SPDX-License-Identifier: GPL-3.0-or-later
"""Import a delivered file and make one static mesh of all it holds, in Blender's axes and metres."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import bpy
from mathutils import Matrix

from ..core.archive import unpack_obj
from ..core.errors import BadMesh, ConversionFailed
from ..core.glb import check_glb, sniff_format


@dataclass
class Imported:
    """One mesh, and sentences about what of the file could not be kept."""

    mesh: bpy.types.Mesh
    notes: list[str] = field(default_factory=list)


def import_as_one_mesh(path: Path) -> Imported:
    """Read a GLB, an OBJ or a zip with an OBJ into an empty Blender.

    Skins and animations are taken in their rest pose, which a note says. Raises :class:`BadMesh` where there is no mesh.
    """
    bpy.ops.wm.read_factory_settings(use_empty=True)
    notes = _import_file(path)
    _come_to_rest()
    objects = [obj for obj in bpy.context.scene.objects if obj.type == "MESH" and len(obj.data.vertices)]
    if not objects:
        raise BadMesh("The delivered file holds no mesh.", "Refine again, or ask the service's support.")
    for obj in objects:
        _apply_world_matrix(obj)
    return Imported(_joined(objects), notes)


def _import_file(path: Path) -> list[str]:
    kind = sniff_format(path)
    if kind == "glb":
        return _import_glb(path)
    with tempfile.TemporaryDirectory() as folder:
        obj = unpack_obj(path, Path(folder)) if kind == "zip" else path
        # Axes as glTF's, the defaults of the importer: x right, y up, z to the front.
        bpy.ops.wm.obj_import(filepath=str(obj), forward_axis="NEGATIVE_Z", up_axis="Y")
        for image in bpy.data.images:
            if image.source == "FILE":
                image.pack()
    return []


def _import_glb(path: Path) -> list[str]:
    summary = check_glb(path)
    try:
        bpy.ops.import_scene.gltf(filepath=str(path))
    except RuntimeError as error:
        needs = f" It needs {', '.join(summary.extensions_required)}." if summary.extensions_required else ""
        raise ConversionFailed(f"Blender's glTF importer refuses the file: {_last_line(error)}{needs}") from None
    notes = []
    if summary.skinned:
        notes.append("The mesh is rigged; it was taken in its rest pose.")
    if summary.animated:
        notes.append("The file is animated; it was taken at rest.")
    return notes


def _last_line(error: RuntimeError) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def _come_to_rest() -> None:
    for obj in bpy.context.scene.objects:
        obj.animation_data_clear()
        if obj.type == "MESH":
            obj.modifiers.clear()
            if obj.data.shape_keys:
                obj.shape_key_clear()
    bpy.context.view_layer.update()


def _apply_world_matrix(obj: bpy.types.Object) -> None:
    """Bake the object's place in the file into its vertices. A mirroring matrix turns faces inside out: turn them back."""
    if obj.data.users > 1:
        obj.data = obj.data.copy()
    world = obj.matrix_world.copy()
    obj.parent = None
    obj.matrix_world = Matrix()
    if world != Matrix():
        obj.data.transform(world)
        if world.determinant() < 0.0:
            obj.data.flip_normals()


def _joined(objects: list[bpy.types.Object]) -> bpy.types.Mesh:
    first = objects[0]
    if len(objects) > 1:
        with bpy.context.temp_override(
            active_object=first, object=first, selected_objects=objects, selected_editable_objects=objects
        ):
            bpy.ops.object.join()
    mesh = first.data
    assert isinstance(mesh, bpy.types.Mesh)
    return mesh
