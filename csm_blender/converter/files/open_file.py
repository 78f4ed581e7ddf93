# SPDX-License-Identifier: GPL-3.0-or-later
"""Make of a mesh file, whatever it is packed in, one that an importer can be given."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass, field, replace
from pathlib import Path

from ...core.errors import BadMesh
from ...core.files.mesh_format import MeshFormat, find_format
from ...core.files.zip_archive import unpack_mesh
from ...core.gltf.document import MAX_DATA_BYTES, write_as_glb
from ...core.messages import Message
from ..gltf.plain_geometry import PlainGeometry
from ..gltf.prepare import PreparedGlb, prepare_glb

MAX_LAYERS = 3
"""Of containers inside each other: a GLB in gzip in a zip has two."""


@dataclass
class MeshFile:
    """A file of the format *kind*, which is no container; *glb* says more of a GLB. *notes* are about what is left out.

    The file may lie in the folder that was given to :func:`open_file`, which has to stay while it is used.
    """

    path: Path
    kind: MeshFormat
    glb: PreparedGlb | None = None
    notes: list[Message] = field(default_factory=list)

    def with_geometry(self, geometry: PlainGeometry) -> MeshFile:
        """This file, a plain GLB, with other *geometry*."""
        return replace(self, glb=replace(self.glb, geometry=geometry) if self.glb else None)


def open_file(path: Path, folder: Path, *, alone: bool = False) -> MeshFile:
    """The mesh in the file at *path*; what is unpacked or edited for that goes into *folder*, an empty one.

    A .gltf may have its data in files beside it, unless the file came *alone*. Raises :class:`BadMesh`.
    """
    beside = None if alone else path.parent
    for layer in range(MAX_LAYERS + 1):
        kind, inner = find_format(path), folder / str(layer)
        if kind is MeshFormat.ZIP:
            inner.mkdir()
            path = unpack_mesh(path, inner)
            beside = path.parent
        elif kind is MeshFormat.GZIP:
            path = _gunzipped(path, inner.with_suffix(".mesh"))
        elif kind is MeshFormat.GLTF:
            glb_path = inner.with_suffix(".glb")
            write_as_glb(path, glb_path, beside)
            path = glb_path
        elif kind is MeshFormat.GLB:
            glb = prepare_glb(path, folder)
            return MeshFile(glb.path, kind, glb, glb.notes)
        else:
            return MeshFile(path, kind)
    raise BadMesh("The mesh is packed into too many files inside each other.")


def _gunzipped(path: Path, target: Path) -> Path:
    room = MAX_DATA_BYTES
    try:
        with gzip.open(path) as source, target.open("wb") as sink:
            while chunk := source.read(1024 * 1024):
                room -= len(chunk)
                if room < 0:
                    raise BadMesh("The file is far too large when unpacked.")
                sink.write(chunk)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise BadMesh("The gzip file is damaged.") from error
    return target
