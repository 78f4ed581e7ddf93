# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions for many objects at once: from a jobs file, dropped or chosen, or from several codes in one text.

Both show the pairs first and change nothing until they are confirmed. Nothing is sent: the objects are selected, so
that "Refine Selected" is the next click.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import bpy

from ..core.api.session_code import find_session_codes, shortened
from ..core.errors import UsageError
from ..core.files.assignment import Pair, in_order, usable
from ..core.files.jobs_file import SUFFIX, read_rows
from ..core.messages import NOTHING, Message
from ..scene.addon.translation import labels, reports
from ..scene.blender.bpy_typing import Context, Layout
from ..scene.blender.typed_properties import StringProperty
from ..scene.commands.assign_sessions import assign, obstacle_to, pairs_of
from .operator_base import CsmOperator, Returned, go_on_with

WIDTH = 560
MOST_PAIRS = 12
MOST_PROBLEMS = 8


class _AssignOperator(CsmOperator):
    """Base of the operators that show pairs of a session and an object, and assign them after confirmation."""

    bl_options = {"UNDO"}  # noqa: RUF012 - Blender reads it

    _pairs: Sequence[Pair] = ()

    @classmethod
    def disabled_reason(cls, context: Context) -> Message:
        if context.mode != "OBJECT":
            return Message("Switch to Object Mode to assign sessions to several objects.")
        return NOTHING

    def find_pairs(self, context: Context) -> list[Pair]:
        """The pairs to assign. Raises a :class:`CsmError` where there are none."""
        raise NotImplementedError

    def start(self, context: Context, _event: bpy.types.Event) -> Returned:
        self._pairs = self.find_pairs(context)
        count = len(usable(self._pairs))
        title = labels.say("Assign 1 Session?") if count == 1 else labels.say("Assign {count} Sessions?", count=count)
        manager = context.window_manager
        answer: Returned = manager.invoke_props_dialog(self, width=WIDTH, title=title, confirm_text="Assign")
        return answer

    def draw(self, _context: Context) -> None:
        """The pairs, then what is left out and why."""
        layout: Layout = self.layout
        _draw_lines(layout.column(align=True), usable(self._pairs), MOST_PAIRS)
        if bad := [pair for pair in self._pairs if pair.problem]:
            layout.label(text="Left Out")
            _draw_lines(layout.column(align=True), bad, MOST_PROBLEMS)
        layout.separator(factor=0.5)
        layout.label(text="They will be selected. Nothing is sent yet.", icon="INFO")

    def run(self, context: Context) -> None:
        pairs = self._pairs or self.find_pairs(context)
        hidden = len(assign(pairs, context))
        assigned = len(usable(pairs))
        left_out = len(pairs) - assigned
        if assigned == 1:
            sentences = [reports.say("A session was assigned to 1 object.")]
        else:
            sentences = [reports.say("Sessions were assigned to {count} objects.", count=assigned)]
        if hidden:
            sentences.append(reports.say("Hidden, so not selected: {count}.", count=hidden))
        if left_out:
            sentences.append(reports.say("Left out: {count}.", count=left_out))
        self.report({"WARNING" if hidden or left_out else "INFO"}, " ".join(sentences))


class CSM_OT_import_jobs(_AssignOperator):
    """Assign sessions to objects from a jobs file: pairs of a session and an object, as CSV or JSON"""

    bl_idname = "csm.import_jobs"
    bl_label = "Import Jobs File"

    filepath = StringProperty(name="File", subtype="FILE_PATH", options={"SKIP_SAVE"})

    def start(self, context: Context, event: bpy.types.Event) -> Returned:
        """Without a file, let the user choose one first."""
        if self.filepath:
            return super().start(context, event)
        go_on_with("choose_jobs_file")
        return {"CANCELLED"}

    def find_pairs(self, context: Context) -> list[Pair]:
        if not self.filepath:
            raise UsageError("No jobs file is named.", "Give its path as filepath.")
        return pairs_of(read_rows(Path(bpy.path.abspath(self.filepath))), context)


class CSM_OT_choose_jobs_file(CsmOperator):
    """Choose a jobs file, whose pairs are then shown"""

    # An operator of its own: 4.3 (not 5.2) makes an undo step for one that a file browser calls, even where that says
    # that it was cancelled.
    bl_idname = "csm.choose_jobs_file"
    bl_label = "Open Jobs File"
    bl_options = {"INTERNAL"}  # noqa: RUF012 - Blender reads it

    filepath = StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_glob = StringProperty(default=f"*{SUFFIX};*.csv;*.json", options={"HIDDEN", "SKIP_SAVE"})

    def start(self, context: Context, _event: bpy.types.Event) -> Returned:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def run(self, _context: Context) -> None:
        if self.filepath:
            go_on_with("import_jobs", filepath=self.filepath)


class CSM_OT_pair_codes(_AssignOperator):
    """Assign the session codes of a text to the selected objects, in the order of their names"""

    bl_idname = "csm.pair_codes"
    bl_label = "Assign Session Codes"

    text = StringProperty(
        name="Text", description="Text with the codes; everything else in it is ignored", options={"SKIP_SAVE"}
    )

    def find_pairs(self, context: Context) -> list[Pair]:
        codes = find_session_codes(self.text)
        if not codes:
            raise UsageError("There is no session code in the text: {text}", text=shortened(self.text.strip(), 40))
        obstacles = {obj.name: obstacle_to(obj, context) for obj in context.selected_objects}
        names = [name for name, obstacle in obstacles.items() if not obstacle]
        if not names:
            raise UsageError("No selected object can be refined.", "Select the block-outs first.")
        unfit = [Pair("", name, obstacle) for name, obstacle in obstacles.items() if obstacle]
        return in_order(codes, names) + unfit


class CSM_FH_jobs(bpy.types.FileHandler):
    """A jobs file dropped onto the 3D view."""

    bl_idname = "CSM_FH_jobs"
    bl_label = "CSM Jobs File"
    bl_import_operator = CSM_OT_import_jobs.bl_idname
    bl_file_extensions = f"{SUFFIX};.csv"

    @classmethod
    def poll_drop(cls, context: Context) -> bool:
        return bool(context.area is not None and context.area.type == "VIEW_3D" and context.scene is not None)


def _draw_lines(layout: Layout, pairs: Sequence[Pair], most: int) -> None:
    for pair in pairs[:most]:
        split = layout.split(factor=0.25)
        icon = "ERROR" if pair.problem else "OBJECT_DATA"
        split.label(text=pair.object_name or "-", icon=icon, translate=False)
        right = split.split(factor=0.48) if pair.problem else split
        row = right.row()
        row.active = not pair.problem
        row.label(text=pair.session or "-", translate=False)
        if pair.problem:
            row = right.row()
            row.alert = True
            row.label(text=labels.translate(pair.problem), translate=False)
    if len(pairs) > most:
        layout.label(text=labels.say("and {count} more", count=len(pairs) - most), icon="BLANK1")


CLASSES = (CSM_OT_import_jobs, CSM_OT_choose_jobs_file, CSM_OT_pair_codes, CSM_FH_jobs)
