# SPDX-License-Identifier: GPL-3.0-or-later
"""Types for the parts of ``bpy`` whose type stubs do not help.

In the stubs everything in a context may be ``None``, a layout has the icons of Blender 4.2 only, and the functions of
``bpy.props`` give ``None``: here they give what the property will hold.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import bpy

Context = Any
"""``bpy.types.Context``."""

Layout = Any
"""``bpy.types.UILayout``."""


class _Current:
    """Looked up each time: while Blender enables add-ons, ``bpy.context`` is a restricted object without attributes."""

    def __getattr__(self, name: str) -> Any:
        return getattr(bpy.context, name)


current: Any = _Current()
"""``bpy.context``."""

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
