# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts changes, so that a redraw need not compare what it shows: that can take longer than the drawing."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from bpy.app.handlers import persistent

from .runtime import Part

MOST_UPDATES = 64
"""If more objects were moved at once, that counts as a change of everything."""


@dataclass
class ChangeCounter(Part):
    """Numbers that only grow."""

    shapes: int = 0
    """All but moved objects: shapes, selection, visibility, names, frames."""
    moves: int = 0
    """Objects moved, rotated or scaled."""
    choices: int = 0
    """Settings in the panel, jobs, undo: what the depsgraph does not evaluate anything for."""
    are_counted: bool = False
    """Whether Blender calls the handlers below: only with a window, as nothing is drawn without one."""


changes = ChangeCounter.current
"""The counter of the current runtime."""


def chosen(_owner: Any = None, _context: Any = None) -> None:
    """Count a change of settings or jobs; also an ``update`` callback of properties."""
    changes().choices += 1


@persistent  # type: ignore[untyped-decorator]  # by the stubs
def evaluated(_scene: object, depsgraph: Any) -> None:
    """Count what the depsgraph updated: a handler of ``depsgraph_update_post``, also in other threads (rendering)."""
    counter, updates = changes(), list(itertools.islice(depsgraph.updates, MOST_UPDATES))
    counter.moves += 1
    if len(updates) == MOST_UPDATES or any(
        each.is_updated_geometry or not each.is_updated_transform for each in updates
    ):
        counter.shapes += 1


@persistent  # type: ignore[untyped-decorator]  # by the stubs
def frame_changed(*_arguments: object) -> None:
    """Anything may look different in another frame: a handler of ``frame_change_post``."""
    changes().shapes += 1
