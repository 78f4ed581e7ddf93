# SPDX-License-Identifier: GPL-3.0-or-later
"""What a panel draws, in a Blender without a window."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import bpy


class Drawn:
    """In place of a layout: notes the properties, operators and texts that are drawn, and whether they are gray."""

    def __init__(self, seen: dict[str, bool], *, parent: Drawn | None = None) -> None:
        self.seen, self.parent, self.enabled = seen, parent, True

    def __getattr__(self, name: str) -> Any:
        def draw(*arguments: Any, **named: Any) -> Any:
            if name == "panel":
                return Drawn(self.seen, parent=self), Drawn(self.seen, parent=self)
            texts = [each for each in (*arguments, *named.values()) if isinstance(each, str)]
            self.seen |= dict.fromkeys([" ".join(texts[:2]), *texts], self.is_enabled())
            return Drawn(self.seen, parent=self)

        return draw

    def is_enabled(self) -> bool:
        return self.enabled and (self.parent is None or self.parent.is_enabled())


class InSidebar:
    """Blender's context, as it is in a sidebar."""

    region = SimpleNamespace(width=300, type="UI")
    preferences = SimpleNamespace(system=SimpleNamespace(ui_scale=1.0))

    def __getattr__(self, name: str) -> Any:
        return getattr(bpy.context, name)
