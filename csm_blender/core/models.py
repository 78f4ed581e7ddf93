# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of the contract as types: job states, choices, and what a job is asked to do."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

Vec3 = tuple[float, float, float]
Matrix4 = tuple[
    tuple[float, float, float, float],
    tuple[float, float, float, float],
    tuple[float, float, float, float],
    tuple[float, float, float, float],
]
"""Row-major 4x4, as ``mathutils.Matrix`` prints it; translation in the last column."""


class JobState(StrEnum):
    """Where a job is. The order is the life of a job that meets no trouble."""

    QUEUED = "QUEUED"
    CHECKING = "CHECKING"
    SUBMITTING = "SUBMITTING"
    REFINING = "REFINING"
    DOWNLOADING = "DOWNLOADING"
    CONVERTING = "CONVERTING"
    READY = "READY"
    PLACED = "PLACED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    UNCERTAIN = "UNCERTAIN"


ACTIVE = frozenset(
    {
        JobState.QUEUED,
        JobState.CHECKING,
        JobState.SUBMITTING,
        JobState.REFINING,
        JobState.DOWNLOADING,
        JobState.CONVERTING,
    }
)
"""States in which a worker has something to do. UNCERTAIN is looked at a few times as well, then waits for a person."""

FINISHED = frozenset({JobState.PLACED, JobState.FAILED, JobState.CANCELLED})

_S = JobState
TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    _S.QUEUED: frozenset({_S.CHECKING}),
    _S.CHECKING: frozenset({_S.SUBMITTING, _S.REFINING, _S.DOWNLOADING}),
    _S.SUBMITTING: frozenset({_S.CHECKING, _S.REFINING, _S.UNCERTAIN}),
    _S.UNCERTAIN: frozenset({_S.REFINING}),
    _S.REFINING: frozenset({_S.DOWNLOADING}),
    _S.DOWNLOADING: frozenset({_S.CONVERTING}),
    _S.CONVERTING: frozenset({_S.READY, _S.DOWNLOADING}),
    _S.READY: frozenset({_S.PLACED, _S.DOWNLOADING}),
    _S.PLACED: frozenset({_S.READY, _S.DOWNLOADING}),  # undone in Blender, or placed in a file that was never saved
    _S.FAILED: frozenset({_S.QUEUED, _S.REFINING, _S.UNCERTAIN, _S.CONVERTING, _S.READY}),
    _S.CANCELLED: frozenset({_S.QUEUED, _S.REFINING, _S.UNCERTAIN, _S.CONVERTING, _S.READY}),
}
"""Where a job may go from each state; every unfinished one may also become FAILED or CANCELLED."""


def may_move(old: JobState, new: JobState) -> bool:
    """Whether a job in state *old* may become *new*. Staying is always allowed."""
    if old is new or new in TRANSITIONS[old]:
        return True
    return old not in FINISHED and new in (JobState.FAILED, JobState.CANCELLED)


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
class AssetWish:
    """Whether and where the result becomes an asset.

    ``library`` is the library's name and ``folder`` its absolute path on this machine, empty where there is none of
    that name. ``author`` is written on the asset; empty for nobody.
    """

    place: AssetPlace = AssetPlace.OFF
    library: str = ""
    folder: str = ""
    author: str = ""

    @classmethod
    def from_dict(cls, data: dict[str, Any] | None) -> AssetWish:
        """The wish in a spec's dictionary, or in a converter's request; none in those of earlier versions."""
        return cls(**{**data, "place": AssetPlace(data["place"])}) if data else cls()


NO_ASSET = AssetWish()


@dataclass(frozen=True)
class Target:
    """A block-out as measured, in Blender units and Blender axes (x right, y back, z up).

    ``matrix_world`` is the object's; ``box_min`` and ``box_max`` are its evaluated box in its own axes.
    """

    object_name: str
    matrix_world: Matrix4
    box_min: Vec3
    box_max: Vec3


@dataclass(frozen=True)
class Refinement:
    """What is sent with the refine request, in API order and metres; ``None`` where a field is left out.

    ``scaled_bbox`` is ``[width, height, depth]``, ``pivot_point`` is ``[x, y, z]`` in [-0.5, 0.5] with y up and z
    toward the front (reference/get-3d-refined-mesh.txt).
    """

    scaled_bbox: Vec3 | None = None
    pivot_point: Vec3 | None = None


