# SPDX-License-Identifier: GPL-3.0-or-later
"""Mend a surface in place, body by body, and tell what is too torn for that.

A mended surface stays several times nearer to the original than a rebuilt one, and keeps its edges.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from mathutils import Vector, kdtree

from .bodies import Bodies, bodies_in, turned_outward, without_specks
from .holes import Hole, holes_closed, holes_of
from .manifold import cut_to_manifold
from .surface import Mask, Surface, empty

LARGE_HOLES = 0.15
"""A body whose holes have more than this share of its area is a sheet: closing them would change it."""
SMALL_HOLE = 0.02
"""Share of a sheet's area up to which a hole in it is closed."""
TORN = 0.4
"""A sheet is torn off another one where more than this share of its rim is beside the rim of others."""
BESIDE = 1.5
"""Rims are beside each other where they are nearer than this many lengths of their edges."""
_MOST_RIM_POINTS = 200_000


@dataclass(frozen=True)
class Mended:
    """``closed`` is watertight, ``sheets`` are surfaces meant to be open, ``torn`` is what has to be rebuilt."""

    closed: Surface
    sheets: Surface
    torn: Surface
    holes_closed: int
    specks: int


def mended(surface: Surface) -> Mended:
    """Cut *surface*, a welded one, to a manifold, drop specks, close holes; leave what is torn as it is."""
    surface, specks = without_specks(cut_to_manifold(surface))
    holes = holes_of(surface)
    bodies = bodies_in(surface)
    of_hole = bodies.label[[hole.triangle for hole in holes]] if holes else np.zeros(0, dtype=np.int64)
    open_area = np.bincount(of_hole, weights=[hole.area for hole in holes], minlength=bodies.count)
    is_sheet = open_area > LARGE_HOLES * bodies.area
    torn = is_sheet & _torn(surface, bodies, holes, of_hole)
    whole = _part(surface, bodies, ~is_sheet)
    sheets = _part(surface, bodies, is_sheet & ~torn)
    closing = holes_of(whole)
    small = _small_holes(sheets)
    return Mended(
        closed=turned_outward(holes_closed(whole, closing)),
        sheets=holes_closed(sheets, small),
        torn=_part(surface, bodies, torn),
        holes_closed=len(closing) + len(small),
        specks=specks,
    )


def _part(surface: Surface, bodies: Bodies, chosen: Mask) -> Surface:
    return surface.kept(chosen[bodies.label]) if chosen.any() else empty()


def _small_holes(sheets: Surface) -> list[Hole]:
    bodies = bodies_in(sheets)
    return [hole for hole in holes_of(sheets) if hole.area < SMALL_HOLE * bodies.area[bodies.label[hole.triangle]]]


def _torn(surface: Surface, bodies: Bodies, holes: list[Hole], of_hole: np.ndarray) -> Mask:
    """Which bodies (b,) have most of their rim beside the rim of other bodies."""
    if bodies.count < 2 or not holes:  # noqa: PLR2004 - there is no other one
        return np.zeros(bodies.count, dtype=bool)
    rim = np.concatenate([hole.rim for hole in holes])
    body = np.repeat(of_hole, [len(hole.rim) for hole in holes])
    lengths = np.concatenate(
        [np.linalg.norm(surface.points[hole.rim] - surface.points[np.roll(hole.rim, 1)], axis=1) for hole in holes]
    )
    step = max(1, len(rim) // _MOST_RIM_POINTS)
    rim, body, lengths = rim[::step], body[::step], lengths[::step]
    tree = kdtree.KDTree(len(rim))
    for number, place in enumerate(surface.points[rim].tolist()):
        tree.insert(Vector(place), number)
    tree.balance()
    beside = np.zeros(len(rim), dtype=bool)
    for number, place in enumerate(surface.points[rim].tolist()):
        near = tree.find_n(Vector(place), 6)
        beside[number] = any(body[o] != body[number] and d < BESIDE * lengths[number] for _, o, d in near)
    share = np.bincount(body, weights=beside, minlength=bodies.count) / np.maximum(
        np.bincount(body, minlength=bodies.count), 1
    )
    return np.asarray(share > TORN)
