# SPDX-License-Identifier: GPL-3.0-or-later
"""New files begin with the choices of the preferences; a scene in which somebody chose keeps what was chosen."""

from __future__ import annotations

import bpy

from ..scene.addon.preferences import preferences
from ..scene.properties import state_of

_given: dict[str, str] = {}
"""What this session put into scenes by itself, so that it is not taken for somebody's choice."""


def apply() -> None:
    """Put the defaults into the scenes of a file that was never saved."""
    if bpy.data.filepath:
        return
    wanted = {"fit": preferences().default_fit, "original": preferences().default_original}
    for scene in bpy.data.scenes:
        state = state_of(scene)
        for name, value in wanted.items():
            chosen = state.is_property_set(name) and getattr(state, name) != _given.get(name)
            if not chosen and getattr(state, name) != value:
                setattr(state, name, value)
    _given.update(wanted)


def forget() -> None:
    """Another file is open."""
    _given.clear()
