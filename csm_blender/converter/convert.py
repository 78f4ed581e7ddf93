# SPDX-License-Identifier: GPL-3.0-or-later
"""The conversion itself: import, fit, look it over, save."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

from ..core.messages import Message
from ..core.models import Fit, JobSpec, Materials, Placement, Refinement
from .asset import make_asset
from .export_glb import export_glb
from .fitting import Fitted, fit_mesh, fitted_by, planned_move
from .import_mesh import Imported, import_as_one_mesh
from .mesh_checks import look_over
from .prefit import fit_file

AS_PLANNED = 1e-6
"""Errors above this mean that the importer has made something else of the file: left out vertices that nothing uses."""

ReportProgress = Callable[[float, str], None]


def convert(request: dict[str, Any], report_progress: ReportProgress = lambda _share, _text: None) -> dict[str, Any]:
    """Do what *request* says (see ``core.pipeline``) and give the report.

    *report_progress* is told the share that is done, which only grows, and what is done next.

    The report holds the counts and findings of :func:`.quality.look_over`, the sizes and errors of
    :class:`.fitting.Fitted`, and ``notes``: sentences about what was left out. Raises :class:`BadMesh` for a file
    without a usable mesh.
    """
    placement, refinement = JobSpec.parts_from_dict(request)
    report_progress(0.1, Message("Importing the mesh"))
    imported, fitted = _fitted(request, placement, refinement, report_progress)
    report_progress(0.6, Message("Saving the mesh"))
    mesh = imported.mesh
    mesh.name = request["name"]
    if request.get("materials") == Materials.OWN:
        _strip_materials(mesh)
    if request["export"]:
        export_glb(mesh, placement, request["scale_length"], Path(request["export"]))
    _pack_images()
    asset, asset_notes = make_asset(mesh, placement, request)
    bpy.data.libraries.write(
        request["blend"], {mesh}, fake_user=True, compress=False
    )  # the main thread reads it faster
    report_progress(0.9, Message("Checking the mesh"))
    return {
        **asset,
        "mesh": mesh.name,
        "notes": imported.notes + asset_notes,
        "materials": len(mesh.materials),
        **look_over(mesh),
        **fitted.as_dict(),
    }


def _fitted(
    request: dict[str, Any], placement: Placement, refinement: Refinement, report_progress: ReportProgress
) -> tuple[Imported, Fitted]:
    """The delivered file as one mesh that stands where it is wanted."""
    path, fit, scale_length = Path(request["mesh"]), Fit(request["fit"]), request["scale_length"]
    ahead = Path(request["blend"]).with_name("fitted.glb")
    move = fit_file(path, ahead, lambda low, high: planned_move(low, high, placement, fit, scale_length))
    if move is not None:
        imported = import_as_one_mesh(ahead)
        ahead.unlink()
        fitted = fitted_by(move, imported.mesh, refinement)
        if fitted.fitted_error < AS_PLANNED:
            return imported, fitted
    imported = import_as_one_mesh(path)
    report_progress(0.4, Message("Fitting the mesh"))
    return imported, fit_mesh(imported.mesh, placement, refinement, fit, scale_length)


def _strip_materials(mesh: bpy.types.Mesh) -> None:
    """Leave no materials: the block-out's own will be used, its first one on all faces."""
    mesh.materials.clear()
    mesh.polygons.foreach_set("material_index", [0] * len(mesh.polygons))


def _pack_images() -> None:
    """Take the pictures into the file."""
    for image in bpy.data.images:
        if image.source == "FILE" and not image.packed_file:
            with contextlib.suppress(RuntimeError):  # a picture that cannot be read; the notes say so
                image.pack()
