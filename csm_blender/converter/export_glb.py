# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a fitted mesh as a GLB of its own, for pipelines that do not end in a .blend."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np

from ..core.errors import DiskProblem
from ..core.models import Placement
from .transform_mesh import reshape


def export_glb(mesh: bpy.types.Mesh, placement: Placement, scale_length: float, path: Path) -> None:
    """Save *mesh* at its size in the world, in meters and glTF axes, its origin where the result's is.

    Written beside its place first and renamed, so that nobody reads half a file. Raises :class:`DiskProblem`.
    """
    scene, view_layer = bpy.context.scene, bpy.context.view_layer
    assert scene is not None
    assert view_layer is not None
    copy = mesh.copy()
    reshape(copy, np.diag(np.array(placement.signed_scale) * scale_length))
    for leftover in list(bpy.data.objects):  # what was imported; its mesh stays
        bpy.data.objects.remove(leftover)
    obj = bpy.data.objects.new(mesh.name, copy)
    scene.collection.objects.link(obj)
    view_layer.update()
    part = path.with_name(f"{path.stem}.part.glb")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        bpy.ops.export_scene.gltf(filepath=str(part), export_format="GLB")
        part.replace(path)
    except (OSError, RuntimeError) as error:
        raise DiskProblem("The mesh cannot be exported to {path}: {error}", path=path, error=error) from error
    finally:
        part.unlink(missing_ok=True)
    bpy.data.objects.remove(obj)
    bpy.data.meshes.remove(copy)
