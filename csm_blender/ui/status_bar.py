# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress of the running jobs in Blender's status bar."""

from __future__ import annotations

import bpy

from ..core.jobs.job import Job
from ..core.jobs.states import ACTIVE
from ..scene.addon.translation import labels
from ..scene.blender.bpy_typing import Context, Layout
from ..scene.jobs.state import file_state
from .formatting import state_word


def draw(self: bpy.types.Header, _context: Context) -> None:
    """Draw a progress bar, unless no job runs."""
    jobs = [job for job in file_state().unfinished() if job.state in ACTIVE]
    if not jobs:
        return
    layout: Layout = self.layout
    row = layout.row()
    row.ui_units_x = 9
    row.progress(factor=sum(round(job.progress, 2) for job in jobs) / len(jobs), text=_text(jobs), type="BAR")


def _text(jobs: list[Job]) -> str:
    if len(jobs) > 1:
        return labels.say("CSM: {count} jobs", count=len(jobs))
    job = jobs[0]
    return f"CSM: {job.spec.object_name or job.session_code}, {labels.translate(state_word(str(job.state)))}"
