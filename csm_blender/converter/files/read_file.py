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

from ...core.errors import ConversionFailed
from ...core.files.mesh_format import MeshFormat
from ..gltf.import_glb import import_glb, without_places
from .open_file import MeshFile
from .plain_positions import check_plain_positions
from .usd_units import meters_per_unit

_operators: Any = bpy.ops


def read_file(file: MeshFile) -> None:
    """Import *file* into the open, empty scene. Raises :class:`ConversionFailed` where Blender cannot read it."""
    if file.glb is not None:
        import_glb(file.glb)
    else:
        _READERS[file.kind](file.path)
    pack_images()


def pack_images() -> None:
    """Store the pixels of all images in the .blend; what cannot be read is left out, which the notes say."""
    for image in bpy.data.images:
        if image.source == "FILE" and not image.packed_file:
            with contextlib.suppress(RuntimeError):
                image.pack()


def vertex_count(obj: bpy.types.Object) -> int:
    """The vertices of an object, 0 where it is no mesh."""
    return len(obj.data.vertices) if isinstance(obj.data, bpy.types.Mesh) else 0


def _read_obj(path: Path) -> None:
    check_plain_positions(path, MeshFormat.OBJ)
    # Axes as glTF's, the defaults of the importer: x right, y up, z to the front.
    _call("OBJ", _operators.wm.obj_import, filepath=str(path), forward_axis="NEGATIVE_Z", up_axis="Y")
    for material in bpy.data.materials:
        links: Any = material.node_tree.links if material.node_tree else ()
        for link in links:
            image = getattr(link.from_node, "image", None)
            is_value = link.to_node.type == "NORMAL_MAP" or link.to_socket.name in ("Metallic", "Roughness")
            if image is not None and is_value:
                image.colorspace_settings.name = "Non-Color"  # the importer takes every picture for colors


def _read_stl(path: Path) -> None:
    check_plain_positions(path, MeshFormat.STL)
    _call("STL", _operators.wm.stl_import, filepath=str(path), forward_axis="Y", up_axis="Z")


def _read_ply(path: Path) -> None:
    check_plain_positions(path, MeshFormat.PLY)
    _call("PLY", _operators.wm.ply_import, filepath=str(path), forward_axis="Y", up_axis="Z")


def _read_fbx(path: Path) -> None:
    """Blender 4.5 has an importer of its own; the add-on of earlier ones reads no text files."""
    if _has(_operators.wm.fbx_import):
        _call("FBX", _operators.wm.fbx_import, filepath=str(path), use_anim=False)
    else:
        with contextlib.redirect_stdout(io.StringIO()):
            _call("FBX", _operators.import_scene.fbx, filepath=str(path), use_anim=False)


def _read_usd(path: Path, suffix: str = "") -> None:
    """USD chooses its reader by the suffix, so a file with another one is read from a copy."""
    with path.open("rb") as file:
        right = suffix or (".usdc" if file.read(8) == b"PXR-USDC" else ".usda")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:  # Windows keeps what USD holds open
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


def _read_usdz(path: Path) -> None:
    _read_usd(path, ".usdz")


def _call(name: str, operator: Any, **options: Any) -> None:
    """Run an import operator. Raises :class:`ConversionFailed`, also where this Blender does not have it."""
    if not _has(operator):
        raise ConversionFailed(
            "Blender {version} has no importer for {name} files.", version=bpy.app.version_string, name=name
        )
    try:
        operator(**options)
    except RuntimeError as error:
        reason = without_places(str(error))
        raise ConversionFailed(
            "Blender's {name} importer refuses the file: {reason}", name=name, reason=reason
        ) from error


def _has(operator: Any) -> bool:
    try:
        operator.get_rna_type()
    except KeyError:
        return False
    return True


_READERS: dict[MeshFormat, Callable[[Path], None]] = {
    MeshFormat.OBJ: _read_obj,
    MeshFormat.FBX: _read_fbx,
    MeshFormat.STL: _read_stl,
    MeshFormat.PLY: _read_ply,
    MeshFormat.USD: _read_usd,
    MeshFormat.USDZ: _read_usdz,
}
