# SPDX-License-Identifier: GPL-3.0-or-later
"""Import a prepared GLB, and say in plain words why Blender's importer refuses one."""

from __future__ import annotations

import contextlib
import io
import re

import bpy

from ...core.errors import ConversionFailed
from ...core.messages import Message
from .prepare import PreparedGlb
from .stand_in import fill_stand_ins, write_stand_in

OTHER_FILE = "A plain GLB, without compression, can be read."
_DRACO = "KHR_draco_mesh_compression"
_FEATURES = {
    _DRACO: Message("Draco-compressed meshes"),
    "KHR_texture_basisu": Message("KTX2 (Basis Universal) textures"),
    "EXT_meshopt_compression": Message("meshopt-compressed data"),
    "KHR_meshopt_compression": Message("meshopt-compressed data"),
    "KHR_mesh_quantization": Message("quantized meshes"),
    "KHR_gaussian_splatting": Message("Gaussian splats"),
    "EXT_texture_webp": Message("WebP textures"),
    "EXT_texture_avif": Message("AVIF textures"),
    "MSFT_texture_dds": Message("DDS textures"),
}
_CAUSES = (
    (r"glTF version must be", Message("its version is not 2.0")),
    (r"json", Message("its JSON is not valid")),
    (r"Missing resource", Message("it refers to data that it does not hold")),
    (r"buffer is smaller than requested|buffer size must be|cannot reshape|broadcast", Message(
        "the length of a list does not fit what it is used for"
    )),
    (r"out of bounds|out of range|KeyError|NoneType", Message("it refers to a part that it does not hold")),
    (r"RecursionError|recursion", Message("its nodes are nested far too deeply")),
    (r"base64|Incorrect padding|Invalid base64", Message("the data of one of its URIs is damaged")),
    (r"MemoryError|Unable to allocate", Message("this computer has not enough memory for it")),
)  # fmt: skip
"""What Blender's importer says, and what in a file makes it say that."""


def import_glb(prepared: PreparedGlb) -> None:
    """Import into the open scene. Raises :class:`ConversionFailed` where Blender cannot read the file."""
    path, geometry = prepared.path, prepared.geometry
    if geometry is not None and prepared.stand_in is not None:
        path = prepared.stand_in
        write_stand_in(geometry, path)
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            bpy.ops.import_scene.gltf(filepath=str(path), disable_bone_shape=True)
        except RuntimeError as error:
            raise refusal(prepared.summary.extensions_required, str(error)) from error
    if geometry is not None:
        fill_stand_ins(geometry)
    if _DRACO in prepared.summary.extensions_required and not any(
        isinstance(obj.data, bpy.types.Mesh) and len(obj.data.vertices) for obj in bpy.data.objects
    ):
        raise refusal(prepared.summary.extensions_required, "")


def refusal(extensions: tuple[str, ...], words: str) -> ConversionFailed:
    """The error for a file that requires *extensions*, where the importer of this Blender said *words*.

    A feature that this Blender lacks is named; else what is wrong with the file, where that is known. Paths and lines
    of Blender's own files are no help to anyone and are not shown.
    """
    lacking = tuple(sorted(name for name in extensions if re.search(rf"\b{re.escape(name)}\b", words)))
    features = lacking or tuple(sorted(name for name in extensions if name in _FEATURES))
    if features:
        return ConversionFailed(
            "The file needs {features}, which the glTF importer of Blender {version} cannot read here.",
            OTHER_FILE,
            features=tuple(dict.fromkeys(_FEATURES.get(name, name) for name in features)),
            version=bpy.app.version_string,
        )
    cause = next((cause for pattern, cause in _CAUSES if re.search(pattern, words, re.IGNORECASE)), None)
    if cause is not None:
        return ConversionFailed("The glTF file is wrong: {cause}.", OTHER_FILE, cause=cause)
    return ConversionFailed(
        "Blender's glTF importer refuses the file: {reason}", OTHER_FILE, reason=without_places(words)
    )


def without_places(words: str) -> str:
    """The last sentence of an importer's *words* that is no line of a traceback, without paths of this computer."""
    lines = [line.strip().removeprefix("Error: ") for line in words.splitlines()]
    told = [line for line in lines if line and not re.match(r"(Location:|File \"|Python: Traceback|\^+$)", line)]
    if not told:
        return Message("no reason given")
    return re.sub(r"(['\"]?)(?:[A-Za-z]:)?(?:[\\/][^\\/:'\"\s]+){2,}[\\/]?\1", "...", told[-1])
