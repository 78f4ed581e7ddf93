# SPDX-License-Identifier: GPL-3.0-or-later
"""Mesh files in the window: the last ones used, and many at once, which are paired with the objects of their names."""

from __future__ import annotations

import os
from pathlib import Path, PurePath
from typing import Any

import bpy

from ..core.errors import UsageError
from ..core.files.assignment import Pair, usable
from ..core.files.recent_files import is_gone, recent_files
from ..core.files.source_text import is_mesh_file, mesh_files_in
from ..core.jobs.job import Decision
from ..core.messages import NOTHING, Message
from ..core.sources import MESH_SUFFIXES, SourceKind
from ..scene.addon.environment import jobs_home
from ..scene.addon.translation import labels, reports
from ..scene.blender.bpy_typing import Context, Layout
from ..scene.blender.typed_properties import CollectionProperty, IntProperty, StringProperty, with_properties
from ..scene.commands import batch, decisions, new_job
from ..scene.jobs.state import file_state
from ..scene.properties import state_of
from .formatting import MOVING
from .operator_base import CsmOperator, Returned, go_on_with
from .planned_request import choices_of

WIDTH = 620
ROWS = 12


class CSM_OT_recent_files(CsmOperator):
    """Choose one of the mesh files that were refined last"""

    bl_idname = "csm.recent_files"
    bl_label = "Last Files"

    filepath = StringProperty(name="File", subtype="FILE_PATH", options={"SKIP_SAVE", "HIDDEN"})

    def start(self, context: Context, _event: bpy.types.Event) -> Returned | None:
        """Without a path, show the list; those that are gone are gray."""
        if self.filepath:
            self.run(context)
            return {"FINISHED"}
        found = [(path, is_gone(path)) for path in recent_files(jobs_home())]

        def draw(menu: Any, _context: Context) -> None:
            for path, gone in found:
                row = menu.layout.row()
                row.enabled = not gone
                file = PurePath(path)
                text = labels.say("{name} (not there)", name=file.name) if gone else f"{file.name}   {file.parent}"
                row.operator("csm.recent_files", text=text, icon="FILE_3D", translate=False).filepath = path
            if not found:
                menu.layout.label(text="No file was refined yet")

        context.window_manager.popup_menu(draw, title=labels.say("Last Files"))
        return {"CANCELLED"}

    def run(self, context: Context) -> None:
        if self.filepath:
            state = state_of(context.scene)
            state.source, state.filepath = "FILE", self.filepath


@with_properties
class CSM_PG_pair(bpy.types.PropertyGroup):
    """A line of the dialog: a file, and its object or what is wrong."""

    file = StringProperty()
    object_name = StringProperty()
    problem = StringProperty()


class CSM_UL_pairs(bpy.types.UIList):
    """Files and objects, one pair each."""

    def draw_item(  # type: ignore[override]  # the stubs have other names and None everywhere
        self, _context: Context, layout: Layout, _data: Any, item: CSM_PG_pair, _icon: int, _owner: Any, _name: str
    ) -> None:
        """The file on the left; its object, or why it has none, on the right."""
        split = layout.split(factor=0.45)
        split.label(text=PurePath(item.file).name or "-", icon="FILE_3D" if item.file else "BLANK1", translate=False)
        right = split.row()
        if item.problem:
            right.alert = True
            right.label(text=" ".join(filter(None, (item.object_name, item.problem))), icon="ERROR", translate=False)
        else:
            right.label(text=item.object_name, icon="OBJECT_DATA", translate=False)


