# SPDX-License-Identifier: GPL-3.0-or-later
"""New files begin with the defaults of the preferences; what the user has chosen in a scene stays."""

from __future__ import annotations

from dataclasses import dataclass, field

import bpy

from ..scene.addon.preferences import obstacle, preferences
from ..scene.blender.runtime import Part, part, runtime
from ..scene.properties import state_of


@dataclass
class GivenDefaults(Part):
    """The defaults that this session wrote into scenes, so that they are not taken for the user's choices."""

    values: dict[str, str] = field(default_factory=dict)


def apply() -> None:
    """Write the defaults into the scenes of a file that was never saved."""
    if bpy.data.filepath:
        return
    given = part(GivenDefaults).values
    wanted = {"fit": preferences().default_fit, "original": preferences().default_original}
    # Without a key or the network, the panel opens with what works without them.
    wanted["source"] = "SESSION" if obstacle() is None else "FILE"
    for scene in bpy.data.scenes:
        state = state_of(scene)
        for name, value in wanted.items():
            chosen = state.is_property_set(name) and getattr(state, name) != given.get(name)
            chosen = chosen or (name == "source" and (state.filepath or state.source_object is not None))
            if not chosen and getattr(state, name) != value:
                setattr(state, name, value)
    given.update(wanted)


def forget() -> None:
    """Forget what was written: another file is open."""
    runtime().forget(GivenDefaults)
