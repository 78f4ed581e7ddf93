# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the mesh of an object of the scene, as this add-on has written it for a job, into an empty Blender."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from ...core.errors import BadMesh, ConversionFailed
from .empty_file import open_empty_file


def read_object(path: Path) -> bpy.types.Mesh:
    """The one mesh in the .blend at *path*, in Blender's axes and meters, with its materials.

    Raises :class:`ConversionFailed` where the file cannot be read, and :class:`BadMesh` where there is none in it.
    """
    open_empty_file()
    try:
        libraries: Any = bpy.data.libraries  # the stub does not know that load() gives something
        with libraries.load(str(path), link=False) as (there, wanted):
            wanted.meshes = there.meshes[:1]
    except OSError as error:
        raise ConversionFailed("The copy of the object cannot be read: {reason}", reason=error) from error
    mesh: bpy.types.Mesh | None = next((mesh for mesh in wanted.meshes if mesh is not None), None)
    if mesh is None or not len(mesh.vertices):
        raise BadMesh("The copy of the object holds no mesh.", "Start a new job with the object.")
    return mesh
