# SPDX-License-Identifier: GPL-3.0-or-later
"""The chosen job in the panel: its state, its error, and the buttons for what can be done."""

from __future__ import annotations

from typing import Any

from ..core.errors import NO_ERROR, ForeignRedirect, MissingKey, RefusedKey, Unreachable
from ..core.jobs.job import Decision, Job
from ..core.jobs.quality_report import card, stands_exactly, stretch_note
from ..core.jobs.rows import message_from_text
from ..core.messages import NOTHING, ROUTINE, Message
from ..core.models import Fit
from ..core.remesh import RemeshReport, Way
from ..scene.addon.translation import labels
from ..scene.blender.bpy_typing import Context, Layout
from ..scene.commands import decisions, placed_result
from ..scene.jobs import preview_loader
from ..scene.jobs.state import file_state
from ..scene.properties import CSM_PG_job
from .formatting import MOVING, gray_label, right_label, source_name, state_word
from .library_copy import draw_library_copy
from .text_wrap import draw_lines, in_sidebar

_WAYS = {Way.KEPT: Message("Left as it was"), Way.MENDED: Message("Mended"), Way.REBUILT: Message("Built anew")}
_STRETCHED_AT_ALL = 1.001
"""Stretch up to which it makes no difference to fit the mesh in another way."""
_SOLVED_IN_PREFERENCES = frozenset({MissingKey.code, RefusedKey.code, Unreachable.code, ForeignRedirect.code})


def draw_job(context: Context, layout: Layout, record: CSM_PG_job) -> None:
    """Draw the job of *record*."""
    may = decisions.may(record)
    gone = record.status == "PLACED" and Decision.PLACE in may
    box = layout.box()
    row = box.row()
    row.active = False
    row.label(text=record.session_code or source_name(record.source), translate=False)
    if elapsed := file_state().elapsed_texts.get(record.job_id, ""):
        right_label(row, text=labels.translate(elapsed))
    if record.status in MOVING:
        word = labels.translate(state_word(record.status))
        text = f"{word}  {record.progress:.0%}" if record.progress else word
        box.progress(factor=record.progress, text=text, type="BAR")
    waiting = file_state().wait_reasons.get(record.job_id, NOTHING)
    message, hint = _message_and_hint(record)
    text = Message("The result is no longer in the scene") if gone else waiting or message
    if text.code != ROUTINE:
        icon = {"FAILED": "ERROR", "UNCERTAIN": "QUESTION"}.get(record.status, "TIME" if waiting else "NONE")
        _lines(context, box, text, icon)
    if hint and not gone:
        _lines(context, box, hint, "BLANK1", active=False)
    if gone or record.status in {"FAILED", "CANCELLED"}:
        draw_library_copy(context, box, record)
    job = file_state().jobs.get(record.job_id)
    if record.status == "PLACED" and not gone:
        job = placed_result.standing(job) if job is not None else None
        _draw_fit(box, record, is_inside=job is not None and job.spec.choices.fit is Fit.INSIDE)
    if job is not None:
        if record.status == "PLACED" and not gone:
            _draw_stretch(context, box, record, job)
            _draw_delivered(context, box, record, job)
        _draw_card(context, box, job)
    _draw_buttons(box, record, may)


def _message_and_hint(record: CSM_PG_job) -> tuple[Message, Message]:
    """The message about the job and its hint: from the store where it is known, else what the file holds."""
    job = file_state().jobs.get(record.job_id)
    if job is None:
        return message_from_text(record.error or record.message), Message(record.hint)
    error = job.error or NO_ERROR
    return Message.of(error["message"] or job.message), Message.of(error["hint"])


def _draw_fit(layout: Layout, record: CSM_PG_job, *, is_inside: bool) -> None:
    good = stands_exactly(record.fit_error)
    row = layout.row()
    row.alert = not good
    off = labels.say("Placed, off by {share} of its diagonal", share=f"{record.fit_error:.2%}")
    exactly = Message("Placed, fits inside") if is_inside else Message("Placed, fits exactly")
    text = exactly if good else off
    row.label(text=text, icon="CHECKMARK" if good else "ERROR")


def _draw_stretch(context: Context, layout: Layout, record: CSM_PG_job, job: Job) -> None:
    """Draw how much the result is stretched, and what can be done about it at once."""
    if note := stretch_note(job):
        _lines(context, layout, note, "INFO")
    row = layout.row(align=True)
    _button(row, "csm.turn", record, text="Turn 90°", icon="LOOP_FORWARDS")
    stretch = job.result.conversion.fitted.stretch if job.result is not None else None
    if job.spec.choices.fit is not Fit.EXACT:
        other, text = Fit.EXACT, Message("Fill the Box")
    elif stretch is not None and max(stretch) > _STRETCHED_AT_ALL:
        other, text = Fit.INSIDE, Message("Fit Inside")
    else:
        return
    button: Any = row.operator("csm.fit_again", text=text, icon="PIVOT_BOUNDBOX")
    button.job_id, button.fit = record.job_id, other


