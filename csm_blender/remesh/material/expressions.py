# SPDX-License-Identifier: GPL-3.0-or-later
"""What a socket of a material says, as data: numbers, images, attributes, and arithmetic with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import bpy


@dataclass(frozen=True)
class Constant:
    """The same everywhere: three numbers for a color or a vector, one for a value."""

    value: tuple[float, ...]


@dataclass(frozen=True)
class UV:
    """A UV map as a vector with z = 0; the one that is active for rendering if *name* is empty."""

    name: str = ""


@dataclass(frozen=True)
class Image:
    """An image at *place*: its color as three linear numbers, or with ``is_alpha`` its alpha as one."""

    image: bpy.types.Image
    place: Expression
    extension: str = "REPEAT"
    interpolation: str = "Linear"
    is_alpha: bool = False


@dataclass(frozen=True)
class Attribute:
    """An attribute of the mesh as three numbers, or with ``is_alpha`` its alpha; without *name* the active color."""

    name: str
    is_alpha: bool = False


@dataclass(frozen=True)
class Operation:
    """Arithmetic with *inputs*; :mod:`.evaluate` knows the *kinds*."""

    kind: str
    inputs: tuple[Expression, ...]


@dataclass(frozen=True)
class Procedural:
    """An input of a shader which only a renderer can tell: *width* numbers of what is linked to it."""

    material: bpy.types.Material
    node: str
    socket: str
    width: int


Expression = Constant | UV | Image | Attribute | Operation | Procedural


def leaves(expression: Expression) -> Iterator[Expression]:
    """All parts of *expression* that are no arithmetic."""
    if isinstance(expression, Operation):
        for part in expression.inputs:
            yield from leaves(part)
        return
    yield expression
    if isinstance(expression, Image):
        yield from leaves(expression.place)
