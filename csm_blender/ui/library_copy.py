# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of a result in an asset library, after the placing was undone: it stays, since other files may link to it.

Undo and redo change the open file only. So the panel says that the file is still there, and deletes it if asked to.
"""

from __future__ import annotations

from pathlib import Path

import bpy

from ..core.messages import Message
from ..scene.blender.bpy_typing import Context, Layout
from ..scene.commands import decisions, placed_result
from ..scene.jobs.state import file_state
from ..scene.properties import CSM_PG_job
from .job_operators import JobOperator
from .operator_base import Returned
from .text_wrap import draw_lines, in_sidebar


class CSM_OT_delete_library_copy(JobOperator):
    """Delete the file that this job has put into an asset library"""

    bl_idname = "csm.delete_library_copy"
    bl_label = "Delete from Library"

    def start(self, context: Context, event: bpy.types.Event) -> Returned:
        answer: Returned = context.window_manager.invoke_confirm(
            self, event, title="Delete from Library", message=Message("Files that link to it lose it."),
            confirm_text="Delete", icon="WARNING",
        )  # fmt: skip
        return answer

    def act(self, _context: Context, record: CSM_PG_job) -> None:
        placed_result.delete_library_copy(decisions.job_of(record.job_id))


def draw_library_copy(context: Context, layout: Layout, record: CSM_PG_job) -> None:
    """Draw that the asset file of a job is still there though its result is not in the scene."""
    job = file_state().jobs.get(record.job_id)
    path = job.result.conversion.asset_file if job is not None and job.result is not None else None
    if path is not None:
        text = Message("Its copy is still in the asset library: {name}", name=Path(path).name)
        draw_lines(layout.column(), in_sidebar(context, text, inset_px=60), "ASSET_MANAGER")
        layout.operator("csm.delete_library_copy", icon="TRASH").job_id = record.job_id


CLASSES = (CSM_OT_delete_library_copy,)
