# SPDX-License-Identifier: GPL-3.0-or-later
"""What a converter is asked for, what it reports, and what a job keeps of that: typed here, JSON between processes.

The JSON is flat. It is the same as in version 1.0.0, whose stores are read and which may read ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

from .models import NO_ASSET, AssetWish, Fit, JobSpec, Materials, Placement, Refinement, Vec3, vec3, vec3_or_none


@dataclass(frozen=True)
class ConversionRequest:
    """What a converter is to do with the file *mesh*.

    ``blend`` is where the result goes, which whoever starts the converter decides; ``export`` is where a GLB of it goes
    too, if anywhere. ``scale_length`` is meters per Blender unit. ``session`` and ``job_id`` are written on an asset.
    """

    mesh: Path
    name: str
    placement: Placement
    refinement: Refinement
    fit: Fit = Fit.EXACT
    scale_length: float = 1.0
    materials: Materials = Materials.REFINED
    export: Path | None = None
    asset: AssetWish = NO_ASSET
    session: str = ""
    job_id: str = ""
    blend: Path = Path()

    @classmethod
    def of(cls, spec: JobSpec, mesh: Path, job_id: str = "") -> Self:
        """The request for the delivered file *mesh* of a job."""
        return cls(
            mesh=mesh,
            name=spec.result_name,
            placement=spec.placement,
            refinement=spec.refinement,
            fit=spec.choices.fit,
            scale_length=spec.scale_length,
            materials=spec.choices.materials,
            export=Path(spec.export_path) if spec.export_path else None,
            asset=spec.choices.asset,
            session=spec.session_code,
            job_id=job_id,
        )

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form; :meth:`from_dict` takes it back."""
        paths = {"mesh": str(self.mesh), "blend": str(self.blend), "export": str(self.export or "")}
        return {**asdict(self), **paths}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The request that :meth:`as_dict` wrote. Raises ``KeyError`` or ``ValueError`` on anything else."""
        return cls(
            mesh=Path(data["mesh"]),
            name=str(data["name"]),
            placement=Placement.from_dict(data["placement"]),
            refinement=Refinement.from_dict(data["refinement"]),
            fit=Fit(data["fit"]),
            scale_length=float(data["scale_length"]),
            materials=Materials(data.get("materials", Materials.REFINED)),
            export=Path(data["export"]) if data["export"] else None,
            asset=AssetWish.from_dict(data.get("asset")),
            session=str(data.get("session", "")),
            job_id=str(data.get("job_id", "")),
            blend=Path(data["blend"]),
        )


@dataclass(frozen=True)
class MeshFindings:
    """What an artist asks for before using a mesh; ``None`` where it was not counted.

    ``open_edges`` are on one face only, ``non_manifold_edges`` on more than two. ``textures`` are (name, width, height)
    in pixels. ``bad_numbers`` counts UVs that are NaN or infinite. Vertices at the same place count as one for parts
    and edges: glTF has to split them along UV seams, which is no hole.
    """

    triangles: int | None = None
    vertices: int | None = None
    loose_parts: int | None = None
    open_edges: int | None = None
    non_manifold_edges: int | None = None
    uv_maps: int | None = None
    textures: tuple[tuple[str, int, int], ...] = ()
    bad_numbers: int | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The findings among the values of a report."""
        counts = {field.name: data.get(field.name) for field in fields(cls) if field.name != "textures"}
        textures = tuple((str(name), int(width), int(height)) for name, width, height in data.get("textures", ()))
        return cls(**counts, textures=textures)


