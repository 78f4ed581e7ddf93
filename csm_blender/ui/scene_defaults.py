# SPDX-License-Identifier: GPL-3.0-or-later
"""New files begin with the choices of the preferences; a scene in which somebody chose keeps what was chosen."""

from __future__ import annotations

from dataclasses import dataclass, field

import bpy

from ..scene.addon.preferences import preferences
from ..scene.blender.runtime import Part, part, runtime
from ..scene.properties import state_of


@dataclass
class GivenDefaults(Part):
    """What this session put into scenes by itself, so that it is not taken for somebody's choice."""

    values: dict[str, str] = field(default_factory=dict)


def apply() -> None:
    """Put the defaults into the scenes of a file that was never saved."""
    if bpy.data.filepath:
        return
    given = part(GivenDefaults).values
    wanted = {"fit": preferences().default_fit, "original": preferences().default_original}
    for scene in bpy.data.scenes:
        state = state_of(scene)
        for name, value in wanted.items():
            chosen = state.is_property_set(name) and getattr(state, name) != given.get(name)
            if not chosen and getattr(state, name) != value:
                setattr(state, name, value)
    given.update(wanted)


def forget() -> None:
    """Another file is open."""
    runtime().forget(GivenDefaults)
