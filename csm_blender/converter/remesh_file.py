# SPDX-License-Identifier: GPL-3.0-or-later
"""Remesh a file of the user: read it, have the local engine work on it, write it."""

from __future__ import annotations

import time
from dataclasses import replace

from ..core.errors import ABOUT_DELIVERED, BadMesh, ConversionFailed, CsmError
from ..core.messages import Message
from ..core.remesh import RemeshAnswer, RemeshRequest, ReportProgress
from ..remesh.progress import within
from .files.write_file import write_file
from .import_mesh import import_as_one_mesh
from .remesh_mesh import remesh_imported

ENGINE_FROM, ENGINE_TO = 0.1, 0.9
"""Shares of the whole work between which the engine works."""
_LOCAL_HINT = "Open the file in another program to see what is in it, and export it again, best as .glb."


def remesh_file(request: RemeshRequest, report_progress: ReportProgress) -> RemeshAnswer:
    """Do what *request* says. Raises :class:`CsmError` with a hint that fits a file of the user."""
    started_s = time.monotonic()
    report_progress(0.0, Message("Reading {name}", name=request.source.name))
    try:
        imported = import_as_one_mesh(request.source)
        progress = within(report_progress, ENGINE_FROM, ENGINE_TO)
        mesh, report = remesh_imported(imported.mesh, request.target.stem, request.options, progress)
    except (BadMesh, ConversionFailed) as error:
        raise for_local_file(error) from error
    report_progress(ENGINE_TO, Message("Writing {name}", name=request.target.name))
    notes = (*imported.notes, *report.notes, *write_file(mesh, request.target))
    companions = sorted(path.name for path in request.target.parent.iterdir() if path.name != request.target.name)
    report = replace(report, notes=notes, seconds=round(time.monotonic() - started_s, 3))
    return RemeshAnswer(report, tuple(companions))


def for_local_file(error: CsmError) -> CsmError:
    """*error* with a hint for a file of the user in place of one for what a service delivered."""
    return type(error)(error.message, _LOCAL_HINT) if error.hint.code == ABOUT_DELIVERED else error