@dataclass(frozen=True)
class Fitted:
    """How a mesh came and how it stands now.

    ``delivered_min`` and ``delivered_max`` are in API order and meters; ``box_min`` and ``box_max`` are where the
    fitted mesh should reach, in data axes and units. Errors are relative to the diagonal of the box that was wanted;
    ``delivered_error`` is ``None`` where no size was sent.
    """

    box_min: Vec3
    box_max: Vec3
    delivered_min: Vec3 | None = None
    delivered_max: Vec3 | None = None
    delivered_error: float | None = None
    fitted_error: float = 0.0

    @property
    def box(self) -> tuple[Vec3, Vec3]:
        """The low and the high corner of where the mesh should reach, in data axes and units."""
        return self.box_min, self.box_max

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The part of a report that says how the mesh stands. Raises ``KeyError``, ``TypeError`` or ``ValueError``."""
        return cls(
            box_min=vec3(data["box_min"]),
            box_max=vec3(data["box_max"]),
            delivered_min=vec3_or_none(data.get("delivered_min")),
            delivered_max=vec3_or_none(data.get("delivered_max")),
            delivered_error=data.get("delivered_error"),
            fitted_error=data.get("fitted_error", 0.0),
        )


@dataclass(frozen=True)
class ConversionReport:
    """What a converter made: the mesh called ``mesh`` in the file ``blend``, with ``materials`` material slots.

    ``notes`` are messages about what could not be kept of the delivered file. ``asset_file`` is the file that was put
    into an asset library, if any.
    """

    fitted: Fitted
    findings: MeshFindings = MeshFindings()
    mesh: str = ""
    blend: str = ""
    materials: int | None = None
    notes: tuple[str, ...] = ()
    asset_file: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form, flat; :meth:`from_dict` takes it back."""
        own = {name: value for name, value in vars(self).items() if name not in ("fitted", "findings")}
        return {**own, **vars(self.findings), **vars(self.fitted)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The report that :meth:`as_dict` wrote. Raises ``KeyError``, ``TypeError`` or ``ValueError``."""
        return cls(
            fitted=Fitted.from_dict(data),
            findings=MeshFindings.from_dict(data),
            mesh=str(data.get("mesh", "")),
            blend=str(data.get("blend", "")),
            materials=data.get("materials"),
            notes=tuple(data.get("notes", ())),
            asset_file=data.get("asset_file"),
        )


@dataclass(frozen=True)
class PlacementReport:
    """How a result stands in the scene, on the object called ``object_name``.

    ``placed_error`` is how far the corners are from where they were wanted, ``pivot_error`` the same of the origin,
    both relative to the box's diagonal. ``size`` is width, height, depth in meters. ``copies`` are the names of the
    linked duplicates that got the same mesh, ``notes`` are messages about what could not be done.
    """

    object_name: str
    placed_error: float
    pivot_error: float
    size: Vec3 | None = None
    copies: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form; :meth:`from_dict` takes it back."""
        return {
            "object": self.object_name,
            "placed_error": self.placed_error,
            "pivot_error": self.pivot_error,
            "placed_size": self.size,
            "copies": self.copies,
            "placing_notes": self.notes,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The report that :meth:`as_dict` wrote. Raises ``KeyError``, ``TypeError`` or ``ValueError``."""
        return cls(
            object_name=str(data["object"]),
            placed_error=float(data["placed_error"]),
            pivot_error=float(data["pivot_error"]),
            size=vec3_or_none(data.get("placed_size")),
            copies=tuple(data.get("copies", ())),
            notes=tuple(data.get("placing_notes", ())),
        )


@dataclass(frozen=True)
class JobResult:
    """What became of a job: the converter's report and, once it is placed, how it stands.

    ``glb`` is the path of the delivered file, ``ready_at`` when the mesh was ready to be placed (ISO 8601, UTC).
    """

    conversion: ConversionReport
    glb: str | None = None
    ready_at: str = ""
    placement: PlacementReport | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form, flat; :meth:`from_dict` takes it back."""
        placing = self.placement.as_dict() if self.placement else {}
        return {**self.conversion.as_dict(), "glb": self.glb, "ready_at": self.ready_at, **placing}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The result that :meth:`as_dict` wrote. Raises ``KeyError``, ``TypeError`` or ``ValueError``."""
        return cls(
            conversion=ConversionReport.from_dict(data),
            glb=data.get("glb"),
            ready_at=str(data.get("ready_at", "")),
            placement=PlacementReport.from_dict(data) if "placed_error" in data else None,
        )
