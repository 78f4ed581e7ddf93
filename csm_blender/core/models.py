# SPDX-License-Identifier: GPL-3.0-or-later
"""The terms of the contract as types: the choices for a job, and what it has to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Self

from .records import FLAT, IF_SET, NOT_KEPT, Record
from .remesh import RemeshOptions
from .sources import Engine, Facing, Source, SourceKind

Vec3 = tuple[float, float, float]
Vec4 = tuple[float, float, float, float]
Matrix4 = tuple[Vec4, Vec4, Vec4, Vec4]
"""Row-major 4x4, as ``mathutils.Matrix`` prints it; translation in the last column."""


class Fit(StrEnum):
    """How the delivered mesh is fitted to the box."""

    EXACT = "EXACT"
    INSIDE = "INSIDE"
    NONE = "NONE"


class Pivot(StrEnum):
    """Which point of the box becomes the result's origin."""

    ORIGIN = "ORIGIN"
    CENTER = "CENTER"
    BASE = "BASE"
    CUSTOM = "CUSTOM"


class Original(StrEnum):
    """What happens to the block-out."""

    HIDE = "HIDE"
    KEEP = "KEEP"
    REPLACE = "REPLACE"


class Materials(StrEnum):
    """What the result is made of."""

    REFINED = "REFINED"
    OWN = "OWN"


class AssetPlace(StrEnum):
    """Where the result is kept as an asset for reuse."""

    OFF = "OFF"
    FILE = "FILE"
    LIBRARY = "LIBRARY"


@dataclass(frozen=True)
class AssetChoice(Record):
    """Whether and where the result becomes an asset.

    ``library`` is the library's name and ``folder`` its absolute path on this machine, empty where there is none of
    that name. ``author`` is written on the asset, unless empty.
    """

    place: AssetPlace = AssetPlace.OFF
    library: str = ""
    folder: str = ""
    author: str = ""


NO_ASSET = AssetChoice()


@dataclass(frozen=True)
class Choices(Record):
    """What the user chose for a refine: in the panel, on the command line.

    ``custom_pivot`` counts for ``Pivot.CUSTOM`` only: normalized to the box, Blender axes. ``copies`` says whether
    objects that share the target's mesh get the result too; ``None`` means that they do where the mesh is replaced.
    ``remesh`` counts for ``Engine.LOCAL`` only.
    """

    fit: Fit = Fit.EXACT
    pivot: Pivot = Pivot.ORIGIN
    custom_pivot: Vec3 = field(default=(0.0, 0.0, 0.0), metadata=NOT_KEPT)  # 1.0.0 refuses what it does not know
    original: Original = Original.HIDE
    again: bool = False
    copies: bool | None = None
    materials: Materials = Materials.REFINED
    asset: AssetChoice = NO_ASSET
    engine: Engine = field(default=Engine.SERVICE, metadata=IF_SET)
    facing: Facing = field(default=Facing.AS_DELIVERED, metadata=IF_SET)
    remesh: RemeshOptions = field(default=RemeshOptions(), metadata=IF_SET)

    def settled(self) -> Choices:
        """These choices as a job keeps them: *copies* decided; the pivot itself is in what is sent by then."""
        copies = self.original is Original.REPLACE if self.copies is None else self.copies
        return replace(self, copies=copies, custom_pivot=(0.0, 0.0, 0.0))


DEFAULT_CHOICES = Choices().settled()


@dataclass(frozen=True)
class Target(Record):
    """A block-out as measured, in Blender units and Blender axes (x right, y back, z up).

    ``matrix_world`` is the object's; ``box_min`` and ``box_max`` are its evaluated box in its own axes.
    """

    object_name: str
    matrix_world: Matrix4
    box_min: Vec3
    box_max: Vec3


@dataclass(frozen=True)
class Refinement(Record):
    """What is sent with the refine request, in API order and meters; ``None`` where a field is left out.

    ``scaled_bbox`` is ``[width, height, depth]``, ``pivot_point`` is ``[x, y, z]`` in [-0.5, 0.5] with y up and z
    toward the front.
    """

    scaled_bbox: Vec3 | None = None
    pivot_point: Vec3 | None = None


