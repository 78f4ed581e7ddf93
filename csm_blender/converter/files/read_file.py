# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a mesh file of any format into an empty Blender, in Blender's axes and meters.

OBJ has its y axis up, as glTF does and as generators write it. STL and PLY have z up, as Blender, slicers and scanners
read and write them; their numbers, as those of an OBJ, are meters. FBX and USD say their own axes and units.
"""

from __future__ import annotations

import contextlib
import io
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

from ...core.errors import BadMesh, ConversionFailed
from ...core.files.mesh_file import GlbSummary, check_glb, check_gltf
from ...core.files.mesh_format import MeshFormat, find_format
from ...core.files.zip_archive import unpack_mesh
from ...core.messages import Message, sentences
from .gltf_positions import check_positions
from .still_gltf import write_without_animation
from .usd_units import meters_per_unit

_DRACO = "KHR_draco_mesh_compression"
_NAMES = {
    _DRACO: Message("Draco-compressed meshes"),
    "KHR_texture_basisu": Message("KTX2 (Basis Universal) textures"),
    "EXT_meshopt_compression": Message("meshopt-compressed data"),
    "KHR_meshopt_compression": Message("meshopt-compressed data"),
    "EXT_texture_webp": Message("WebP textures"),
    "EXT_texture_avif": Message("AVIF textures"),
}
_OTHER_FILE = "A plain GLB, without compression, can be read."
_operators: Any = bpy.ops


def read_file(path: Path) -> list[Message]:
    """Import the mesh file at *path* into the open, empty scene, and give notes about what of it is not kept.

    Raises :class:`BadMesh` for a file that is damaged or no mesh, and :class:`ConversionFailed` for one that Blender
    cannot read.
    """
    kind = find_format(path)
    with tempfile.TemporaryDirectory() as folder:
        if kind is MeshFormat.ZIP:
            path = unpack_mesh(path, Path(folder))
            kind = find_format(path)
            if kind is MeshFormat.ZIP:
                raise BadMesh("The zip holds another zip instead of a mesh.")
        notes = _READERS[kind](path)
        pack_images()
    return notes


def pack_images() -> None:
    """Store the pixels of all images in the .blend; what cannot be read is left out, which the notes say."""
    for image in bpy.data.images:
        if image.source == "FILE" and not image.packed_file:
            with contextlib.suppress(RuntimeError):
                image.pack()


def vertex_count(obj: bpy.types.Object) -> int:
    """The vertices of an object, 0 where it is no mesh."""
    return len(obj.data.vertices) if isinstance(obj.data, bpy.types.Mesh) else 0


def _read_glb(path: Path) -> list[Message]:
    return _read_gltf_document(path, check_glb(path))


def _read_gltf(path: Path) -> list[Message]:
    return _read_gltf_document(path, check_gltf(path))


def _read_gltf_document(path: Path, summary: GlbSummary) -> list[Message]:
    check_positions(path)
    notes: list[Message] = []
    if summary.skinned:
        notes.append(Message("The mesh is rigged; it was imported in its rest pose."))
    if summary.animated:
        notes.append(Message("The file is animated; it was imported without the animation."))
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        if summary.animated:
            still = Path(folder) / f"still{path.suffix}"
            write_without_animation(path, still)
            path = still
        try:
            bpy.ops.import_scene.gltf(filepath=str(path), disable_bone_shape=True)
        except RuntimeError as error:
            raise _refusal(summary, _last_line(str(error))) from error
    if _DRACO in summary.extensions_required and not any(map(vertex_count, bpy.data.objects)):
        raise _refusal(summary, Message("it has no Draco library"))
    return notes


def _refusal(summary: GlbSummary, reason: str) -> ConversionFailed:
    known = tuple(sorted({_NAMES[name] for name in summary.extensions_required if name in _NAMES}))
    if known:
        return ConversionFailed(
            "The file needs {features}, which the glTF importer of Blender {version} cannot read here ({reason}).",
            _OTHER_FILE,
            features=known,
            version=bpy.app.version_string,
            reason=reason,
        )
    refused = Message("Blender's glTF importer refuses the file: {reason}", reason=reason)
    names = ", ".join(summary.extensions_required)
    needs = Message("It needs {extensions}.", extensions=names) if names else ""
    return ConversionFailed(sentences(refused, needs), _OTHER_FILE)


def _read_obj(path: Path) -> list[Message]:
    # Axes as glTF's, the defaults of the importer: x right, y up, z to the front.
    _call("OBJ", _operators.wm.obj_import, filepath=str(path), forward_axis="NEGATIVE_Z", up_axis="Y")
    return []


def _read_stl(path: Path) -> list[Message]:
    _call("STL", _operators.wm.stl_import, filepath=str(path), forward_axis="Y", up_axis="Z")
    return []


def _read_ply(path: Path) -> list[Message]:
    _call("PLY", _operators.wm.ply_import, filepath=str(path), forward_axis="Y", up_axis="Z")
    return []


def _read_fbx(path: Path) -> list[Message]:
    """Blender 4.5 has an importer of its own; the add-on of earlier ones reads no text files."""
    if _has(_operators.wm.fbx_import):
        _call("FBX", _operators.wm.fbx_import, filepath=str(path), use_anim=False)
    else:
        with contextlib.redirect_stdout(io.StringIO()):
            _call("FBX", _operators.import_scene.fbx, filepath=str(path), use_anim=False)
    return []


def _read_usd(path: Path, suffix: str = "") -> list[Message]:
    """USD chooses its reader by the suffix, so a file with another one is read from a copy."""
    with path.open("rb") as file:
        right = suffix or (".usdc" if file.read(8) == b"PXR-USDC" else ".usda")
    with tempfile.TemporaryDirectory() as folder:
        if path.suffix.lower() not in ((right,) if suffix else (right, ".usd")):
            path = Path(shutil.copyfile(path, Path(folder) / f"mesh{right}"))
        operator = _operators.wm.usd_import
        knows_units = _has(operator) and "apply_unit_conversion_scale" in operator.get_rna_type().properties
        _call(
            "USD",
            operator,
            scale=1.0 if knows_units else meters_per_unit(path),
            filepath=str(path),
            import_cameras=False,
            import_lights=False,
            import_volumes=False,
            set_frame_range=False,
            import_textures_mode="IMPORT_PACK",
        )
    return []


def _read_usdz(path: Path) -> list[Message]:
    return _read_usd(path, ".usdz")


def _call(name: str, operator: Any, **options: Any) -> None:
    """Run an import operator. Raises :class:`ConversionFailed`, also where this Blender does not have it."""
    if not _has(operator):
        raise ConversionFailed(
            "Blender {version} has no importer for {name} files.", version=bpy.app.version_string, name=name
        )
    try:
        operator(**options)
    except RuntimeError as error:
        reason = _last_line(str(error))
        # No single template for all formats: the one for OBJ is older.
        raise ConversionFailed(f"Blender's {name} importer refuses the file: {{reason}}", reason=reason) from error


def _has(operator: Any) -> bool:
    try:
        operator.get_rna_type()
    except KeyError:
        return False
    return True


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].removeprefix("Error: ") if lines else Message("no reason given")


_READERS: dict[MeshFormat, Callable[[Path], list[Message]]] = {
    MeshFormat.GLB: _read_glb,
    MeshFormat.GLTF: _read_gltf,
    MeshFormat.OBJ: _read_obj,
    MeshFormat.FBX: _read_fbx,
    MeshFormat.STL: _read_stl,
    MeshFormat.PLY: _read_ply,
    MeshFormat.USD: _read_usd,
    MeshFormat.USDZ: _read_usdz,
}
