# SPDX-License-Identifier: GPL-3.0-or-later
"""Custom properties of datablocks, which the type stubs leave out."""

from __future__ import annotations

from typing import Any


def read(block: Any, name: str, default: Any = None) -> Any:
    """The custom property *name* of *block*, or *default*."""
    return block.get(name, default)


def snapshot(block: Any, prefix: str) -> dict[str, Any]:
    """The custom properties of *block* whose names begin with *prefix*, as plain values."""
    found = [(name, value) for name, value in block.items() if name.startswith(prefix)]
    return {name: value.to_list() if hasattr(value, "to_list") else value for name, value in found}
