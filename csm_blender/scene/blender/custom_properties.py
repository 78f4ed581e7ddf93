# SPDX-License-Identifier: GPL-3.0-or-later
"""Custom properties of datablocks, which the type stubs leave out."""

from __future__ import annotations

from typing import Any

import bpy


def read(block: Any, name: str, default: Any = None) -> Any:
    """The custom property *name* of *block*, or *default*."""
    return block.get(name, default)


def names(block: Any) -> list[str]:
    """The names of all custom properties of *block*."""
    return list(block.keys())


def snapshot(block: bpy.types.ID, prefix: str) -> dict[str, Any]:
    """The custom properties of *block* whose names begin with *prefix*, as plain values."""
    found = {name: read(block, name) for name in names(block) if name.startswith(prefix)}
    return {name: value.to_list() if hasattr(value, "to_list") else value for name, value in found.items()}
