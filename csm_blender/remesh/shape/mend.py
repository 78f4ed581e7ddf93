# SPDX-License-Identifier: GPL-3.0-or-later
"""Mend a surface in place, body by body, and tell what is too torn for that.

A mended surface stays several times nearer to the original than a rebuilt one, and keeps its edges.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from mathutils import Vector, kdtree

from .bodies import SPECK, Bodies, bodies_in, turned_outward
from .holes import Holes, holes_closed, holes_of
from .manifold import cut_to_manifold
from .surface import Mask, Surface, empty

LARGE_HOLES = 0.15
"""A body whose holes have more than this share of its area is a sheet: closing them would change it."""
SMALL_HOLE = 0.02
"""Share of a sheet's area up to which a hole in it is closed."""
TORN = 0.4
"""A sheet is torn off others where more than this share of its rim is beside their rims."""
BESIDE = 1.5
"""Rims are beside each other where they are nearer than this many lengths of their edges."""
DOME = 0.75
"""A torn-off sheet whose one or two holes have less than this share of its area is closed by itself."""
SPECKS = 0.02
"""Specks with more than this share of the whole area are no specks but the pieces of a torn surface."""
_MOST_IN_TREE, _MOST_LOOKED_AT, _NEIGHBORS, _TWO = 200_000, 20_000, 6, 2


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
    surface = cut_to_manifold(surface)
    bodies, holes = bodies_in(surface), holes_of(surface)
    of_hole = bodies.label[holes.beside]
    open_area = np.bincount(of_hole, weights=holes.area, minlength=bodies.count)
    is_sheet = open_area > LARGE_HOLES * bodies.area
    torn = is_sheet & _torn(surface, bodies, holes)
    is_dome = torn & (open_area < DOME * bodies.area) & (np.bincount(of_hole, minlength=bodies.count) <= _TWO)
    torn, is_sheet = torn & ~is_dome, is_sheet & ~is_dome
    specks = _specks(bodies, surface.diagonal, torn)
    whole = _part(surface, bodies, ~is_sheet & ~specks)
    sheets = _part(surface, bodies, is_sheet & ~torn & ~specks)
    closing, in_sheets = holes_of(whole), holes_of(sheets)
    small = in_sheets.area < SMALL_HOLE * bodies_in(sheets).area[bodies_in(sheets).label[in_sheets.beside]]
    return Mended(
        closed=turned_outward(holes_closed(whole, closing, np.ones(closing.count, dtype=bool))),
        sheets=holes_closed(sheets, in_sheets, small),
        torn=_part(surface, bodies, torn & ~specks),
        holes_closed=closing.count + int(small.sum()),
        specks=int(specks.sum()),
    )


def _part(surface: Surface, bodies: Bodies, chosen: Mask) -> Surface:
    return surface.kept(chosen[bodies.label]) if chosen.any() else empty()


def _specks(bodies: Bodies, diagonal: float, torn: Mask) -> Mask:
    """Which bodies (b,) are specks. Small pieces of a torn surface are none, if they are much of it."""
    small = bodies.diagonal < SPECK * diagonal
    if bodies.area[small & torn].sum() > SPECKS * bodies.area.sum():
        small &= ~torn
    return small if not small.all() else np.zeros(bodies.count, dtype=bool)


def _torn(surface: Surface, bodies: Bodies, holes: Holes) -> Mask:
    """Which bodies (b,) have most of their rim beside the rim of other bodies."""
    if bodies.count < _TWO or not holes.count:
        return np.zeros(bodies.count, dtype=bool)
    body = bodies.label[holes.triangle]
    places = surface.points[holes.start]
    lengths = np.linalg.norm(surface.points[holes.end] - places, axis=1)
    step = -(-len(places) // _MOST_IN_TREE)
    tree = kdtree.KDTree(len(places[::step]))
    for number, place in enumerate(places[::step].tolist()):
        tree.insert(Vector(place), number)
    tree.balance()
    in_tree = body[::step]
    looked_at = np.arange(0, len(places), -(-len(places) // _MOST_LOOKED_AT))
    beside = np.zeros(len(looked_at), dtype=bool)
    for number, row in enumerate(looked_at.tolist()):
        reach = BESIDE * step * lengths[row]
        near = tree.find_n(Vector(places[row]), _NEIGHBORS)
        beside[number] = any(in_tree[other] != body[row] and distance < reach for _, other, distance in near)
    seen = np.bincount(body[looked_at], minlength=bodies.count)
    share = np.bincount(body[looked_at], weights=beside, minlength=bodies.count) / np.maximum(seen, 1)
    # Of very many pieces not each one was looked at: they are like the others.
    return np.asarray(np.where(seen > 0, share > TORN, beside.mean() > TORN))
