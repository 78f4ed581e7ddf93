# SPDX-License-Identifier: GPL-3.0-or-later
"""Custom properties of datablocks, as the type checker understands them: the stubs leave them out."""

from __future__ import annotations

from typing import Any

import bpy


def read(block: bpy.types.ID, name: str, default: Any = None) -> Any:
    """The custom property *name* of *block*, or *default*."""
    properties: Any = block
    return properties.get(name, default)


def names(block: bpy.types.ID) -> list[str]:
    """The names of all custom properties of *block*."""
    properties: Any = block
    return list(properties.keys())


def snapshot(block: bpy.types.ID, prefix: str) -> dict[str, Any]:
    """The custom properties of *block* whose names begin so, as values that outlive the property itself."""
    found = {name: read(block, name) for name in names(block) if name.startswith(prefix)}
    return {name: value.to_list() if hasattr(value, "to_list") else value for name, value in found.items()}
