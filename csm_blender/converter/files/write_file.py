# SPDX-License-Identifier: GPL-3.0-or-later
"""Write one mesh to a file of any format that can be written, with its textures.

In a .glb, a .fbx and a .blend everything is inside. Beside an .obj lies its .mtl, beside that and a .usdc lie the
textures, all named after the file. A .ply holds shape, UVs and vertex colors, and no textures. Axes and units are those
that :mod:`.read_file` reads: y up in .glb and .obj, z up in .ply, all in meters; .fbx and .usdc say theirs.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

from ...core.errors import DiskProblem
from ...core.file_system import remove_file
from ...core.files.whole_file import check_room
from ...core.messages import Message
from .split_channels import split_channels

_operators: Any = bpy.ops


def write_file(mesh: bpy.types.Mesh, path: Path) -> list[Message]:
    """Write *mesh* (Blender axes, meters) to *path*, whose folder holds nothing else, in the format of its suffix.

    The Blender file holds only the mesh and what it uses afterwards. Gives notes about what the format cannot keep.
    Raises :class:`DiskProblem`.
    """
    mesh.name = path.stem
    _keep_only(mesh)
    try:
        notes = _WRITERS[path.suffix.lower()](mesh, path)
        _check_disk(path)
    except (OSError, RuntimeError) as error:
        words = "The file {name} cannot be written: {reason}"
        raise DiskProblem(words, name=path.name, reason=_reason(error)) from error
    return notes


def _keep_only(mesh: bpy.types.Mesh) -> None:
    """Make one object of *mesh* the content of the scene, and drop what was imported."""
    scene, view_layer = bpy.context.scene, bpy.context.view_layer
    assert scene is not None
    assert view_layer is not None
    for leftover in list(bpy.data.objects):
        bpy.data.objects.remove(leftover)
    obj = bpy.data.objects.new(mesh.name, mesh)
    scene.collection.objects.link(obj)
    for other in list(bpy.data.meshes):
        if other != mesh:
            bpy.data.meshes.remove(other)
    bpy.data.orphans_purge(do_recursive=True)  # type: ignore[call-arg]  # stubs err
    obj.select_set(True)
    view_layer.objects.active = obj
    view_layer.update()


def _write_glb(_mesh: bpy.types.Mesh, path: Path) -> list[Message]:
    with contextlib.redirect_stdout(io.StringIO()):
        _operators.export_scene.gltf(filepath=str(path), export_format="GLB")
    return []


def _write_obj(mesh: bpy.types.Mesh, path: Path) -> list[Message]:
    split_channels(mesh)
    _textures_beside(mesh, path)
    _operators.wm.obj_export(
        filepath=str(path),
        forward_axis="NEGATIVE_Z",
        up_axis="Y",
        path_mode="STRIP",
        export_pbr_extensions=True,
        export_materials=bool(len(mesh.materials)),
    )
    return []


def _write_fbx(mesh: bpy.types.Mesh, path: Path) -> list[Message]:
    split_channels(mesh)
    textures = _textures_beside(mesh, path)
    with contextlib.redirect_stdout(io.StringIO()):
        _operators.export_scene.fbx(
            filepath=str(path),
            object_types={"MESH"},
            path_mode="COPY",
            embed_textures=True,
            apply_scale_options="FBX_SCALE_ALL",
            mesh_smooth_type="FACE",
            bake_anim=False,
        )
    for texture in textures:  # they are in the file now
        remove_file(texture)
    return []


def _write_usdc(mesh: bpy.types.Mesh, path: Path) -> list[Message]:
    _textures_beside(mesh, path)
    operator = _operators.wm.usd_export
    modes = "export_textures_mode" in operator.get_rna_type().properties  # since Blender 4.4
    keep: dict[str, Any] = {"export_textures_mode": "KEEP"} if modes else {"export_textures": False}
    operator(filepath=str(path), **keep, relative_paths=True, generate_preview_surface=True, export_animation=False)
    return []


def _write_ply(mesh: bpy.types.Mesh, path: Path) -> list[Message]:
    _operators.wm.ply_export(
        filepath=str(path), forward_axis="Y", up_axis="Z", export_uv=True, export_normals=True, export_colors="SRGB"
    )
    has_textures = bool(_images(mesh))
    return [Message("A .ply holds no textures; .glb, .obj, .fbx, .usdc and .blend do.")] if has_textures else []


def _write_blend(mesh: bpy.types.Mesh, path: Path) -> list[Message]:
    for image in _images(mesh):
        if not image.packed_file:
            image.pack()
    _operators.wm.save_as_mainfile(filepath=str(path), copy=True, compress=True)
    return []


_WRITERS: dict[str, Callable[[bpy.types.Mesh, Path], list[Message]]] = {
    ".glb": _write_glb,
    ".obj": _write_obj,
    ".fbx": _write_fbx,
    ".usdc": _write_usdc,
    ".ply": _write_ply,
    ".blend": _write_blend,
}


def _images(mesh: bpy.types.Mesh) -> list[bpy.types.Image]:
    """The images that the materials of *mesh* show, each once, in the order of the materials and their nodes."""
    trees = [material.node_tree for material in mesh.materials if material and material.node_tree]
    nodes = [node for tree in trees for node in tree.nodes if isinstance(node, bpy.types.ShaderNodeTexImage)]
    return list({node.image.name: node.image for node in nodes if node.image and all(node.image.size)}.values())


def _textures_beside(mesh: bpy.types.Mesh, path: Path) -> list[Path]:
    """Write the textures of *mesh* beside *path*, named after it, and let its materials use these files."""
    written: list[Path] = []
    for image in _images(mesh):
        packed: Any = image.packed_file
        suffix = {"JPEG": ".jpg", "PNG": ".png"}.get(image.file_format, "") if packed else ""
        name = re.sub(r"\.(png|jpe?g|webp|tiff?|tga|bmp|exr)$", "", image.name, flags=re.IGNORECASE)
        stem = _plain(f"{path.stem} {path.suffix[1:]} {name.removeprefix(path.stem)}")
        target = path.with_name(f"{stem}{suffix or '.png'}")
        number = 2
        while target in written:
            target, number = path.with_name(f"{stem}_{number}{suffix or '.png'}"), number + 1
        if suffix:
            target.write_bytes(packed.data)
        else:
            image.file_format = "PNG"
            image.save(filepath=str(target))
        written.append(target)
        if packed:
            image.unpack(method="REMOVE")
        image.source = "FILE"
        image.filepath = str(target)
    return written


def _plain(text: str) -> str:
    """*text* as a part of a file name without blanks, which an .mtl cannot hold."""
    return re.sub(r"\W+", "_", text).strip("_")


def _check_disk(path: Path) -> None:
    """Whether the disk has still room: exporters in C++ do not say where it had none. Raises ``OSError``."""
    with path.open("rb+") as file:
        if not file.read(1):
            raise OSError("nothing was written")
    check_room(path.parent)


def _reason(error: OSError | RuntimeError) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1].removeprefix("Error: ") if lines else "no reason given"
