# SPDX-License-Identifier: GPL-3.0-or-later
"""Block-outs that are previewed, and what a file holds then."""

from __future__ import annotations

from typing import Any

import bpy
from blender_scenes import add_box
from mathutils import Matrix

from csm_blender.scene.placement import preview_objects

STYLE_2024, STYLE_2025 = "SESSION_P_44569824122", "SESSION_1700000001_0000001"
KINDS = ("objects", "meshes", "materials", "images", "textures", "node_groups", "collections", "libraries", "scenes")


def chair(name: str = "Chair", **where: Any) -> bpy.types.Object:
    """A block-out of 0.5 x 0.6 x 0.9 that stands on its origin."""
    obj = add_box(name, (0.5, 0.6, 0.9), pivot=(0.0, 0.0, -0.5), **where)
    bpy.context.view_layer.update()
    return obj


def preview_of(obj: bpy.types.Object) -> bpy.types.Object:
    found = preview_objects.preview_of(obj)
    assert found is not None
    return found


def datablocks() -> set[str]:
    return {f"{kind}/{block.name}" for kind in KINDS for block in getattr(bpy.data, kind)}


def posts(service: Any) -> int:
    return sum(service.counts()["post"].values())


def place(name: str) -> bpy.types.Object:
    """A block-out that stands in one of the ways that make fitting hard."""
    if name == "parented":
        parent = bpy.data.objects.new("Parent", None)
        bpy.context.scene.collection.objects.link(parent)
        parent.matrix_world = Matrix.Rotation(0.8, 4, "X") @ Matrix.Diagonal((2.0, 0.5, 1.0, 1.0))
        return chair(parent=parent, rotation=(0.3, 0.0, 0.7))  # sheared, too
    if name == "far away":
        return chair(location=(4000.0, -8000.0, 100.0), rotation=(0.1, 0.2, 0.3))
    return chair(
        **{
            "rotated": {"location": (3.0, 1.0, 0.5), "rotation": (0.4, -0.2, 2.0)},
            "scaled": {"scale": (2.0, 0.5, 3.0), "rotation": (0.4, -0.2, 2.0)},
            "mirrored": {"scale": (-1.0, 2.0, 0.5), "rotation": (0.4, -0.2, 2.0)},
        }[name]
    )
