# SPDX-License-Identifier: GPL-3.0-or-later
"""A fitted mesh at its size in the world, and as a GLB of its own for pipelines that do not end in a .blend."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import bpy
import numpy as np

from ..core.errors import DiskProblem
from ..core.file_system import remove_file, replace_file
from ..core.models import Placement
from .mesh.transform_mesh import reshape


@contextmanager
def at_world_size(mesh: bpy.types.Mesh, placement: Placement, unit: float = 1.0) -> Iterator[bpy.types.Object]:
    """The only object of the file: at the origin, with a copy of *mesh* as large as in the world, times *unit*."""
    for leftover in list(bpy.data.objects):  # what was imported, which may have the name; its mesh stays
        bpy.data.objects.remove(leftover)
    name, copy = mesh.name, mesh.copy()
    reshape(copy, np.diag(np.array(placement.signed_scale) * unit))
    mesh.name, copy.name = f"{name} as placed", name
    obj = bpy.data.objects.new(name, copy)
    try:
        yield obj
    finally:
        bpy.data.objects.remove(obj)
        bpy.data.meshes.remove(copy)
        mesh.name = name


def export_glb(mesh: bpy.types.Mesh, placement: Placement, scale_length: float, path: Path) -> None:
    """Save *mesh* at its size in the world, in meters and glTF axes, its origin where the result's is.

    Written to a temporary file first and renamed, so that no one reads half a file. Raises :class:`DiskProblem`.
    """
    scene, view_layer = bpy.context.scene, bpy.context.view_layer
    assert scene is not None
    assert view_layer is not None
    part = path.with_name(f"{path.stem}.part.glb")
    with at_world_size(mesh, placement, scale_length) as obj:
        scene.collection.objects.link(obj)
        view_layer.update()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            bpy.ops.export_scene.gltf(filepath=str(part), export_format="GLB")
            replace_file(part, path)
        except (OSError, RuntimeError) as error:
            raise DiskProblem("The mesh cannot be exported to {path}: {error}", path=path, error=error) from error
        finally:
            remove_file(part)
