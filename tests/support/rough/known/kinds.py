# SPDX-License-Identifier: GPL-3.0-or-later
"""The known meshes, by name. Each is made with about as many triangles as are asked for, and is the truth itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rough.known.kinds_mechanical import MECHANICAL
from rough.known.kinds_organic import ORGANIC
from rough.known.kinds_thin import THIN
from rough.known.looks import Looks
from rough.surface import Surface


@dataclass(frozen=True)
class Kind:
    """How to make a known mesh: its surface at a density, its looks, what it stands for.

    ``thickness`` in meters is that of its thinnest closed part, 0 where it has open ones: nobody can tell what
    is inside of those, so there are no inner shells of them. ``bodies`` is how many connected parts matter,
    ``open_bodies`` how many are meant to be open; ``sharp`` says whether its faces are flat with sharp edges.
    """

    name: str
    family: str
    make: Callable[[int], Surface]
    looks: Looks
    thickness: float
    bodies: int = 1
    open_bodies: int = 0
    sharp: bool = False
    pixels: int = 1024
    """Side of its textures."""

    @property
    def textured(self) -> bool:
        """Whether any of its looks is carried by a texture."""
        return any(look.carrier == "texture" for look in self.looks.of)


KINDS: dict[str, Kind] = {entry["name"]: Kind(**entry) for entry in (*ORGANIC, *MECHANICAL, *THIN)}
