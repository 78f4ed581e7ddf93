# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts changes, so that nobody has to look for them at every redraw.

A look at a dozen properties takes longer than to draw the box they are about. Handlers may be called while rendering,
from another thread: they only count.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from bpy.app.handlers import persistent

from .runtime import Part, part

_MOST_LOOKED_AT = 64
"""So many updates are looked at; that more things were moved at once counts as a change of everything."""


@dataclass
class ChangeCounter(Part):
    """Numbers that only grow."""

    shapes: int = 0
    """Changed by anything but moving objects: shapes, selection, what is shown, names, frames."""
    moves: int = 0
    """Changed by moving, turning or scaling any object."""
    choices: int = 0
    """Changed by choosing something in the panel, by jobs, by undo: what Blender does not evaluate anything for."""
    are_counted: bool = False
    """Whether Blender calls the handlers below. One without a window does not: nothing is drawn there."""


def changes() -> ChangeCounter:
    """The counter of the current runtime."""
    return part(ChangeCounter)


def chosen(_owner: Any = None, _context: Any = None) -> None:
    """Count a change of choices or jobs. Blender can call it for a property."""
    changes().choices += 1


@persistent  # type: ignore[untyped-decorator]  # by the stubs
def evaluated(_scene: object, depsgraph: Any) -> None:
    """Count what Blender evaluated anew: a handler of ``depsgraph_update_post``."""
    counter, seen = changes(), 0
    for update in itertools.islice(depsgraph.updates, _MOST_LOOKED_AT):
        seen += 1
        if update.is_updated_geometry or not update.is_updated_transform:
            counter.shapes += 1
            return
    if seen == _MOST_LOOKED_AT:
        counter.shapes += 1
    counter.moves += 1


@persistent  # type: ignore[untyped-decorator]  # by the stubs
def frame_changed(*_arguments: object) -> None:
    """Another frame may look different in all: a handler of ``frame_change_post``."""
    changes().shapes += 1
