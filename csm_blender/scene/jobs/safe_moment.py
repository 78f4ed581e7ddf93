# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether this is a moment to put a result into the scene, without getting into the way of what a person is doing."""

from __future__ import annotations

from typing import Any

import bpy

from ...core.messages import NOTHING, Message
from ...core.models import Original
from ..blender.bpy_typing import current
from .binding import find_target, home_scene
from .state import desk

_JOBS_IN_THE_WAY = {"RENDER": "the render", "OBJECT_BAKE": "the bake", "COMPOSITE": "the compositor"}

_LINGERING = frozenset({"RENDER_OT_render", "OBJECT_OT_bake"})
"""Operators that stay modal after their job has ended, until the mouse moves. Their jobs are asked for instead."""


_DRAGS = "CSM_OT_drag_"


def reason_to_wait(job_id: str) -> Message:
    """What to wait for before the job's result is placed; empty when nothing is in the way."""
    scene = home_scene(job_id)
    if scene is None:
        return Message("Ready. Its scene is gone: it waits for the scene to come back")
    if reason := reason_not_to_touch(scene):
        return reason
    job = desk.jobs.get(job_id)
    target = find_target(job_id)
    replaces = job is not None and job.spec.choices.original is Original.REPLACE
    if replaces and target is not None and target.mode != "OBJECT":
        return Message(
            "Ready. Waits until you leave {mode_name} of {name}", mode_name=_mode_name(target), name=target.name
        )
    return NOTHING


def reason_not_to_touch(scene: bpy.types.Scene) -> Message:
    """What to wait for before anything is put into *scene*; empty when nothing is in the way."""
    app: Any = bpy.app
    for job_type, kind in _JOBS_IN_THE_WAY.items():
        if app.is_job_running(job_type):
            return Message("Ready. Waits for {kind} to end", kind=Message(kind))
    windows = current.window_manager.windows
    if any(window.screen.is_animation_playing for window in windows):
        return Message("Ready. Waits for the playback to stop")
    for window in windows:
        if any(_holds_data(operator) for operator in window.modal_operators):
            return Message("Ready. Waits until you are done with what you are doing")
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
