# SPDX-License-Identifier: GPL-3.0-or-later
"""A preview follows edits of its block-out's box: an edited mesh, another modifier, a dragged custom box.

Moving and scaling of the block-out it follows by its constraint. Here its own matrix is changed, which says where it is
in the block-out's axes, so that it fills the new box as it filled the one it was made for. Its mesh stays as it is.
"""

from __future__ import annotations

import contextlib
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix, Vector

from ...core.errors import CsmError
from ...core.models import Fit, JobSpec, Pivot, Vec3, vec3
from ..blender.custom_properties import read
from ..blender.evaluation import is_evaluated
from ..measure.evaluated_bounds import Array, box_corners, transformed
from ..measure.measure import measure_common

_BASIS = "csm_preview_basis"
"""Custom property: the preview's own matrix when it was made (16 numbers, row by row)."""

_BOX = "csm_preview_box"
"""Custom property: the block-out's box then, in its own axes: low and high corner (6 numbers)."""

_ANCHOR = "csm_preview_anchor"
"""Custom property: the share of that box, 0 to 1, whose place a mesh that does not fill it has, too (3 numbers)."""

_PIVOT = "csm_preview_pivot"
"""Custom property: the :class:`.Pivot`. With that of the object's origin, the share is another in another box."""

_FIT = "csm_preview_fit"
"""Custom property: the :class:`.Fit`."""

_PARTS = "csm_preview_parts"
"""Custom property: the names of the objects of a common box, one in a line; empty for one object."""

_SAME = 1e-6
"""Relative to the box: smaller changes are rounding."""


def remember_shape(preview: bpy.types.Object, spec: JobSpec) -> None:
    """Keep with a *preview* that was just placed what it was made for."""
    if spec.target is None:
        return
    placement, matrix = spec.placement, preview.matrix_basis
    box = np.array((spec.target.box_min, spec.target.box_max))
    low, high, anchor = map(np.array, (placement.box_min, placement.box_max, placement.anchor))
    point = vec3(matrix @ Vector((low + high) / 2.0 + anchor * (high - low)))
    preview[_BASIS] = np.array(matrix).ravel().tolist()
    preview[_BOX], preview[_ANCHOR] = box.ravel().tolist(), _share(box, point).tolist()
    preview[_FIT], preview[_PIVOT] = str(spec.choices.fit), str(spec.choices.pivot)
    preview[_PARTS] = "\n".join(spec.parts)


def follow(preview: bpy.types.Object, block_out: bpy.types.Object, scene: bpy.types.Scene) -> None:
    """Have *preview* fill the box that *block_out*, or the objects it was made for, have in *scene* now."""
    view_layer: Any = bpy.context.view_layer
    names: Any = read(preview, _PARTS)
    others = [scene.objects.get(name) for name in names.split("\n")[1:]] if isinstance(names, str) else []
    objects: list[bpy.types.Object] = [block_out, *filter(None, others)]
    if bpy.context.scene != scene or len(objects) <= len(others):
        return
    if not all(is_evaluated(obj, view_layer.depsgraph) for obj in objects):
        return  # what is hidden shows no edits
    with contextlib.suppress(CsmError):  # nothing is left of it just now
        box = measure_common(objects, view_layer.depsgraph)
        fill_box(preview, box.box_min, box.box_max)


def fill_box(preview: bpy.types.Object, low: Vec3, high: Vec3) -> bool:
    """Have *preview* fill the box from *low* to *high*, in its block-out's axes. Whether that changed anything."""
    known = _made_for(preview)
    constraints: Any = preview.constraints
    if known is None or not any(each.type == "COPY_TRANSFORMS" and not each.mute for each in constraints):
        return False  # it stands where the block-out was
    basis, box, share = known
    new = np.array((low, high))
    corners = transformed(basis, box_corners(*_mesh_box(preview)))
    filled = np.array((corners.min(axis=0), corners.max(axis=0)))
    if read(preview, _PIVOT) == Pivot.ORIGIN:
        share = _share(new, (0.0, 0.0, 0.0))
    scale = _scale(read(preview, _FIT), filled[1] - filled[0], box[1] - box[0], new[1] - new[0])
    move = np.eye(4)
    move[:3, :3] = np.diag(scale)
    move[:3, 3] = _at(new, share) - scale * _at(filled, share)
    wanted = move @ basis
    tolerance = _SAME * max(float(np.abs(wanted).max()), 1e-12)
    if np.abs(wanted - np.array(preview.matrix_basis)).max() <= tolerance:
        return False
    preview.matrix_basis = Matrix(wanted.tolist())
    return True


def _scale(fit: object, filled: Array, box: Array, new: Array) -> Array:
    """How a mesh of the size *filled*, which was made for a box of the size *box*, is scaled for *new*; all (3,)."""
    if fit == Fit.NONE:
        return np.ones(3)
    if fit == Fit.EXACT:
        ratio: Array = np.divide(new, box, out=np.ones(3), where=(box > 0.0) & (new > 0.0))
        return ratio
    measurable = (filled > 0.0) & (new > 0.0)
    return np.full(3, (new[measurable] / filled[measurable]).min() if measurable.any() else 1.0)


def _share(box: Array, point: Vec3) -> Array:
    """Where *point* is in *box* (2, 3), from 0 to 1 on each axis; in the middle of a flat one."""
    size = box[1] - box[0]
    share: Array = np.divide(np.array(point) - box[0], size, out=np.full(3, 0.5), where=size > 0.0)
    return share


def _at(box: Array, share: Array) -> Array:
    """The point at *share* (3,) of *box* (2, 3)."""
    point: Array = box[0] + share * (box[1] - box[0])
    return point


def _mesh_box(preview: bpy.types.Object) -> tuple[Array, Array]:
    points = np.array(preview.bound_box, dtype=np.float64)
    return points.min(axis=0), points.max(axis=0)


def _made_for(preview: bpy.types.Object) -> tuple[Array, Array, Array] | None:
    """Its matrix (4, 4), box (2, 3) and share of it (3,); ``None`` where the file does not hold them as numbers."""
    found = []
    for name, shape in ((_BASIS, (4, 4)), (_BOX, (2, 3)), (_ANCHOR, (3,))):
        try:
            numbers: Array = np.array(list(read(preview, name)), dtype=np.float64).reshape(shape)
        except (TypeError, ValueError):
            return None
        if not np.isfinite(numbers).all():
            return None
        found.append(numbers)
    return found[0], found[1], found[2]
