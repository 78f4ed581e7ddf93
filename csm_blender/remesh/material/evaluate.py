# SPDX-License-Identifier: GPL-3.0-or-later
"""The values of expressions at places of a mesh."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import bpy
import numpy as np

from .expressions import UV, Attribute, Constant, Expression, Image, Operation, Procedural
from .images import Pixels, looked_up
from .mesh_data import Floats, Hits, Ints, TriangleData

_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)


@dataclass
class Places:
    """Places on a mesh, the images that are read already, and what was looked up at the places.

    *texels* (n,) and *rendered* are those of :mod:`.cycles`.
    """

    data: TriangleData
    hits: Hits
    pixels: Callable[[bpy.types.Image], Pixels]
    texels: Ints
    rendered: dict[Procedural, Floats]
    _known: dict[Any, Floats] = field(default_factory=dict)

    def part(self, chosen: Ints) -> Places:
        """The places *chosen* (n,) alone."""
        hits = Hits(self.hits.triangle[chosen], self.hits.weights[chosen])
        return Places(self.data, hits, self.pixels, self.texels[chosen], self.rendered)

    def values(self, expression: Expression) -> Floats:
        """(n, 3) or (n, 1) numbers; (1, 3) or (1, 1) where they are the same everywhere."""
        if isinstance(expression, Constant):
            return np.array([expression.value], dtype=np.float32)
        if isinstance(expression, Operation):
            parts = [self.values(each) for each in expression.inputs]
            return (
                _OPERATIONS[expression.kind](*parts)
                if not expression.kind.isdigit()
                else _component(parts[0], expression.kind)
            )
        if isinstance(expression, Procedural):
            return self.rendered[expression][self.texels]
        if expression not in self._known:
            self._look_up(expression)
        return self._known[expression]

    def _look_up(self, leaf: UV | Image | Attribute) -> None:
        if isinstance(leaf, UV):
            self._known[leaf] = self.data.uv(leaf.name, self.hits)
            return
        if isinstance(leaf, Attribute):
            color = self.data.attribute(leaf.name, self.hits)
            for is_alpha in (False, True):
                self._known[Attribute(leaf.name, is_alpha)] = color[:, 3:] if is_alpha else color[:, :3]
            return
        place = np.broadcast_to(self.values(leaf.place), (len(self.hits.triangle), 3))
        color = looked_up(self.pixels(leaf.image), place, leaf.extension, leaf.interpolation)
        for is_alpha in (False, True):
            same = Image(leaf.image, leaf.place, leaf.extension, leaf.interpolation, is_alpha)
            self._known[same] = color[:, 3:] if is_alpha else color[:, :3]


def constant_value(expression: Expression) -> Floats | None:
    """(k,) the numbers of an expression that are the same everywhere, else ``None``."""
    if isinstance(expression, Constant):
        return np.array(expression.value, dtype=np.float32)
    if not isinstance(expression, Operation):
        return None
    parts = [constant_value(each) for each in expression.inputs]
    if any(part is None for part in parts):
        return None
    rows = [part[None] for part in parts if part is not None]
    kind = expression.kind
    result: Floats = (_component(rows[0], kind) if kind.isdigit() else _OPERATIONS[kind](*rows))[0]
    return result


def _component(values: Floats, number: str) -> Floats:
    wide = values if values.shape[1] > 1 else np.repeat(values, 3, axis=1)
    return wide[:, int(number), None]


def _mixed(blend: Callable[[Floats, Floats], Floats]) -> Callable[[Floats, Floats, Floats], Floats]:
    def mixed(factor: Floats, a: Floats, b: Floats) -> Floats:
        if factor.shape == (1, 1) and factor[0, 0] == 1.0:
            return blend(a, b)
        return a + (blend(a, b) - a) * factor

    return mixed


def _divided(a: Floats, b: Floats) -> Floats:
    return np.divide(a, b, out=np.zeros(np.broadcast_shapes(a.shape, b.shape), dtype=np.float32), where=b != 0)


def _mapping(vector: Floats, location: Floats, rotation: Floats, scale: Floats) -> Floats:
    """Scale, then rotation about x, y and z, then location."""
    if not rotation.any() and not location.any() and (scale == 1.0).all():
        return vector
    return _rotated(vector * scale, rotation) + location


def _texture_mapping(vector: Floats, location: Floats, rotation: Floats, scale: Floats) -> Floats:
    """The inverse of :func:`_mapping`."""
    return _divided(_rotated(vector - location, rotation, is_back=True), scale)


def _rotated(vector: Floats, rotation: Floats, *, is_back: bool = False) -> Floats:
    if not rotation.any():
        return vector
    for axis in (2, 1, 0) if is_back else (0, 1, 2):
        angle = -rotation[:, axis] if is_back else rotation[:, axis]
        cos, sin = np.cos(angle), np.sin(angle)
        first, second = (axis + 1) % 3, (axis + 2) % 3
        turned = np.empty(np.broadcast_shapes(vector.shape, rotation.shape), dtype=np.float32)
        turned[:, axis] = vector[:, axis]
        turned[:, first] = vector[:, first] * cos - vector[:, second] * sin
        turned[:, second] = vector[:, first] * sin + vector[:, second] * cos
        vector = turned
    return vector


def _wrap(value: Floats, high: Floats, low: Floats) -> Floats:
    span = high - low
    return np.where(span != 0, value - span * np.floor(_divided(value - low, span)), low)


def _pingpong(value: Floats, scale: Floats) -> Floats:
    share = _divided(value - scale, scale * 2)
    wrapped: Floats = (share - np.floor(share)) * scale * 2 - scale
    return np.abs(wrapped)


def _combined(x: Floats, y: Floats, z: Floats) -> Floats:
    rows = max(len(x), len(y), len(z))
    return np.concatenate([np.broadcast_to(part, (rows, 1)) for part in (x, y, z)], axis=1)


_OPERATIONS: dict[str, Callable[..., Floats]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": _divided,
    "power": lambda a, b: np.power(np.maximum(a, 0.0), b),
    "minimum": np.minimum,
    "maximum": np.maximum,
    "less": lambda a, b: (a < b).astype(np.float32),
    "greater": lambda a, b: (a > b).astype(np.float32),
    "round": lambda a: np.floor(a + 0.5),
    "sqrt": lambda a: np.sqrt(np.maximum(a, 0.0)),
    "absolute": np.abs,
    "multiply_add": lambda a, b, c: a * b + c,
    "wrap": _wrap,
    "pingpong": _pingpong,
    "clamp": lambda a: np.clip(a, 0.0, 1.0),
    "luminance": lambda a: (a @ _LUMINANCE)[:, None] if a.shape[1] > 1 else a,
    "average": lambda a: a.mean(axis=1, keepdims=True),
    "combine": _combined,
    "mapping": _mapping,
    "texture_mapping": _texture_mapping,
    "mix": _mixed(lambda _a, b: b),
    "mix_multiply": _mixed(lambda a, b: a * b),
    "mix_add": _mixed(lambda a, b: a + b),
    "mix_subtract": _mixed(lambda a, b: a - b),
    "mix_screen": _mixed(lambda a, b: a + b - a * b),
    "mix_darken": _mixed(np.minimum),
    "mix_lighten": _mixed(np.maximum),
    "mix_divide": _mixed(_divided),
}
