# SPDX-License-Identifier: GPL-3.0-or-later
"""The conversion itself: import, fit, check, save.

What few conversions need (local engine, export, assets) is imported where it is used: a small mesh is converted in less
time than the import of the engine takes.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import bpy
import numpy as np

from ..core.conversion import ConversionReport, ConversionRequest, Fitted
from ..core.messages import Message
from ..core.models import AssetPlace, Materials
from ..core.remesh import RemeshOptions, RemeshReport, ReportProgress
from ..core.sources import Facing
from .files.open_file import MeshFile, open_file
from .files.read_file import pack_images
from .files.read_object import read_object
from .fit_ahead import fit_ahead
from .fitting import fit_mesh, fitted_by, notes_on_facing, planned_move
from .import_mesh import Imported, import_opened
from .mesh.mesh_checks import check_mesh

AS_PLANNED = 1e-6
"""Errors above this mean that the importer has made something else of the file: left out vertices that nothing uses."""

REMESH_FROM, REMESH_TO = 0.1, 0.85
"""Shares of a conversion between which the local engine works."""


def convert(
    request: ConversionRequest, report_progress: ReportProgress = lambda _share, _text: None
) -> ConversionReport:
    """Do what *request* says in an emptied Blender, and report the outcome.

    *report_progress* is called with the share that is done, which only grows, and what is done next. Raises
    :class:`BadMesh` for a file without a usable mesh, :class:`ConversionFailed` for one that Blender cannot read,
    :class:`DiskProblem` where the export cannot be written.
    """
    report_progress(0.1 if request.remesh is None else 0.02, Message("Importing the mesh"))
    with TemporaryDirectory(dir=request.blend.parent, ignore_cleanup_errors=True) as folder:  # see import_mesh
        file = None if request.is_object else open_file(request.mesh, Path(folder), alone=True)
        if request.remesh is None:
            imported, fitted = _imported_and_fitted(request, file, report_progress)
            report_progress(0.6, Message("Saving the mesh"))
            remeshed = None
        else:
            imported, fitted, remeshed = _remeshed_and_fitted(request, file, request.remesh, report_progress)
            report_progress(0.9, Message("Saving the mesh"))
    mesh = imported.mesh
    mesh.name = request.name
    if request.materials is Materials.OWN:  # the block-out's will be used, its first one on all faces
        mesh.materials.clear()
        imported.missing_textures = 0
        mesh.polygons.foreach_set("material_index", np.zeros(len(mesh.polygons), dtype=np.int32))
    if request.export:
        from .export_glb import export_glb  # noqa: PLC0415 - see above

        export_glb(mesh, request.placement, request.scale_length, Path(request.export))
    pack_images()
    asset_file, asset_notes = _asset(mesh, request)
    # Not compressed: the main thread reads it faster.
    bpy.data.libraries.write(str(request.blend), {mesh}, fake_user=True, compress=False)
    report_progress(0.9 if request.remesh is None else 0.95, Message("Checking the mesh"))
    return ConversionReport(
        fitted=fitted,
        findings=imported.added_to(check_mesh(mesh, imported.picture_sizes if remeshed is None else None)),
        mesh=mesh.name,
        blend=str(request.blend),
        materials=len(mesh.materials),
        notes=(*imported.notes, *notes_on_facing(fitted), *asset_notes),
        asset_file=asset_file,
        remesh=remeshed,
    )


def _imported_and_fitted(
    request: ConversionRequest, file: MeshFile | None, report_progress: ReportProgress
) -> tuple[Imported, Fitted]:
    """The delivered file as one mesh that is fitted to the box; without a *file* it is an object's."""
    if file is None or request.facing is Facing.AUTO:  # to find how it faces, the whole mesh has to be known
        imported = _imported(request, file)
        report_progress(0.4, Message("Fitting the mesh"))
        return imported, fit_mesh(imported.mesh, request)
    geometry = file.glb.geometry if file.glb else None
    ahead = fit_ahead(geometry, lambda low, high: planned_move(low, high, request)) if geometry else None
    if ahead is not None:
        moved, move = ahead
        imported = import_opened(file.with_geometry(moved))
        fitted = fitted_by(move, imported.mesh, request.refinement)
        if fitted.fitted_error < AS_PLANNED:
            return imported, fitted
    imported = import_opened(file)
    report_progress(0.4, Message("Fitting the mesh"))
    return imported, fit_mesh(imported.mesh, request)


def _asset(mesh: bpy.types.Mesh, request: ConversionRequest) -> tuple[str | None, list[Message]]:
    if request.asset.place is AssetPlace.OFF:
        return None, []
    from .asset import make_asset  # noqa: PLC0415 - see above

    return make_asset(mesh, request)


def _imported(request: ConversionRequest, file: MeshFile | None) -> Imported:
    return Imported(read_object(request.mesh)) if file is None else import_opened(file)


def _remeshed_and_fitted(
    request: ConversionRequest, file: MeshFile | None, options: RemeshOptions, report_progress: ReportProgress
) -> tuple[Imported, Fitted, RemeshReport]:
    """What the local engine makes of the file, fitted to the box."""
    from ..remesh.progress import within  # noqa: PLC0415 - see above
    from .remesh_mesh import remesh_imported  # noqa: PLC0415 - see above

    imported = _imported(request, file)
    progress = within(report_progress, REMESH_FROM, REMESH_TO)
    mesh, report = remesh_imported(imported.mesh, request.name, options, progress)
    report_progress(REMESH_TO, Message("Fitting the mesh"))
    return replace(imported, mesh=mesh), fit_mesh(mesh, request), report
