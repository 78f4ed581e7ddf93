# SPDX-License-Identifier: GPL-3.0-or-later
"""Import a delivered file and make one static mesh of all it holds, in Blender's axes and meters."""

from __future__ import annotations

import contextlib
import io
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ..core.errors import BadMesh, ConversionFailed
from ..core.files.mesh_file import GlbSummary, check_glb, sniff_format
from ..core.files.zip_archive import unpack_obj
from ..core.messages import Message, sentences
from .edit_glb import write_without_animation
from .transform_mesh import reshape

_DRACO = "KHR_draco_mesh_compression"
_NAMES = {
    _DRACO: Message("Draco-compressed meshes"),
    "KHR_texture_basisu": Message("KTX2 (Basis Universal) textures"),
    "EXT_meshopt_compression": Message("meshopt-compressed data"),
    "KHR_meshopt_compression": Message("meshopt-compressed data"),
    "EXT_texture_webp": Message("WebP textures"),
    "EXT_texture_avif": Message("AVIF textures"),
}
_OTHER_FILE = "Ask the service for a plain GLB; the delivered file is kept in the job's folder."


@dataclass
class Imported:
    """One mesh, and sentences about what of the file could not be kept."""

    mesh: bpy.types.Mesh
    notes: list[Message] = field(default_factory=list)


def import_as_one_mesh(path: Path) -> Imported:
    """Read a GLB, an OBJ or a zip with an OBJ into an empty Blender.

    What is rigged or animated gets its rest pose, which a note says. Raises :class:`BadMesh` where there is no mesh and
    :class:`ConversionFailed` where Blender cannot read the file.
    """
    bpy.ops.wm.read_factory_settings(use_empty=True)
    notes = _import_file(path)
    scene = bpy.context.scene
    assert scene is not None
    bones = [bone for obj in bpy.data.objects for bone in (obj.pose.bones if obj.pose else ())]
    helpers = {bone.custom_shape for bone in bones}  # what Blender's importer draws bones with
    objects = [obj for obj in scene.objects if _vertex_count(obj) and obj not in helpers]
    if not objects:
        raise BadMesh("The delivered file holds no mesh.", "Refine again, or ask the service's support.")
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


def _import_file(path: Path) -> list[Message]:
    kind = sniff_format(path)
    if kind == "glb":
        return _import_glb(path)
    with tempfile.TemporaryDirectory() as folder:
        obj = unpack_obj(path, Path(folder)) if kind == "zip" else path
        try:
            # Axes as glTF's, the defaults of the importer: x right, y up, z to the front.
            bpy.ops.wm.obj_import(filepath=str(obj), forward_axis="NEGATIVE_Z", up_axis="Y")
        except RuntimeError as error:
            words = "Blender's OBJ importer refuses the file: {reason}"
            raise ConversionFailed(words, reason=_last_line(str(error))) from error
        pack_images()
    return []


def pack_images() -> None:
    """Store the pixels of all images in the .blend; what cannot be read is left out, which the notes say."""
    for image in bpy.data.images:
        if image.source == "FILE" and not image.packed_file:
            with contextlib.suppress(RuntimeError):
                image.pack()


def _import_glb(path: Path) -> list[Message]:
    summary = check_glb(path)
    notes: list[Message] = []
    if summary.skinned:
        notes.append(Message("The mesh is rigged; it was imported in its rest pose."))
    if summary.animated:
        notes.append(Message("The file is animated; it was imported without the animation."))
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        if summary.animated:
            write_without_animation(path, Path(folder) / "still.glb")
            path = Path(folder) / "still.glb"
        try:
            bpy.ops.import_scene.gltf(filepath=str(path), disable_bone_shape=True)
        except RuntimeError as error:
            raise _refusal(summary, _last_line(str(error))) from error
    if _DRACO in summary.extensions_required and not any(map(_vertex_count, bpy.data.objects)):
        raise _refusal(summary, Message("it has no Draco library"))
    return notes


def _refusal(summary: GlbSummary, reason: str) -> ConversionFailed:
    known = tuple(sorted({_NAMES[name] for name in summary.extensions_required if name in _NAMES}))
    if known:
        return ConversionFailed(
            "The delivered file needs {features}, which the glTF importer of Blender {version} cannot read here"
            " ({reason}).",
            _OTHER_FILE,
            features=known,
            version=bpy.app.version_string,
            reason=reason,
        )
    refused = Message("Blender's glTF importer refuses the file: {reason}", reason=reason)
    names = ", ".join(summary.extensions_required)
    needs = Message("It needs {extensions}.", extensions=names) if names else ""
    return ConversionFailed(sentences(refused, needs), _OTHER_FILE)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].removeprefix("Error: ") if lines else Message("no reason given")


def _vertex_count(obj: bpy.types.Object) -> int:
    return len(obj.data.vertices) if isinstance(obj.data, bpy.types.Mesh) else 0


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
            raise BadMesh("The delivered file makes a mesh flat: one of its nodes has scale 0.")
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
