# SPDX-License-Identifier: GPL-3.0-or-later
"""Properties of Blender's classes with their types: ``count: int = props.IntProperty(min=0)``.

Blender looks for the property in the annotation, where type checkers look for the type. So the property is written as
the value, and becomes the annotation when the class is made.
"""

from __future__ import annotations

from typing import Any

import bpy

props: Any = bpy.props  # by its stubs every property is None
_Property: Any = type(props.BoolProperty())


class TypedProperties:
    """Base of the classes, and of mix-ins, whose properties are written that way."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name, value in list(vars(cls).items()):
            if isinstance(value, _Property):
                delattr(cls, name)
                cls.__annotations__[name] = value
