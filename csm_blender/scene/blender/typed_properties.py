# SPDX-License-Identifier: GPL-3.0-or-later
"""The functions of ``bpy.props`` with the types that their values have in Python, for Blender and mypy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import bpy

_props: Any = bpy.props
BoolProperty: Callable[..., bool] = _props.BoolProperty
CollectionProperty: Callable[..., Any] = _props.CollectionProperty
EnumProperty: Callable[..., str] = _props.EnumProperty
FloatProperty: Callable[..., float] = _props.FloatProperty
FloatVectorProperty: Callable[..., Any] = _props.FloatVectorProperty
IntProperty: Callable[..., int] = _props.IntProperty
PointerProperty: Callable[..., Any] = _props.PointerProperty
StringProperty: Callable[..., str] = _props.StringProperty
_Deferred = type(_props.BoolProperty())
"""What these functions give: a property that Blender makes when the class is registered."""

AnyClass = TypeVar("AnyClass", bound=type)


def with_properties(cls: AnyClass) -> AnyClass:
    """Class decorator: turns attributes such as ``name = StringProperty()`` into the annotations that Blender reads."""
    found = {name: value for name, value in vars(cls).items() if isinstance(value, _Deferred)}
    for name in found:
        delattr(cls, name)
    cls.__annotations__ = {**vars(cls).get("__annotations__", {}), **found}
    return cls
