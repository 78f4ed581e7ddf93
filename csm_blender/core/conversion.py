# SPDX-License-Identifier: GPL-3.0-or-later
"""The request to a converter, its report, and what a job keeps of that.

As JSON they are the same as in version 1.0.0, whose stores are read and which may read ours.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from .models import NO_ASSET, AssetChoice, Fit, JobSpec, Materials, Placement, Refinement, Vec3
from .records import FLAT, IF_SET, Record, key
from .remesh import RemeshOptions, RemeshReport
from .sources import Engine, Facing, SourceKind


@dataclass(frozen=True)
class ConversionRequest(Record):
    """What a converter is to do with the file *mesh*.

    ``blend`` is the file of the result, set by the caller that starts the converter; ``export`` is the path of a GLB to
    be written too, or empty. ``scale_length`` is meters per Blender unit. ``session`` and ``job_id`` are written on an
    asset. With ``remesh``, the local engine works on the mesh before it is fitted. With ``is_object``, *mesh* is a
    .blend that this add-on wrote. ``shape`` is the block-out's, see :class:`.models.JobSpec`.
    """

    mesh: Path
    name: str
    placement: Placement
    refinement: Refinement
    fit: Fit = Fit.EXACT
    scale_length: float = 1.0
    materials: Materials = Materials.REFINED
    export: str = ""
    asset: AssetChoice = NO_ASSET
    session: str = ""
    job_id: str = ""
    blend: Path = Path()
    remesh: RemeshOptions | None = field(default=None, metadata=IF_SET)
    facing: Facing = field(default=Facing.AS_DELIVERED, metadata=IF_SET)
    shape: str = field(default="", metadata=IF_SET)
    is_object: bool = field(default=False, metadata=IF_SET)

    @classmethod
    def of(cls, spec: JobSpec, mesh: Path, job_id: str = "") -> Self:
        """The request for the delivered file *mesh* of a job."""
        return cls(
            mesh=mesh,
            name=spec.result_name,
            placement=spec.placement,
            # What was not asked of a service is not compared with what came.
            refinement=spec.refinement if spec.may_be_paid else Refinement(),
            fit=spec.choices.fit,
            scale_length=spec.scale_length,
            materials=spec.choices.materials,
            export=spec.export_path,
            asset=spec.choices.asset,
            session=spec.session_code or spec.source.stem,
            job_id=job_id,
            remesh=spec.choices.remesh if spec.choices.engine is Engine.LOCAL else None,
            facing=spec.choices.facing,
            shape=spec.shape,
            is_object=spec.source.kind is SourceKind.OBJECT,
        )


@dataclass(frozen=True)
class MeshFindings(Record):
    """The facts that users check before they use a mesh; ``None`` where it was not counted.

    ``open_edges`` are on one face only, ``non_manifold_edges`` on more than two. ``textures`` are (name, width, height)
    in pixels. ``bad_numbers`` counts UVs and places of vertices that are NaN or infinite, ``missing_textures`` pictures
    that the file does not hold or that cannot be read, ``transparent_materials`` those that faces have and that show
    nothing of them. A mesh that is ``inside_out`` has its faces turned inward. Vertices at the same place count as one
    for parts and edges: glTF has to split them along UV seams, which is no hole.
    """

    triangles: int | None = None
    vertices: int | None = None
    loose_parts: int | None = None
    open_edges: int | None = None
    non_manifold_edges: int | None = None
    uv_maps: int | None = None
    textures: tuple[tuple[str, int, int], ...] = ()
    bad_numbers: int | None = None
    missing_textures: int | None = field(default=None, metadata=IF_SET)
    transparent_materials: int | None = field(default=None, metadata=IF_SET)
    inside_out: bool | None = field(default=None, metadata=IF_SET)


@dataclass(frozen=True)
class Fitted(Record):
    """The box of a mesh as delivered and as fitted.

    ``delivered_min`` and ``delivered_max`` are in API order and meters; ``box_min`` and ``box_max`` the corners that
    the fitted mesh should reach, in data axes and units. Errors are relative to the diagonal of the requested box;
    ``delivered_error`` is ``None`` where no size was sent. ``facing`` is the turn in degrees that was made about the
    box's up axis, ``as_good`` all turns that were as good where that is a tie. ``stretch`` is how much more than on the
    axis that is scaled least the mesh is scaled in width, height and depth of the box (API order); ``None`` where an
    earlier version did not say.
    """

    box_min: Vec3
    box_max: Vec3
    delivered_min: Vec3 | None = None
    delivered_max: Vec3 | None = None
    delivered_error: float | None = None
    fitted_error: float = 0.0
    facing: int = field(default=0, metadata=IF_SET)
    as_good: tuple[int, ...] = field(default=(), metadata=IF_SET)
    stretch: Vec3 | None = field(default=None, metadata=IF_SET)

    @property
    def box(self) -> tuple[Vec3, Vec3]:
        """The low and the high corner that the mesh should reach, in data axes and units."""
        return self.box_min, self.box_max


@dataclass(frozen=True)
class ConversionReport(Record):
    """What a converter made: the mesh called ``mesh`` in the file ``blend``, with ``materials`` material slots.

    ``notes`` are messages about what could not be kept of the delivered file. ``asset_file`` is the file that was put
    into an asset library, if any. ``remesh`` is what the local engine did, if it was asked to.
    """

    fitted: Fitted = field(metadata=FLAT)
    findings: MeshFindings = field(default=MeshFindings(), metadata=FLAT)
    mesh: str = ""
    blend: str = ""
    materials: int | None = None
    notes: tuple[str, ...] = ()
    asset_file: str | None = None
    remesh: RemeshReport | None = field(default=None, metadata=IF_SET)


@dataclass(frozen=True)
class PlacementReport(Record):
    """How a result is placed in the scene, on the object called ``object_name``.

    ``placed_error`` is how far the corners are from where they were wanted, ``pivot_error`` the same of the origin,
    both relative to the box's diagonal. ``size`` is width, height, depth in meters. ``copies`` are the names of the
    linked duplicates that got the same mesh, ``notes`` are messages about what could not be done.
    """

    object_name: str = field(metadata=key("object"))
    placed_error: float
    pivot_error: float
    size: Vec3 | None = field(default=None, metadata=key("placed_size"))
    copies: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=(), metadata=key("placing_notes"))


@dataclass(frozen=True)
class JobResult(Record):
    """The outcome of a job: the converter's report and, once it is placed, the report of that.

    ``glb`` is the path of the delivered file, ``ready_at`` when the mesh was ready to be placed (ISO 8601, UTC).
    """

    conversion: ConversionReport = field(metadata=FLAT)
    glb: str | None = None
    ready_at: str = ""
    placement: PlacementReport | None = field(default=None, metadata=FLAT)
