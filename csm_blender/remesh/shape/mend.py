# SPDX-License-Identifier: GPL-3.0-or-later
"""Mend a surface in place, body by body, and tell what is too torn for that.

A mended surface stays several times nearer to the original than a rebuilt one, and keeps its edges.
"""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np

from ..geometry.arrays import Mask
from ..geometry.bodies import SPECK, Bodies, bodies_in, rooms_in, turned_outward, without_hidden
from ..geometry.nearest import nearest_on
from ..geometry.neighbors import neighbors_of
from ..geometry.surface import Surface, empty, joined, mesh_of
from ..geometry.topology import NONE
from ..geometry.weld import CARD
from .holes import Holes, holes_closed, holes_of
from .manifold import cut_to_manifold
from .solids import torn_solids
from .tears import tears_closed

LARGE_HOLE, LARGE_HOLES = 0.06, 0.15
"""A body is a sheet, which closing would change, where its holes of more than the first share of its area have together
more than the second one; where only many small ones have as much, it is torn."""
SMALL_HOLE = 0.02
"""Share of a sheet's area up to which a hole in it is closed."""
TORN, TORN_OFF = 0.4, 0.03
"""A hole is a tear where more than this share of its rim is beside the rims of other bodies; a body is torn where its
tears have more than this share of its area."""
BESIDE, BESIDE_AT_MOST = 1.5, 0.015
"""Rims are beside each other where they are nearer than so many of their edges, and than that share of the diagonal."""
DOME = 0.75
"""A torn-off sheet whose one or two holes have less than this share of its area is closed by itself."""
ON_IT, ON_IT_AT_MOST, COVERED = 1.0, 0.01, 0.9
"""A piece is covered where the third share of its triangles is less than one of its edges, and than the second share of
the diagonal, above the closed surface."""
BEHIND = 0.5
"""Cosine beyond which what is nearest to a place has it behind it: beside an edge, a face may not tell."""
CONTAINER = 0.3
"""Pieces are inside a closed surface only if a body of it has this share of their diagonal at least."""
FLAT = 0.01
"""A closed body encloses nothing where its volume is below this share of its area to the power of 1.5."""
CARDS = 0.5
"""Cards are torn where they are so much of the area of all cards at least."""
SCRAP, SCRAPS = 0.04, 0.05
"""Open pieces below this share of the diagonal are scraps, if they have less than that share of the closed area."""
SPECKS = 0.05
"""Specks with more than this share of the whole area are no specks but the pieces of a torn surface."""
FEW = 4
"""An open body of up to so many triangles is a speck, too, where it is a small part of the area."""
GAP = 0.004
"""Rims are beside each other in any case where they are nearer than this share of the diagonal."""
ALIKE, PARALLEL = 0.5, 0.5
"""Cosines between the normals, and between the edges, on both sides of a tear, at least."""
_MOST_IN_TREE, _MOST_LOOKED_AT, _NEIGHBORS, _TWO = 200_000, 20_000, 6, 2


@dataclass(frozen=True)
class Mended:
    """``closed`` is watertight, ``sheets`` are surfaces meant to be open, ``torn`` has to be rebuilt as a whole.

    ``solids`` have to be rebuilt, too, but each is the surface of a body by itself, so that two of them stay two.
    ``specks`` and ``hidden`` say how many bodies were left out: too small or no more than a double, inside others.
    """

    closed: Surface
    sheets: Surface
    torn: Surface
    solids: tuple[Surface, ...]
    holes_closed: int
    specks: int
    hidden: int


def mended(surface: Surface, *, keep_hidden: bool = False) -> Mended:
    """Cut *surface*, a welded one, to a manifold, drop specks, close holes; leave what is torn as it is.

    *keep_hidden* keeps bodies inside others: what surrounds them can be seen through.
    """
    surface = tears_closed(cut_to_manifold(surface))
    bodies, holes = bodies_in(surface), holes_of(surface)
    of_hole = bodies.label[holes.beside]
    is_tear = _tears(surface, bodies, holes)
    open_area = np.bincount(of_hole, weights=holes.area, minlength=bodies.count)
    torn_area = np.bincount(of_hole, weights=holes.area * is_tear, minlength=bodies.count)
    is_large = holes.area > LARGE_HOLE * bodies.area[of_hole]
    large_area = np.bincount(of_hole, weights=holes.area * is_large, minlength=bodies.count)
    is_sheet = large_area > LARGE_HOLES * bodies.area
    torn = (torn_area > TORN_OFF * bodies.area) | ((open_area > LARGE_HOLES * bodies.area) & ~is_sheet)
    is_dome = (
        is_sheet & torn & (open_area < DOME * bodies.area) & (np.bincount(of_hole, minlength=bodies.count) <= _TWO)
    )
    torn &= ~is_dome & (is_sheet | (bodies.diagonal > SPECK * surface.diagonal))
    cards = is_sheet & (np.bincount(bodies.label) <= CARD)
    if bodies.area[torn & cards].sum() < CARDS * bodies.area[cards].sum():
        torn &= ~cards  # a few of many lie side by side by chance: else they are a surface in pieces
    is_sheet &= ~is_dome & ~torn
    solids = torn_solids(surface, bodies, holes, is_sheet)
    is_sheet &= ~solids
    specks = _specks(bodies, surface.diagonal, is_sheet | torn) & ~solids
    whole = _part(surface, bodies, ~is_sheet & ~torn & ~solids & ~specks)
    closing = holes_of(whole)
    closed = holes_closed(whole, closing, np.ones(closing.count, dtype=bool))
    rooms = rooms_in(closed)
    closed = turned_outward(closed, rooms)
    closed, hidden = (closed, 0) if keep_hidden else without_hidden(closed, rooms)
    inside = not keep_hidden
    closed, doubled = _without_doubled(closed, inside=inside)
    pieces, more = uncovered(_part(surface, bodies, torn & ~specks), closed, inside=inside)
    sheets, even_more = uncovered(_part(surface, bodies, is_sheet & ~specks), closed, inside=inside)
    in_sheets, sheet_bodies = holes_of(sheets), bodies_in(sheets)
    small = in_sheets.area < SMALL_HOLE * sheet_bodies.area[sheet_bodies.label[in_sheets.beside]]
    return Mended(
        closed=closed,
        sheets=holes_closed(sheets, in_sheets, small),
        torn=pieces,
        solids=tuple(surface.kept(bodies.label == body) for body in np.flatnonzero(solids)),
        holes_closed=closing.count + int(small.sum()),
        specks=int(specks.sum()) + doubled + more + even_more,
        hidden=hidden,
    )


