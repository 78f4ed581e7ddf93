# SPDX-License-Identifier: GPL-3.0-or-later
"""What the local engine is asked to do with a mesh, and what it says it did: shared by all who call it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from .errors import BadValue
from .records import Record

ReportProgress = Callable[[float, str], None]
"""Called with the share that is done, from 0 to 1 and never less than before, and what is done next."""

MIN_FACES, MAX_FACES = 50, 5_000_000
TEXTURE_SIZES = (0, 512, 1024, 2048, 4096, 8192)
"""Side of the square textures in pixels; 0 for none."""


class RemeshMode(StrEnum):
    """Whether a mesh that is clean and within its budget already is left as it is."""

    AUTO = "AUTO"
    ALWAYS = "ALWAYS"


class Way(StrEnum):
    """Which way a mesh was taken: left as it is, mended in place, or rebuilt (at least one body of it)."""

    KEPT = "KEPT"
    MENDED = "MENDED"
    REBUILT = "REBUILT"


@dataclass(frozen=True)
class RemeshOptions(Record):
    """The budget and the textures. ``quads`` above 0 asks for that many quads, and ``triangles`` does not count then.

    ``texture_size`` is the side in pixels, one of ``TEXTURE_SIZES``.
    """

    triangles: int = 20_000
    quads: int = 0
    texture_size: int = 2048
    mode: RemeshMode = RemeshMode.AUTO

    def checked(self) -> RemeshOptions:
        """These options. Raises :class:`BadValue` where they mean nothing."""
        if not MIN_FACES <= (self.quads or self.triangles) <= MAX_FACES:
            raise BadValue(
                "The budget must be between {low} and {high} faces.",
                "20000 triangles suit most meshes.",
                low=MIN_FACES,
                high=MAX_FACES,
            )
        if self.texture_size not in TEXTURE_SIZES:
            raise BadValue(
                "The texture size must be one of {sizes}.",
                "2048 suits most meshes; 0 makes no textures.",
                sizes=tuple(map(str, TEXTURE_SIZES)),
            )
        return self


@dataclass(frozen=True)
class InputFigures(Record):
    """The mesh that came. Vertices at the same place count as one; ``bodies`` are its connected parts."""

    triangles: int
    bodies: int
    open_edges: int
    non_manifold_edges: int


@dataclass(frozen=True)
class OutputFigures(Record):
    """The mesh that was made. ``texture`` is the side of its textures in pixels, 0 where it has none.

    ``triangles`` counts a quad as two. ``watertight``: each edge has exactly two faces.
    """

    triangles: int
    quads: int
    vertices: int
    watertight: bool
    texture: int


@dataclass(frozen=True)
class Deviation(Record):
    """Distance between the mesh that came and the one that was made, both ways, as shares of the box's diagonal.

    What was left out on purpose (specks, inner shells) does not count.
    """

    mean: float
    p99: float
    max: float


@dataclass(frozen=True)
class RemeshReport(Record):
    """What the engine did, as ``csm remesh --json`` prints it.

    ``bodies_dropped`` were too small or inside another one; ``deviation`` is ``None`` where nothing was changed.
    ``notes`` are messages for people.
    """

    input: InputFigures
    output: OutputFigures
    way: Way
    holes_closed: int = 0
    bodies_dropped: int = 0
    deviation: Deviation | None = None
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    version: int = 1


WRITABLE = (".glb", ".obj", ".fbx", ".usdc", ".ply", ".blend")
"""The suffixes of the formats that can be written."""

BASE_BYTES = 450 * 1024**2
BYTES_PER_TRIANGLE = 1500
BYTES_PER_TEXEL = 32
"""What the engine takes by itself, for each triangle that comes and for each texel of one of its textures.

Measured in Blender 4.2, with some room: 645 MB for 100,000 triangles and 2048 pixels, 1039 MB for 400,000, 1180 MB for
those rebuilt with 4096 pixels.
"""


@dataclass(frozen=True)
class RemeshRequest(Record):
    """What a converter is to do with the mesh file ``source``: remesh it and write it to ``target``.

    ``target`` lies in a folder of its own, which is filled with it and the files that belong to it.
    """

    source: Path
    target: Path
    options: RemeshOptions


@dataclass(frozen=True)
class RemeshAnswer(Record):
    """The report of a :class:`RemeshRequest`, and the names of the files beside ``target`` that belong to it."""

    report: RemeshReport
    companions: tuple[str, ...] = ()


def memory_needed(triangles: int, options: RemeshOptions) -> int:
    """Bytes of memory that the engine may take for a mesh of so many *triangles*, its Blender included."""
    return BASE_BYTES + BYTES_PER_TRIANGLE * triangles + BYTES_PER_TEXEL * options.texture_size**2
