# SPDX-License-Identifier: GPL-3.0-or-later
"""The versions that can stand in one place: the block-out and all results it was refined into. A menu to go back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy
from bpy.props import IntProperty

from ..core.errors import CsmError, UsageError
from ..scene.blender.bpy_typing import Context, Layout
from ..scene.jobs import commands
from ..scene.jobs.binding import find_original
from ..scene.properties import active_record
from ..scene.versions import history
from .operator_report import report_error
from .returns import Returned


def object_of_chosen_job(context: Context) -> bpy.types.Object | None:
    """The result of the job chosen in the list, or its block-out; ``None`` where neither is left."""
    record = active_record(context.scene)
    if record is None:
        return None
    return commands.result_of(record.job_id) or find_original(record.job_id, context.scene)


class CSM_OT_show_version(bpy.types.Operator):
    """Show this version, and hide the others"""

    bl_idname = "csm.show_version"
    bl_label = "Show Version"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012 - Blender reads it as it is

    if TYPE_CHECKING:
        number: int
    else:
        number: IntProperty(name="Version", description="Number of the version, oldest first, from 0", min=0)

    @classmethod
    def poll(cls, context: Context) -> bool:
        """Whether a job is chosen."""
        return context.scene is not None and active_record(context.scene) is not None

    def execute(self, context: Context) -> Returned:
        """Show it."""
        try:
            obj = object_of_chosen_job(context)
            found = history.versions(obj) if obj is not None else []
            if obj is None or self.number >= len(found):
                raise UsageError("This version no longer exists.")
            history.show_version(obj, found[self.number].result)
        except CsmError as error:
            return report_error(self, error)
        return {"FINISHED"}


class CSM_MT_versions(bpy.types.Menu):
    """All versions of the chosen job's place."""

    bl_idname = "CSM_MT_versions"
    bl_label = "Versions"

    def draw(self, context: Context) -> None:
        """One line each, the shown one marked. Drawn only while the menu is open."""
        layout: Layout = self.layout
        obj = object_of_chosen_job(context)
        for number, version in enumerate(history.versions(obj) if obj is not None else []):
            icon = "RADIOBUT_ON" if version.shown else "RADIOBUT_OFF"
            layout.operator("csm.show_version", text=version.label, icon=icon).number = number


CLASSES = (CSM_OT_show_version, CSM_MT_versions)
