# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at a mesh that somebody adds: what could not be refined is refused at once, with the reason."""

from __future__ import annotations

import struct
from pathlib import Path

from csm_blender.core.errors import BadMesh
from csm_blender.core.files.mesh_file import check_glb
from csm_server.glb import Document, MeshError, read_parts, split

UNREADABLE_HERE = {"KHR_draco_mesh_compression", "EXT_meshopt_compression", "KHR_meshopt_compression"}
"""Compression that Blender may read and this service does not: then Blender says what is wrong."""


def checked_glb(path: Path) -> bytes:
    """The bytes of a GLB that can be refined. Raises MeshError for any other file, OSError where it cannot be read."""
    data = path.read_bytes()
    if not data:
        raise MeshError("the file is empty.")
    if not data.startswith(b"glTF"):
        raise MeshError("the file is no GLB (binary glTF).")
    if data[4:8] != b"\x02\0\0\0" and len(data) > 8:
        (version,) = struct.unpack_from("<I", data, 4)
        raise MeshError(f"it is a GLB of version {version}; only version 2 can be read.")
    try:
        check_glb(path)
    except BadMesh as error:
        raise MeshError(str(error.message)) from None
    document, _ = split(data)
    if not document.get("scenes"):
        raise MeshError("the GLB has no scene, so it shows nothing.")
    _check_whole(document)
    if not UNREADABLE_HERE & set(document.get("extensionsRequired", ())):
        parts = read_parts(data)
        if not any((part.points[part.faces].max(axis=1) > part.points[part.faces].min(axis=1)).any() for part in parts):
            raise MeshError("all faces of the mesh are without size.")
    return data


def _check_whole(document: Document) -> None:
    """Refuse what lies in files beside the GLB: a session has one file."""
    for part in (*document.get("buffers", ()), *document.get("images", ())):
        if (uri := str(part.get("uri", "data:"))) and not uri.startswith("data:"):
            raise MeshError(f"a part of it is in another file, {uri[:80]!r}; export it as one GLB.")
