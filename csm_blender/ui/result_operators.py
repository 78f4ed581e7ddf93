# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators that change or show a placed result at once, without a new job."""

from __future__ import annotations

import bpy

from ..core.models import Fit
from ..scene.addon.translation import OURS
from ..scene.blender.bpy_typing import Context
from ..scene.blender.typed_properties import EnumProperty
from ..scene.commands import decisions, placed_result
from ..scene.jobs import preview_loader
from ..scene.properties import FIT_ITEMS, CSM_PG_job
from .job_operators import JobOperator


class CSM_OT_turn(JobOperator):
    """Turn the placed mesh by 90° in its box, which it fills as before"""

    bl_idname = "csm.turn"
    bl_label = "Turn 90°"

    def act(self, _context: Context, record: CSM_PG_job) -> None:
        placed_result.turn(decisions.job_of(record.job_id))


class CSM_OT_fit_again(JobOperator):
    """Fit the placed mesh in another way, at once: with its own proportions inside the box, or filling the box"""

    bl_idname = "csm.fit_again"
    bl_label = "Fit Again"

    fit = EnumProperty(name="Fit", items=FIT_ITEMS[:2], translation_context=OURS, options={"SKIP_SAVE"})

    def act(self, _context: Context, record: CSM_PG_job) -> None:
        placed_result.fit_again(decisions.job_of(record.job_id), Fit(self.fit))


class CSM_OT_show_delivered(JobOperator):
    """Show the mesh as it was delivered over the refined one, or stop that. It is not saved in the file"""

    bl_idname = "csm.show_delivered"
    bl_label = "Show Delivered Mesh"

    def act(self, _context: Context, record: CSM_PG_job) -> None:
        order = placed_result.toggle_delivered(decisions.job_of(record.job_id))
        if order is not None and bpy.app.background:
            preview_loader.wait_for(order)


CLASSES = (CSM_OT_turn, CSM_OT_fit_again, CSM_OT_show_delivered)
