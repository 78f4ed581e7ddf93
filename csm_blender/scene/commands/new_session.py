# SPDX-License-Identifier: GPL-3.0-or-later
"""Send a file or an object to the local service as a new session."""

from __future__ import annotations

import json
import shutil
import uuid
from dataclasses import replace
from pathlib import Path

from ...core.errors import CsmError, DiskProblem
from ...core.files.preview_cache import work_folder
from ...core.files.source_text import check_file
from ...core.models import Choices, Fit
from ...core.sources import Engine, Facing, Source, SourceKind
from ...worker.preview_fetch import SPEC_NAME
from ..addon.environment import jobs_home
from ..background.session_adding import session_adding
from ..blender.bpy_typing import Context
from ..jobs.object_source import check_object, write_object
from ..jobs.planning import plan_for_numbers


def add_session(source: Source, context: Context) -> None:
    """Have the local service take a file or an object as a new session. Raises a :class:`CsmError`.

    A child process sends it; then the panel of the scene shows the session.
    """
    if source.kind is SourceKind.FILE:
        check_file(Path(source.name))
    choices = Choices(engine=Engine.NONE, fit=Fit.NONE, facing=Facing.AS_DELIVERED)
    folder = work_folder(jobs_home(), uuid.uuid4().hex)
    spec = plan_for_numbers(source, (1.0, 1.0, 1.0), None, context.scene, choices)
    spec = replace(spec, export_path=str(folder / "session.glb"))
    try:
        folder.mkdir(parents=True)
        if source.kind is SourceKind.OBJECT:
            depsgraph = context.evaluated_depsgraph_get()
            write_object(check_object(context.scene, source.name), depsgraph, spec.scale_length, folder)
        (folder / SPEC_NAME).write_text(json.dumps(spec.as_dict()), encoding="utf-8")
        session_adding().begin(folder, context.scene)
    except (CsmError, OSError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError):
            raise DiskProblem("The mesh cannot be sent: {reason}.", reason=error) from error
        raise
