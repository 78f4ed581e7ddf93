# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether this is a moment to put a result into the scene, without getting into the way of what a person is doing."""

from __future__ import annotations

from typing import Any

import bpy

from ...core.messages import NOTHING, Message
from ...core.models import Original
from ..blender.bpy_typing import current
from .binding import bound_scene, find_target
from .state import file_state

_JOBS_IN_THE_WAY = {
    "RENDER": Message("Ready. Waiting for the render to end"),
    "OBJECT_BAKE": Message("Ready. Waiting for the bake to end"),
    "COMPOSITE": Message("Ready. Waiting for the compositor to end"),
}

_LINGERING = frozenset({"RENDER_OT_render", "OBJECT_OT_bake"})
"""Operators that stay modal after their job has ended, until the mouse moves. Their jobs are asked for instead."""


_DRAGS = "CSM_OT_drag_"


def reason_to_wait(job_id: str) -> Message:
    """What to wait for before the job's result is placed; empty when nothing is in the way."""
    scene = bound_scene(job_id)
    if scene is None:
        return Message("Ready. Its scene is missing: waiting until the scene is back")
    if reason := reason_not_to_touch(scene):
        return reason
    job = file_state().jobs.get(job_id)
    target = find_target(job_id)
    replaces = job is not None and job.spec.choices.original is Original.REPLACE
    if replaces and target is not None and target.mode != "OBJECT":
        return Message("Ready. Waiting until you leave {mode} of {name}", mode=_mode_name(target), name=target.name)
    return NOTHING


def reason_not_to_touch(scene: bpy.types.Scene) -> Message:
    """What to wait for before anything is put into *scene*; empty when nothing is in the way."""
    app: Any = bpy.app
    for job_type, message in _JOBS_IN_THE_WAY.items():
        if app.is_job_running(job_type):
            return message
    windows = current.window_manager.windows
    if any(window.screen.is_animation_playing for window in windows):
        return Message("Ready. Waiting for the playback to stop")
    for window in windows:
        if any(_holds_data(operator) for operator in window.modal_operators):
            return Message("Ready. Waiting until your current action ends")
    if scene.library is not None or not scene.is_editable:
        return Message("Ready. Its scene is linked and cannot be changed")
    return NOTHING


def _holds_data(operator: bpy.types.Operator) -> bool:
    """Whether *operator* is one of Blender's own, which work on pointers to data between two events.

    Add-ons' operators (Python) have to cope with changes anyway, and some of them run all the time.
    """
    name = operator.bl_idname
    if name.startswith(_DRAGS):
        return True  # an undo step pushed now would hold half a drag
    return name not in _LINGERING and bpy.types.Operator.bl_rna_get_subclass_py(name) is None


def _mode_name(obj: bpy.types.Object) -> Message:
    return Message("{mode} Mode", mode=obj.mode.replace("_", " ").title())