def _without_doubled(closed: Surface, *, inside: bool) -> tuple[Surface, int]:
    """*closed* without small bodies that enclose nothing and lie on or in others, and how many those were."""
    bodies = bodies_in(closed)
    doubled = np.abs(bodies.volume) < FLAT * bodies.area**1.5
    doubled &= bodies.area < SPECK * bodies.area.sum()
    if not doubled.any() or doubled.all():
        return closed, 0
    rest = _part(closed, bodies, ~doubled)
    kept, count = uncovered(_part(closed, bodies, doubled), rest, inside=inside)
    return joined([rest, kept]), count


def uncovered(pieces: Surface, closed: Surface, *, inside: bool) -> tuple[Surface, int]:
    """*pieces* without those that show nothing beside the *closed* surface, and how many those were.

    They lie on it or, if *inside*, in it; or they are scraps beside a surface that is whole without them.
    """
    if not len(pieces.triangles) or not len(closed.triangles):
        return pieces, 0
    bodies = bodies_in(pieces)
    below = mesh_of(closed, "CSM closed")
    centers = pieces.points[pieces.triangles].mean(axis=1)
    try:
        found = nearest_on(below, centers)
    finally:
        bpy.data.meshes.remove(below)
    inside &= bool(bodies_in(closed).diagonal.max() > CONTAINER * pieces.diagonal)
    away = centers - found.places
    height = np.linalg.norm(away, axis=1)
    if inside:
        above = np.einsum("ij,ij->i", away, found.normals)
        height = np.where(above < -BEHIND * height, above, height)
    count = np.bincount(bodies.label)
    near = np.minimum(ON_IT * np.sqrt(2.0 * bodies.area / count), ON_IT_AT_MOST * closed.diagonal)
    drop = np.bincount(bodies.label, weights=height < near[bodies.label]) / count > COVERED
    whole_area = closed.areas().sum()
    scraps = (bodies.diagonal < SCRAP * closed.diagonal) & ~drop
    if bodies.area[scraps].sum() < SCRAPS * whole_area:
        drop |= scraps
    return (pieces.kept(~drop[bodies.label]), int(drop.sum())) if drop.any() else (pieces, 0)


def _part(surface: Surface, bodies: Bodies, chosen: Mask) -> Surface:
    return surface.kept(chosen[bodies.label]) if chosen.any() else empty()


def _specks(bodies: Bodies, diagonal: float, is_open: Mask) -> Mask:
    """Which bodies (b,) are specks: small, or a few open triangles. If they are much of the whole, none is."""
    count = np.bincount(bodies.label, minlength=bodies.count)
    few = is_open & (count <= FEW) & (bodies.area < SPECK * bodies.area.sum())
    small = few | (bodies.diagonal < SPECK * diagonal)
    return small if bodies.area[small].sum() < SPECKS * bodies.area.sum() else np.zeros(bodies.count, dtype=bool)


def _tears(surface: Surface, bodies: Bodies, holes: Holes) -> Mask:
    """Which holes (h,) have most of their rim beside the rim of other bodies."""
    if bodies.count < _TWO or not holes.count:
        return np.zeros(holes.count, dtype=bool)
    body = bodies.label[holes.triangle]
    start, end = surface.points[holes.start], surface.points[holes.end]
    places, along = (start + end) / 2.0, end - start
    lengths = np.linalg.norm(along, axis=1)
    along /= np.maximum(lengths, 1e-30)[:, None]
    normals = surface.face_vectors()[holes.triangle]
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30)
    inward = np.cross(normals, along)
    step = -(-len(places) // _MOST_IN_TREE)
    looked_at = np.arange(0, len(places), -(-len(places) // _MOST_LOOKED_AT))
    near, distance = neighbors_of(places[looked_at], places[::step], _NEIGHBORS)
    mine, other = looked_at[:, None], np.where(near == NONE, 0, near) * step
    reach = np.clip(BESIDE * step * lengths, GAP * surface.diagonal, BESIDE_AT_MOST * surface.diagonal)
    beside = (near != NONE) & (body[other] != body[mine]) & (distance < reach[mine])
    # It goes on there, and does not only pass by.
    beside &= np.abs(np.einsum("ikj,ikj->ik", normals[mine], normals[other])) > ALIKE
    beside &= np.abs(np.einsum("ikj,ikj->ik", along[mine], along[other])) > PARALLEL
    beside &= np.einsum("ikj,ikj->ik", inward[mine], inward[other]) < 0.0
    beside = beside.any(axis=1)
    hole = holes.hole[looked_at]
    seen = np.bincount(hole, minlength=holes.count)
    share = np.bincount(hole, weights=beside, minlength=holes.count) / np.maximum(seen, 1)
    # Of very many rims not each one was looked at: they are like the others.
    return np.asarray(np.where(seen > 0, share > TORN, beside.mean() > TORN))