@dataclass(frozen=True)
class Placement(Record):
    """Where the result goes, in Blender units and Blender axes.

    The result's mesh data fills ``box_min`` … ``box_max`` (its own axes) and its object gets ``matrix_world``.
    ``axis_scale`` is how long one data unit is in the world on each axis. ``mirror_x`` says that the world matrix
    mirrors, so the data is mirrored once more to come out right. ``anchor`` is the point of the box, normalized to
    [-0.5, 0.5] in data axes, that is kept when a mesh does not fill the box. ``flat`` marks the axes on which the
    block-out has no thickness.
    """

    matrix_world: Matrix4
    box_min: Vec3
    box_max: Vec3
    axis_scale: Vec3
    anchor: Vec3
    mirror_x: bool
    flat: tuple[bool, bool, bool]

    @property
    def signed_scale(self) -> Vec3:
        """``axis_scale``, with the x axis negative where the world matrix mirrors."""
        x, y, z = self.axis_scale
        return (-x if self.mirror_x else x, y, z)


class MadeByNewer(TypeError):
    """A spec has fields of a newer version: the job can be kept, but not be done."""


@dataclass(frozen=True)
class JobSpec(Record):
    """All that was decided when a job was made; it never changes afterwards.

    ``scale_length`` is meters per Blender unit. ``target`` is ``None`` for a job that was given a box by numbers.
    ``blend_file``, ``output`` and ``export_path`` are absolute paths or empty; ``run_id`` binds the jobs of one
    command-line call together so that ``resume`` can finish that call. ``parts`` names the objects of a common box, the
    target first, and is empty for one object. ``file_or_object`` is the source of a job that refines no session, whose
    ``session_code`` is empty then. ``shape`` is the block-out's own, which ``Facing.AUTO`` compares the mesh with, as
    ``core.geometry.occupancy`` writes it; empty where there is none.
    """

    session_code: str
    result_name: str
    refinement: Refinement
    placement: Placement
    scale_length: float = 1.0
    target: Target | None = None
    choices: Choices = field(default=DEFAULT_CHOICES, metadata=FLAT)
    blend_file: str = ""
    scene_name: str = ""
    output: str = ""
    export_path: str = ""
    run_id: str = ""
    parts: tuple[str, ...] = ()
    file_or_object: Source | None = field(default=None, metadata={**IF_SET, "key": "source"})
    shape: str = field(default="", metadata=IF_SET)

    @property
    def source(self) -> Source:
        """Where the mesh comes from."""
        return self.file_or_object or Source(SourceKind.SESSION, self.session_code)

    @property
    def needs_service(self) -> bool:
        """Whether anything of the job needs a key and the network."""
        return self.source.kind is SourceKind.SESSION

    @property
    def may_be_paid(self) -> bool:
        """Whether the job may request a refine of the service."""
        return self.needs_service and self.choices.engine is Engine.SERVICE

    @property
    def label(self) -> str:
        """What the job was asked for: the block-out, or all of a common box joined by ``+``; empty for numbers."""
        return "+".join(self.parts) or self.object_name

    @property
    def object_name(self) -> str:
        """Name of the block-out when the job was made; empty for a box by numbers."""
        return self.target.object_name if self.target else ""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The spec that :meth:`as_dict` wrote. Raises ``TypeError`` or ``ValueError`` on anything else.

        Of the former, :class:`MadeByNewer` for one that decides what this version does not know.
        """
        if unknown := set(data) - cls.keys():
            raise MadeByNewer(f"unknown fields: {unknown}")
        return super().from_dict(data)


def vec3(values: Any) -> Vec3:
    """Three numbers of any kind (a list, an array, a ``Vector``) as floats. Raises ``ValueError`` for more or fewer."""
    x, y, z = values
    return (float(x), float(y), float(z))
