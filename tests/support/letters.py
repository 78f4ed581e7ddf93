# SPDX-License-Identifier: GPL-3.0-or-later
"""The letter F, which shows how it is turned and mirrored: as a block-out, and as a file."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from fit_glbs import letter, plain

from csm_blender.core.geometry.facing import turn_matrix

TO_BLENDER = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
"""From the axes of glTF to Blender's."""


def glb_of_letter(low: Any = (-1.0, -0.2, -0.4), high: Any = (0.5, 0.9, 0.2)) -> bytes:
    """A GLB of the letter in the box from *low* to *high*, in its axes."""
    return plain(*letter(low, high))


def add_letter(name: str, turn: int, **place: Any) -> Any:
    """A block-out that is the letter, turned."""
    points, faces = letter()
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata((np.asarray(points) @ TO_BLENDER.T @ turn_matrix(turn).T).tolist(), [], np.asarray(faces).tolist())
    obj = bpy.data.objects.new(name, mesh)
    for key, value in place.items():
        setattr(obj, key, value)
    bpy.context.scene.collection.objects.link(obj)
    return obj
