# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a result can be placed in the scene now without disturbing what the user is doing."""

from __future__ import annotations

from typing import Any

import bpy

from ...core.messages import NOTHING, Message
from ...core.models import Original
from ..blender.bpy_typing import current
from .binding import bound_scene, find_target
from .state import file_state

_BLOCKING_JOBS = {
    "RENDER": Message("Ready. Waiting for the render to end"),
    "OBJECT_BAKE": Message("Ready. Waiting for the bake to end"),
    "COMPOSITE": Message("Ready. Waiting for the compositor to end"),
}
_STILL_MODAL = frozenset({"RENDER_OT_render", "OBJECT_OT_bake"})
"""Operators that stay modal after their job has ended, until the mouse moves. Their jobs are checked instead."""


def reason_to_wait(job_id: str) -> Message:
    """What to wait for before the job's result is placed; empty if it can be placed now."""
    scene = bound_scene(job_id)
    if scene is None:
        return Message("Ready. Its scene is missing: waiting until the scene is back")
    if reason := reason_not_to_touch(scene):
        return reason
    job = file_state().jobs.get(job_id)
    target = find_target(job_id)
    replaces = job is not None and job.spec.choices.original is Original.REPLACE
    if replaces and target is not None and target.mode != "OBJECT":
        mode = Message("{mode} Mode", mode=target.mode.replace("_", " ").title())
        return Message("Ready. Waiting until you leave {mode} of {name}", mode=mode, name=target.name)
    return NOTHING


def reason_not_to_touch(scene: bpy.types.Scene) -> Message:
    """What to wait for before *scene* is changed; empty if it can be changed now."""
    app: Any = bpy.app
    for job_type, message in _BLOCKING_JOBS.items():
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
    """Whether *operator* is one of Blender's own, which keep pointers to data; those in Python tolerate changes."""
    name = operator.bl_idname
    if name.startswith("CSM_OT_drag_"):
        return True  # an undo step pushed now would hold half a drag
    return name not in _STILL_MODAL and bpy.types.Operator.bl_rna_get_subclass_py(name) is None
