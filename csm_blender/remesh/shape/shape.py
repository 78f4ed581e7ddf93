# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole way of a surface: mend it, rebuild what is torn, keep what matters, reduce, clean up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...core.messages import Message
from ...core.remesh import ReportProgress, Way
from ..geometry.bodies import bodies_in, rooms_in, without_hidden, without_specks
from ..geometry.surface import Surface, empty, joined
from ..geometry.weld import cracks_closed
from .clean_up import cleaned_up
from .look import is_closed
from .mend import Mended, mended, uncovered
from .rebuild import rebuilt
from .reduce import LEAST, reduced
from .solids import DOUBLED, round_holes_closed

LEAST_REBUILT, MOST_BLOWN_UP = 2_000, 4
"""A rebuilt surface gets at most this many triangles for each it had, but may always have as many as the first."""


@dataclass(frozen=True)
class Shaped:
    """``surface`` is the result, ``reference`` what of the original it stands for, before it was reduced.

    ``is_open`` says that it has surfaces that are meant to be open.
    """

    surface: Surface
    reference: Surface
    way: Way
    holes_closed: int
    bodies_dropped: int
    is_open: bool
    notes: tuple[Message, ...]


def shaped(surface: Surface, budget: int, report_progress: ReportProgress, *, keep_hidden: bool = False) -> Shaped:
    """Make of the welded *surface* a clean one of at most *budget* triangles.

    *keep_hidden* keeps bodies inside others: what surrounds them can be seen through.
    """
    report_progress(0.0, Message("Mending the mesh"))
    parts = mended(cracks_closed(surface), keep_hidden=keep_hidden)
    torn, new, limit = joined([parts.torn, *parts.solids]), empty(), budget
    if len(torn.triangles):
        report_progress(0.15, Message("Rebuilding the surface"))
        limit = min(budget, max(LEAST_REBUILT, MOST_BLOWN_UP * len(surface.triangles)))
        new = renewed(parts, torn, limit, inside=not keep_hidden)
    sheets, covered = joined([parts.sheets, torn]), 0
    if len(new.triangles):
        sheets, covered = uncovered(parts.sheets, new, inside=not keep_hidden)
    report_progress(0.5, Message("Removing what is hidden"))
    closed, hidden = joined([parts.closed, new]), parts.hidden
    if len(new.triangles) and not keep_hidden:
        closed, inside = without_hidden(closed, rooms_in(closed))
        hidden += inside
    dense, beyond = _affordable(joined([closed, sheets]), limit)
    report_progress(0.6, Message("Reducing the mesh"))
    low, again = closed_again(cleaned_up(reduced(dense, limit)), limit, has_sheets=bool(len(sheets.triangles)))
    notes = _notes(parts.specks + covered, hidden, beyond, has_sheets=bool(len(sheets.triangles)))
    return Shaped(
        surface=low,
        reference=joined([dense, torn]) if len(new.triangles) else dense,
        way=Way.REBUILT if len(new.triangles) or again else Way.MENDED,
        holes_closed=parts.holes_closed,
        bodies_dropped=parts.specks + covered + hidden + beyond,
        is_open=bool(len(sheets.triangles)),
        notes=notes,
    )


def renewed(parts: Mended, torn: Surface, budget: int, *, inside: bool) -> Surface:
    """What of *parts* is torn, *torn* as a whole, rebuilt fine enough for *budget*; empty where it encloses nothing."""
    area = float(torn.areas().sum())
    made = []
    for solid in parts.solids:
        share = max(LEAST, round(budget * float(solid.areas().sum()) / area))
        made.append(rebuilt(round_holes_closed(solid), share))
    rest, _ = uncovered(parts.torn, joined(made), inside=inside)
    if len(rest.triangles):
        made.append(rebuilt(round_holes_closed(rest), budget))
    new, _ = without_specks(joined(made))
    # Of strips and cards side by side it is both sides: around them is no body.
    return new if new.areas().sum() <= DOUBLED * area else empty()


def closed_again(low: Surface, budget: int, *, has_sheets: bool) -> tuple[Surface, bool]:
    """*low* rebuilt where it is not closed though nothing of it is meant to be open; and whether it was."""
    if has_sheets or is_closed(low.edges):
        return low, False
    again = cleaned_up(reduced(rebuilt(low, budget), budget))
    return (again, True) if len(again.triangles) and is_closed(again.edges) else (low, False)


def _affordable(surface: Surface, budget: int) -> tuple[Surface, int]:
    """*surface* without its smallest bodies where *budget* gives not each one a few triangles; how many those were."""
    if len(surface.triangles) <= budget:
        return surface, 0
    bodies = bodies_in(surface)
    most = max(1, budget // LEAST)
    if bodies.count <= most:
        return surface, 0
    kept = np.zeros(bodies.count, dtype=bool)
    kept[np.argsort(-bodies.area, kind="stable")[:most]] = True
    return surface.kept(kept[bodies.label]), bodies.count - most


def _notes(specks: int, hidden: int, beyond: int, *, has_sheets: bool) -> tuple[Message, ...]:
    notes: list[Message] = []
    if specks:
        notes.append(Message("Loose specks were left out: {count}.", count=specks))
    if hidden:
        notes.append(Message("Bodies inside others were left out: {count}.", count=hidden))
    if beyond:
        notes.append(Message("The budget is too small for the smallest bodies: {count} were left out.", count=beyond))
    if has_sheets:
        notes.append(Message("Open surfaces stay open: closing them would only double them."))
    return tuple(notes)
