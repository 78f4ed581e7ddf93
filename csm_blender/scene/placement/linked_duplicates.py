# SPDX-License-Identifier: GPL-3.0-or-later
"""Linked duplicates: twenty chairs share one mesh, and get one result."""

from __future__ import annotations

from collections.abc import Iterator

import bpy
import numpy as np
from mathutils import Matrix

from ...core.errors import CsmError
from ...core.messages import Message
from ...core.models import JobSpec, Target
from ..blender.evaluation import depsgraph_of
from ..measure.custom_box import custom_box
from ..measure.measure import measure, measure_shape
from .target_checks import check_changeable

_SAME_BOX = 1e-6


def copies_of(
    target: bpy.types.Object, spec: JobSpec, scene: bpy.types.Scene, notes: list[Message]
) -> Iterator[tuple[bpy.types.Object, Matrix]]:
    """The other objects of *scene* that look like *target*, and their world matrices.

    They share its data, or the collection it instances, and have the same box in their own axes; where *target* has a
    custom box, its copies need not have one, but must show the same as it does. Those with another box, because of
    their modifiers, are not changed, which *notes* say.
    """
    recorded = spec.target
    assert recorded is not None
    depsgraph = depsgraph_of(scene)
    shown = measure_shape(target, depsgraph) if custom_box(target) is not None else recorded
    for other in [obj for obj in scene.objects if obj != target and _shares(obj, target)]:
        name = repr(other.name)
        try:
            check_changeable([other], spec.choices.original)
            found = measure(other, depsgraph)
        except CsmError as error:
            notes.append(Message("{name} shares the mesh and was not changed: {error}", name=name, error=error))
            continue
        if _same_box(found, recorded if custom_box(other) is not None else shown):
            yield other, Matrix(found.matrix_world)
        else:
            words = "{name} shares the mesh and was not changed: its modifiers give it another box."
            notes.append(Message(words, name=name))


def _shares(obj: bpy.types.Object, target: bpy.types.Object) -> bool:
    if target.data is not None:
        return obj.data == target.data
    return target.instance_collection is not None and obj.instance_collection == target.instance_collection


def _same_box(found: Target, recorded: Target) -> bool:
    boxes = np.array([(target.box_min, target.box_max) for target in (found, recorded)])  # (2, 2, 3)
    size = boxes[1, 1] - boxes[1, 0]
    return bool((np.abs(boxes[0] - boxes[1]) <= _SAME_BOX * size.max()).all())
