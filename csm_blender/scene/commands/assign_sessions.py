# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions for many objects: the rows of a jobs file, or pairs that were chosen, assigned to the block-outs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import bpy

from ...core.api.session_code import parse_session_code
from ...core.errors import BadSessionCode, CsmError, NoSuchObject, UsageError
from ...core.files.assignment import Pair, usable
from ...core.files.jobs_file import Row
from ...core.messages import NOTHING, Message
from ..blender.bpy_typing import Context
from ..measure.measure import SIZELESS_TYPES, find_objects, measure
from ..properties import tag_of


def pairs_of(rows: Iterable[Row], context: Context) -> list[Pair]:
    """The objects and sessions of the *rows* of a jobs file. Raises :class:`UsageError` where none can be used."""
    taken: set[str] = set()
    pairs = [_pair(row, context, taken) for row in rows]
    if not usable(pairs):
        raise UsageError(
            "No job of the file fits this scene ({name}: {problem}).",
            "Open the scene the file was made for, or name its objects as in the file.",
            name=pairs[0].object_name,
            problem=pairs[0].problem,
        )
    return pairs


def assign(pairs: Sequence[Pair], context: Context) -> list[bpy.types.Object]:
    """Assign the sessions and select just these objects. Gives those that cannot be selected: hidden ones."""
    layer, scene = context.view_layer, context.scene
    for obj in list(context.selected_objects or ()):
        obj.select_set(False)
    for pair in usable(pairs):
        obj = scene.objects[pair.object_name]
        tag_of(obj).session_code = pair.session
        if obj.name in layer.objects:
            obj.select_set(True)
    chosen = [scene.objects[pair.object_name] for pair in usable(pairs)]
    layer.objects.active = next((obj for obj in chosen if obj.select_get()), layer.objects.active)
    return [obj for obj in chosen if not obj.select_get()]


def _pair(row: Row, context: Context, taken: set[str]) -> Pair:
    """*taken* are the names in earlier rows, to which this one's is added."""
    try:
        objects = find_objects(context.scene, row.object_name)
    except NoSuchObject as error:
        return Pair(row.session, row.object_name, error.guess or Message("Not in this scene"))
    except CsmError as error:
        return Pair(row.session, row.object_name, error.message)
    name = objects[0].name
    if len(objects) > 1:
        return Pair(row.session, row.object_name, Message("Several objects with one box: refine this line separately"))
    try:
        code = parse_session_code(row.session)
    except BadSessionCode:
        return Pair(row.session, name, Message("Not a session code"))
    if name in taken:
        return Pair(code, name, Message("An earlier line gives it a session"))
    problem = obstacle_to(objects[0], context)
    if not problem:
        taken.add(name)
    return Pair(code, name, problem)


def obstacle_to(obj: bpy.types.Object, context: Context) -> Message:
    """Why *obj* cannot be given a session, in a few words; empty where it can."""
    if obj.type in SIZELESS_TYPES:
        return Message("It has no size")
    if obj.library is not None:
        return Message("Linked, cannot be changed")
    if not any(obj.dimensions):  # measuring can be costly, and this may be for hundreds
        try:
            measure(obj, context.evaluated_depsgraph_get())
        except CsmError:
            return Message("It has no size")
    return NOTHING
