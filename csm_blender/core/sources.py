# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the mesh of a job comes from, what works on it, and which way it faces in the box."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath

from .errors import UsageError
from .file_system import portable_name
from .messages import Message
from .records import Record

MESH_SUFFIXES = (
    ".glb", ".gltf", ".obj", ".fbx", ".stl", ".ply", ".usd", ".usda", ".usdc", ".usdz", ".zip",
)  # fmt: skip
"""What the name of a mesh file ends in; a zip holds one of the others."""

OBJECT_PREFIX = "object:"


class SourceKind(StrEnum):
    """What kind of thing the mesh comes from."""

    SESSION = "SESSION"
    FILE = "FILE"
    OBJECT = "OBJECT"


class Engine(StrEnum):
    """What is done to the mesh before it is fitted: the service's refine, the local engine, or nothing."""

    SERVICE = "SERVICE"
    LOCAL = "LOCAL"
    NONE = "NONE"


class Facing(StrEnum):
    """Which way the mesh looks in the box: a turn about the box's up axis, counterclockwise seen from above."""

    AS_DELIVERED = "AS_DELIVERED"
    TURN_0 = "0"
    TURN_90 = "90"
    TURN_180 = "180"
    TURN_270 = "270"
    AUTO = "AUTO"

    @property
    def degrees(self) -> int:
        """The turn that was chosen; 0 where the mesh stays as delivered, and before ``AUTO`` was decided."""
        return int(self) if self.isdecimal() else 0


@dataclass(frozen=True)
class Source(Record):
    """``name`` is a session's code, the absolute path of a file, or the name of an object."""

    kind: SourceKind
    name: str

    @classmethod
    def of(cls, source: Source | str) -> Source:
        """*source* itself; a text is the code of a session."""
        return source if isinstance(source, Source) else Source(SourceKind.SESSION, source)

    @property
    def text(self) -> str:
        """The source as it is written on a command line; ``core.files.source_text`` reads it."""
        return f"{OBJECT_PREFIX}{self.name}" if self.kind is SourceKind.OBJECT else self.name

    @property
    def label(self) -> str:
        """A short name to show: a file's without its folders."""
        return PurePath(self.name).name if self.kind is SourceKind.FILE else self.name

    @property
    def stem(self) -> str:
        """What files made from this source are called, without a suffix: no character that a file system refuses."""
        name = PurePath(self.name).stem if self.kind is SourceKind.FILE else self.name
        return portable_name(name, longest_bytes=100) or "mesh"

    @property
    def default_engine(self) -> Engine:
        """The engine where none was chosen."""
        return Engine.SERVICE if self.kind is SourceKind.SESSION else Engine.LOCAL

    def checked_engine(self, engine: Engine | None) -> Engine:
        """*engine*, or the default. Raises :class:`UsageError` for one that this source cannot have."""
        chosen = engine or self.default_engine
        if chosen is Engine.SERVICE and self.kind is not SourceKind.SESSION:
            what = Message("A file" if self.kind is SourceKind.FILE else "An object")
            raise UsageError(
                "{what} cannot be refined by the service, which knows sessions only.",
                "Refine it on this computer, or take it as it is.",
                what=what,
            )
        return chosen


def default_facing(engine: Engine) -> Facing:
    """The facing where none was chosen: the service was told the box; whoever made another mesh was not."""
    return Facing.AS_DELIVERED if engine is Engine.SERVICE else Facing.AUTO
