# SPDX-License-Identifier: GPL-3.0-or-later
"""Import a mesh file and make one static mesh of all it holds, in Blender's axes and meters."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import bpy
import numpy as np

from ..core.conversion import MeshFindings
from ..core.errors import BadMesh
from ..core.files.companions import missing_material_files
from ..core.files.mesh_file import EMPTY_GLB
from ..core.files.mesh_format import MeshFormat
from ..core.gltf.shown import LOOSE, scaled_to_nothing
from ..core.messages import Message, sentences
from .files.empty_file import open_empty_file
from .files.open_file import MeshFile, open_file
from .files.read_file import read_file, vertex_count
from .mesh.pictures import picture_size
from .mesh.surface import keep_surface
from .mesh.transform_mesh import reshape
from .mesh.uv_maps import name_alike


@dataclass
class Imported:
    """One mesh, and sentences about what of the file could not be kept.

    ``missing_textures`` counts pictures that are not in the file or cannot be read, ``bad_numbers`` the file's vertices
    and UVs that are no numbers. ``picture_sizes`` are those of the file's pictures, by their names in Blender.
    """

    mesh: bpy.types.Mesh
    notes: list[Message] = field(default_factory=list)
    missing_textures: int = 0
    bad_numbers: int = 0
    picture_sizes: dict[str, tuple[int, int]] = field(default_factory=dict)

    def added_to(self, findings: MeshFindings) -> MeshFindings:
        """The *findings* of the mesh, and what was wrong with the file."""
        return replace(
            findings,
            bad_numbers=max(findings.bad_numbers or 0, self.bad_numbers),
            missing_textures=self.missing_textures or None,
        )


def import_as_one_mesh(path: Path) -> Imported:
    """What :func:`import_opened` makes of the file at *path*, whatever it is packed in."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:  # Windows keeps a file that is still mapped
        return import_opened(open_file(path, Path(folder)))


def import_opened(file: MeshFile) -> Imported:
    """Read *file* into an empty Blender.

    What is rigged or animated gets its rest pose, which a note says. Where there are faces, vertices and edges without
    one are left out. Raises :class:`BadMesh` where there is no mesh and :class:`ConversionFailed` where Blender cannot
    read the file.
    """
    open_empty_file()
    read_file(file)
    notes = list(file.notes)
    if file.kind is MeshFormat.OBJ:
        notes += [
            Message("The materials in {name} are missing: the file is not beside the mesh.", name=name)
            for name in missing_material_files(file.path)
        ]
    scene = bpy.context.scene
    assert scene is not None
    bones = [bone for obj in bpy.data.objects for bone in (obj.pose.bones if obj.pose else ())]
    helpers = {bone.custom_shape for bone in bones}  # what Blender's importer draws bones with
    objects = [obj for obj in scene.objects if vertex_count(obj) and obj not in helpers]
    if not objects:
        raise BadMesh("The file holds no mesh.", EMPTY_GLB)
    for bone in bones:
        bone.matrix_basis.identity()
    shown = _apply_transforms(objects)
    if len(shown) < len(objects):
        notes.append(scaled_to_nothing(len(objects) - len(shown)))
    if not shown:
        raise BadMesh(sentences(Message("The file shows no mesh."), *notes))
    sizes = {image.name: picture_size(image) for image in bpy.data.images if image.source == "FILE"}
    unreadable = [  # no pixels, which Blender shows pink
        Message("The texture {name} cannot be read by this Blender.", name=repr(name))
        for name, size in sizes.items()
        if not all(size)
    ]
    notes += unreadable
    if len(shown) > 1:
        notes.append(Message("The file held {count} meshes, which were joined into one.", count=len(shown)))
    mesh = _joined(shown)
    if keep_surface(mesh) and LOOSE not in notes:
        notes.append(LOOSE)
    missing = (file.glb.missing_textures if file.glb else 0) + len(unreadable)
    return Imported(mesh, notes, missing, file.glb.bad_numbers if file.glb else 0, sizes)


def _apply_transforms(objects: list[bpy.types.Object]) -> list[bpy.types.Object]:
    """Bake each object's place in the file into its vertices, without modifiers, shape keys and animation.

    Gives those that have a size then: not what is scaled to nothing.
    """
    for obj in bpy.data.objects:
        obj.animation_data_clear()
    for obj in objects:
        obj.modifiers.clear()
        obj.shape_key_clear()
    assert bpy.context.view_layer is not None
    bpy.context.view_layer.update()
    places = [np.array(obj.matrix_world, dtype=np.float64) for obj in objects]
    shown = []
    for obj, place in zip(objects, places, strict=True):
        obj.parent = None
        obj.matrix_world.identity()
        obj.matrix_basis.identity()
        mesh = obj.data
        assert isinstance(mesh, bpy.types.Mesh)
        if mesh.users > 1:
            obj.data = mesh = mesh.copy()
        if abs(np.linalg.det(place[:3, :3])) == 0.0:
            continue
        shown.append(obj)
        if not np.array_equal(place, np.eye(4)):
            reshape(mesh, place[:3, :3], place[:3, 3])
    return shown


def _joined(objects: list[bpy.types.Object]) -> bpy.types.Mesh:
    first = objects[0]
    if len(objects) > 1:
        name_alike([obj.data for obj in objects if isinstance(obj.data, bpy.types.Mesh)])
        context: dict[str, Any] = {"active_object": first, "object": first}
        with bpy.context.temp_override(**context, selected_objects=objects, selected_editable_objects=objects):
            bpy.ops.object.join()
    mesh = first.data
    assert isinstance(mesh, bpy.types.Mesh)
    return mesh