@dataclass(frozen=True)
class Placement:
    """Where the result goes, in Blender units and Blender axes.

    The result's mesh data fills ``box_min`` … ``box_max`` (its own axes) and its object gets ``matrix_world``.
    ``axis_scale`` is how long one data unit is in the world on each axis. ``mirror_x`` says that the world matrix
    mirrors, so the data is mirrored once more to come out right. ``anchor`` is the point of the box, normalised to
    [-0.5, 0.5] in data axes, that a mesh which does not fill the box stands on. ``flat`` marks the axes on which the
    block-out has no thickness.
    """

    matrix_world: Matrix4
    box_min: Vec3
    box_max: Vec3
    axis_scale: Vec3
    anchor: Vec3
    mirror_x: bool
    flat: tuple[bool, bool, bool]


@dataclass(frozen=True)
class JobSpec:
    """All that was decided when a job was made; it never changes afterwards.

    ``scale_length`` is metres per Blender unit. ``target`` is ``None`` for a job that was given a box by numbers.
    ``blend_file``, ``output`` and ``export_path`` are absolute paths or empty; ``run_id`` binds the jobs of one
    command-line call together so that ``resume`` can finish that call. ``parts`` names the objects of a common box, the
    target first, and is empty for one object. ``copies`` says that objects sharing the target's mesh get the result
    too.
    """

    session_code: str
    result_name: str
    refinement: Refinement
    placement: Placement
    scale_length: float = 1.0
    target: Target | None = None
    fit: Fit = Fit.EXACT
    pivot: Pivot = Pivot.ORIGIN
    original: Original = Original.HIDE
    again: bool = False
    blend_file: str = ""
    scene_name: str = ""
    output: str = ""
    export_path: str = ""
    run_id: str = ""
    parts: tuple[str, ...] = ()
    copies: bool = False
    materials: Materials = Materials.REFINED
    asset: AssetWish = NO_ASSET

    @property
    def label(self) -> str:
        """What the job was asked for: the block-out, or all of a common box joined by ``+``; empty for numbers."""
        return "+".join(self.parts) or self.object_name

    @property
    def object_name(self) -> str:
        """Name of the block-out when the job was made; empty for a box by numbers."""
        return self.target.object_name if self.target else ""

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form; :meth:`from_dict` takes it back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> JobSpec:
        """The spec that :meth:`as_dict` wrote. Raises ``KeyError`` or ``TypeError`` on anything else."""
        target = data.get("target")
        placement, refinement = cls.parts_from_dict(data)
        typed = ("target", "placement", "refinement", "fit", "pivot", "original", "parts", "materials", "asset")
        rest = {name: value for name, value in data.items() if name not in typed}
        return cls(
            **rest,
            fit=Fit(data["fit"]),
            pivot=Pivot(data["pivot"]),
            original=Original(data["original"]),
            parts=tuple(str(name) for name in data.get("parts", ())),
            materials=Materials(data.get("materials", Materials.REFINED)),
            asset=AssetWish.from_dict(data.get("asset")),
            refinement=refinement,
            placement=placement,
            target=None
            if target is None
            else Target(
                object_name=str(target["object_name"]),
                matrix_world=_matrix4(target["matrix_world"]),
                box_min=_vec3(target["box_min"]),
                box_max=_vec3(target["box_max"]),
            ),
        )

    @staticmethod
    def parts_from_dict(data: dict[str, Any]) -> tuple[Placement, Refinement]:
        """The ``placement`` and ``refinement`` of a spec's dictionary, or of a converter's request."""
        placement, refinement = data["placement"], data["refinement"]
        return (
            Placement(
                matrix_world=_matrix4(placement["matrix_world"]),
                box_min=_vec3(placement["box_min"]),
                box_max=_vec3(placement["box_max"]),
                axis_scale=_vec3(placement["axis_scale"]),
                anchor=_vec3(placement["anchor"]),
                mirror_x=bool(placement["mirror_x"]),
                flat=(bool(placement["flat"][0]), bool(placement["flat"][1]), bool(placement["flat"][2])),
            ),
            Refinement(
                scaled_bbox=_vec3_or_none(refinement["scaled_bbox"]),
                pivot_point=_vec3_or_none(refinement["pivot_point"]),
            ),
        )


def _vec3(values: Any) -> Vec3:
    x, y, z = values
    return (float(x), float(y), float(z))


def _vec3_or_none(values: Any) -> Vec3 | None:
    return None if values is None else _vec3(values)


def _matrix4(rows: Any) -> Matrix4:
    def row(values: Any) -> tuple[float, float, float, float]:
        a, b, c, d = values
        return (float(a), float(b), float(c), float(d))

    r0, r1, r2, r3 = rows
    return (row(r0), row(r1), row(r2), row(r3))