def _draw_delivered(context: Context, layout: Layout, record: CSM_PG_job, job: Job) -> None:
    """Draw the switch that shows the mesh as it was delivered, where this computer has changed it."""
    if job.result is None or job.result.conversion.remesh is None:
        return
    result = decisions.result_of(record.job_id)
    is_awaited, is_shown = placed_result.seen_as_delivered(result)
    text = "Loading…" if is_awaited else "Hide Delivered Mesh" if is_shown else "Show Delivered Mesh"
    button: Any = layout.operator("csm.show_delivered", text=text, icon="SHADING_WIRE", depress=is_shown or is_awaited)
    button.job_id = record.job_id
    if (trouble := preview_loader.trouble_of(result)) is not None:
        _lines(context, layout, trouble.advice, "ERROR")


def _remesh_rows(report: RemeshReport) -> list[tuple[Message, Message]]:
    """Label and value of what the local engine did: before and after."""
    came, made = report.input, report.output
    rows = [(Message("Triangles Before"), Message(f"{came.triangles:,}"))]
    rows.append((Message("Triangles After"), Message(f"{made.triangles:,}")))
    if made.quads:
        rows.append((Message("Quads"), Message(f"{made.quads:,}")))
    rows += [
        (Message("Way"), _WAYS[report.way]),
        (Message("Watertight"), Message("Yes" if made.watertight else "No")),
        (Message("Holes Closed"), Message(f"{report.holes_closed:,}")),
        (Message("Bodies Dropped"), Message(f"{report.bodies_dropped:,}")),
    ]
    if (off := report.deviation) is not None:
        text = Message("{mean}, at most {most}", mean=f"{off.mean:.2%}", most=f"{off.max:.2%}")
        rows.append((Message("Off the Original"), text))
    return rows


def _draw_card(context: Context, layout: Layout, job: Job) -> None:
    """Draw what was measured of the result, in a closed subpanel."""
    facts = card(job)
    if facts is None:
        return
    header, body = layout.panel("CSM_PT_card", default_closed=True)
    header.label(text="Quality", icon="NONE" if facts.good else "ERROR")
    if body is None:
        return
    _lines(context, body, facts.verdict, "CHECKMARK" if facts.good else "ERROR")
    column = body.column(align=True)
    column.scale_y = 0.85
    report = job.result.conversion.remesh if job.result is not None else None
    for label, value in [*(_remesh_rows(report) if report is not None else ()), *facts.rows()]:
        split = column.split(factor=0.45)
        gray_label(split, text=labels.translate(label))
        split.label(text=labels.translate(value))
    for note in facts.notes:
        _lines(context, body, note, "INFO")


def _draw_buttons(layout: Layout, record: CSM_PG_job, may: frozenset[Decision]) -> None:
    job = file_state().jobs.get(record.job_id)
    if job is not None and job.cancel_pending:
        row = layout.row()
        row.enabled = False
        row.operator("csm.cancel", text="Cancelling…")
        return
    if record.error_code in _SOLVED_IN_PREFERENCES:
        layout.operator("csm.open_preferences", text="Open Preferences…", icon="PREFERENCES").section = "ADDON"
    if record.status == "PLACED" and Decision.PLACE not in may:
        row = layout.row(align=True)
        _button(row, "csm.select_result", record, text="Select", icon="RESTRICT_SELECT_OFF")
        _button(row, "csm.toggle_original", record, text="Original", icon="HIDE_OFF")
        row.menu("CSM_MT_versions", text="", icon="DOWNARROW_HLT")
    column = layout.column(align=True)
    for decision, name, text, icon in (
        (Decision.PLACE, "csm.place", Message("Place Now" if record.status == "READY" else "Place Again"), "IMPORT"),
        (Decision.RETRY, "csm.retry", Message("Retry"), "FILE_REFRESH"),
        (Decision.LOOK_AGAIN, "csm.look_again", Message("Look Again"), "VIEWZOOM"),
        (Decision.SEND_AGAIN, *_again(record)),
        (Decision.CANCEL, "csm.cancel", Message("Cancel"), "X"),
        (Decision.REMOVE, "csm.remove", Message("Remove"), "TRASH"),
    ):
        if decision in may:
            _button(column, name, record, text=text, icon=icon)


def _again(record: CSM_PG_job) -> tuple[str, Message, str]:
    """Operator, text and icon of the button that begins one more job."""
    job = file_state().jobs.get(record.job_id)
    if job is not None and not job.spec.may_be_paid:
        return "csm.refine_again", Message("Refine Again…"), "MOD_REMESH"
    return "csm.send_again", Message("Send Again…" if record.status == "UNCERTAIN" else "Refine Again…"), "EXPORT"


def _button(layout: Layout, name: str, record: CSM_PG_job, *, text: str, icon: str) -> None:
    layout.operator(name, text=text, icon=icon).job_id = record.job_id


def _lines(context: Context, layout: Layout, text: str, icon: str, *, active: bool = True) -> None:
    if not text:
        return
    column = layout.column()
    column.active = active
    draw_lines(column, in_sidebar(context, text, inset_px=60), icon)
