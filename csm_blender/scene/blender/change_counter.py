# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts changes, so that nobody has to look for them at every redraw.

A look at a dozen properties takes longer than to draw the box they are about. Handlers may be called while rendering,
from another thread: they only count.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import bpy
from bpy.app.handlers import persistent

_MOST_LOOKED_AT = 64
"""So many updates are looked at; that more things were moved at once counts as a change of everything."""


@dataclass
class Changes:
    """Numbers that only grow."""

    shapes: int = 0
    """Changed by anything but moving objects: shapes, selection, what is shown, names, frames."""
    moves: int = 0
    """Changed by moving, turning or scaling any object."""
    choices: int = 0
    """Changed by choosing something in the panel, by jobs, by undo: what Blender does not evaluate anything for."""
    are_counted: bool = False


changes = Changes()


def start() -> None:
    """Count from now on. A Blender without a window does not: nothing is drawn there."""
    if not changes.are_counted:
        bpy.app.handlers.depsgraph_update_post.append(_evaluated)
        bpy.app.handlers.frame_change_post.append(_frame_changed)
        changes.are_counted = True


def stop() -> None:
    """Not any more."""
    if changes.are_counted:
        bpy.app.handlers.depsgraph_update_post.remove(_evaluated)
        bpy.app.handlers.frame_change_post.remove(_frame_changed)
        changes.are_counted = False


def chosen(_owner: Any = None, _context: Any = None) -> None:
    """Count a change of choices or jobs. Blender can call it for a property."""
    changes.choices += 1


@persistent  # type: ignore[untyped-decorator]  # by the stubs
def _evaluated(_scene: object, depsgraph: Any) -> None:
    seen = 0
    for update in itertools.islice(depsgraph.updates, _MOST_LOOKED_AT):
        seen += 1
        if update.is_updated_geometry or not update.is_updated_transform:
            changes.shapes += 1
            return
    if seen == _MOST_LOOKED_AT:
        changes.shapes += 1
    changes.moves += 1


@persistent  # type: ignore[untyped-decorator]  # by the stubs
def _frame_changed(*_arguments: object) -> None:
    changes.shapes += 1