class CSM_OT_refine_files(CsmOperator):
    """Refine many mesh files at once, each into the object of its name. The pairs are shown first"""

    bl_idname = "csm.refine_files"
    bl_label = "Refine Files"

    directory = StringProperty(
        name="Folder",
        description="Folder of the files; all of its mesh files if none is named",
        subtype="DIR_PATH",
        options={"SKIP_SAVE"},
    )
    files = CollectionProperty(type=bpy.types.OperatorFileListElement, options={"SKIP_SAVE", "HIDDEN"})
    pairs = CollectionProperty(type=CSM_PG_pair, options={"SKIP_SAVE", "HIDDEN"})
    active_pair = IntProperty(options={"SKIP_SAVE", "HIDDEN"})

    @classmethod
    def disabled_reason(cls, context: Context) -> Message:
        return NOTHING if context.mode == "OBJECT" else Message("Switch to Object Mode to refine several files.")

    def start(self, context: Context, _event: bpy.types.Event) -> Returned:
        """Without files, let the user choose some first; then show what goes where."""
        if not self.directory:
            go_on_with("choose_files")
            return {"CANCELLED"}
        found = self._find_pairs(context)
        self.pairs.clear()
        for pair in [*(pair for pair in found if pair.problem), *usable(found)]:
            item = self.pairs.add()
            item.file, item.object_name = pair.session, pair.object_name
            item.problem = labels.translate(pair.problem)
        count = len(usable(found))
        title = labels.say("Refine 1 File?") if count == 1 else labels.say("Refine {count} Files?", count=count)
        manager = context.window_manager
        answer: Returned = manager.invoke_props_dialog(self, width=WIDTH, title=title, confirm_text="Refine")
        return answer

    def draw(self, _context: Context) -> None:
        """The pairs; what is left out comes first."""
        layout: Layout = self.layout
        rows = max(2, min(ROWS, len(self.pairs)))
        layout.template_list("CSM_UL_pairs", "", self, "pairs", self, "active_pair", rows=rows, maxrows=rows)
        if left_out := sum(bool(item.problem) for item in self.pairs):
            layout.label(text=labels.say("Left out: {count}.", count=left_out), icon="ERROR")
        layout.label(text="With the settings of the panel, on this computer: nothing is paid.", icon="INFO")

    def run(self, context: Context) -> Returned | None:
        """After the dialog, begin; without a window, return when all is done."""
        pairs = [Pair(item.file, item.object_name, item.problem) for item in self.pairs] or self._find_pairs(context)
        choices = choices_of(context.scene, SourceKind.FILE)
        left_out = len(pairs) - len(usable(pairs))
        if left_out:
            self.report({"WARNING"}, reports.say("Left out: {count}.", count=left_out))
        if not bpy.app.background:
            batch.begin_files(pairs, context, choices)
            return None
        job_ids = batch.start_files(pairs, context, choices)
        new_job.run_to_end(job_ids, context)
        for refused in batch.file_batch().refused:
            self.report({"ERROR"}, reports.translate(refused))
        placed = [job_id for job_id in job_ids if file_state().jobs[job_id].state == "PLACED"]
        return None if placed else {"CANCELLED"}

    def _find_pairs(self, context: Context) -> list[Pair]:
        if not self.directory:
            raise UsageError("No files are named.", "Give their folder as directory.")
        folder = Path(os.path.abspath(bpy.path.abspath(self.directory)))  # noqa: PTH100 - no links are followed
        names = [item.name for item in self.files if item.name]
        files = [str(folder / name) for name in names if is_mesh_file(Path(name))]
        return batch.pairs_of_files(files if names else mesh_files_in(str(folder)), context)


class CSM_OT_choose_files(CsmOperator):
    """Choose several mesh files, or a folder of them"""

    # An operator of its own, as for jobs files: see CSM_OT_choose_jobs_file.
    bl_idname = "csm.choose_files"
    bl_label = "Refine Files"
    bl_options = {"INTERNAL"}  # noqa: RUF012 - Blender reads it

    directory = StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE"})
    files = CollectionProperty(type=bpy.types.OperatorFileListElement, options={"SKIP_SAVE", "HIDDEN"})
    filter_glob = StringProperty(
        default=";".join(f"*{suffix}" for suffix in MESH_SUFFIXES), options={"HIDDEN", "SKIP_SAVE"}
    )

    def start(self, context: Context, _event: bpy.types.Event) -> Returned:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def run(self, _context: Context) -> None:
        if self.directory:
            names = [{"name": item.name} for item in self.files if item.name]
            go_on_with("refine_files", directory=self.directory, files=names)


class CSM_OT_cancel_all(CsmOperator):
    """Stop all jobs of this scene that are not done. What is placed stays"""

    bl_idname = "csm.cancel_all"
    bl_label = "Cancel All"

    @classmethod
    def disabled_reason(cls, context: Context) -> Message:
        is_any = batch.file_batch().waiting or any(record.status in MOVING for record in state_of(context.scene).jobs)
        return NOTHING if is_any else Message("No job is running.")

    def start(self, context: Context, event: bpy.types.Event) -> Returned:
        answer: Returned = context.window_manager.invoke_confirm(self, event)
        return answer

    def run(self, context: Context) -> None:
        batch.stop_starting()
        for record in state_of(context.scene).jobs:
            if record.status in MOVING and Decision.CANCEL in decisions.may(record):
                decisions.cancel(decisions.job_of(record.job_id))


CLASSES = (CSM_PG_pair, CSM_UL_pairs, CSM_OT_recent_files, CSM_OT_refine_files, CSM_OT_choose_files, CSM_OT_cancel_all)
