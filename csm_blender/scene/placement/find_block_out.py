# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the block-out of a planned job in a file that was changed since the plan was made.

Blender keeps no id of an object in its files, and a plan writes nothing into the artist's. So a block-out is, in this
order: the object that holds the id which this add-on gave it when it was refined before; the object of its name; the
only object that holds the data (the mesh) it had, which keeps its name when the object is renamed, or of several the
one at the same place.
"""

from __future__ import annotations

from collections.abc import Collection

import bpy
import numpy as np

from ...core.farm.plan import BlockOut
from ...core.messages import NOTHING, Message
from ...core.models import JobSpec
from ..blender.custom_properties import read
from ..versions import history

_SAME_PLACE = 1e-6
"""Largest difference between numbers of two world matrices that are the same."""


def known_as(obj: bpy.types.Object) -> BlockOut:
    """What *obj* can be found by later, beside its name and place."""
    return BlockOut(obj.data.name if obj.data is not None else "", obj.type, str(read(obj, history.ID, "")))


def find_block_out(
    spec: JobSpec, known: BlockOut, scene: bpy.types.Scene, taken: Collection[str]
) -> tuple[bpy.types.Object | None, Message]:
    """The block-out of a job in *scene*, and what is to be said about it; ``None`` where it is gone.

    *taken* are the names of all block-outs of the plan: an object of such a name is no other one renamed.
    """
    if spec.target is None:
        return None, NOTHING
    name = spec.object_name
    if known.tag and (tagged := [obj for obj in scene.objects if read(obj, history.ID) == known.tag]):
        found = min(tagged, key=lambda obj: obj.name != name)  # a copy holds the same id
        return found, NOTHING if found.name == name else _renamed(name, found)
    if (named := scene.objects.get(name)) is not None:
        return named, NOTHING
    alike = [obj for obj in scene.objects if _is_alike(obj, known) and obj.name not in taken]
    if len(alike) > 1:
        there = np.array(spec.target.matrix_world)
        alike = [obj for obj in alike if np.abs(np.array(obj.matrix_world) - there).max() <= _SAME_PLACE]
    if len(alike) == 1:
        return alike[0], _renamed(name, alike[0])
    words = "{name} is not in the scene any more: the result is where it was when the plan was made."
    return None, Message(words, name=repr(name))


def _is_alike(obj: bpy.types.Object, known: BlockOut) -> bool:
    if obj.type != known.kind or read(obj, history.RESULT_OF) is not None:
        return False
    return bool(known.data) and obj.data is not None and obj.data.name == known.data


def _renamed(name: str, obj: bpy.types.Object) -> Message:
    return Message("{name} is called {new} now.", name=repr(name), new=repr(obj.name))
