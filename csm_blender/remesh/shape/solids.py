# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell torn solids from sheets, and close the round holes of what is rebuilt."""

from __future__ import annotations

import numpy as np

from ..geometry.arrays import Mask
from ..geometry.bodies import Bodies
from ..geometry.surface import Surface
from .holes import Holes, holes_closed, holes_of
from .rebuild import COARSE, rebuilt

MANY_HOLES, LOOKED_AT = 12, 6
"""A sheet of more holes than the first number may be a torn solid; only the largest ones of these are looked at."""
DOUBLED = 1.6
"""A rebuilt surface of more than so many times the area of the torn one is that of its two sides."""
ROUND, WIDE = 0.3, 0.06
"""A hole is round that has more than the first share of the area of a circle with its rim, and closed before a surface
is rebuilt where its box is smaller than the second share of the diagonal."""


def torn_solids(surface: Surface, bodies: Bodies, holes: Holes, sheets: Mask) -> Mask:
    """Which of *sheets* (b,) are the torn surfaces of solids: a surface around them has a thickness everywhere.

    *bodies* and *holes* are those of *surface*, which was cut to a manifold. Only what has many holes is looked at.
    """
    found = np.zeros(bodies.count, dtype=bool)
    many = sheets & (np.bincount(bodies.label[holes.beside], minlength=bodies.count) > MANY_HOLES)
    chosen = np.flatnonzero(many)
    for body in chosen[np.argsort(-bodies.area[chosen], kind="stable")[:LOOKED_AT]]:
        around = rebuilt(round_holes_closed(surface.kept(bodies.label == body)), COARSE)
        found[body] = bool(len(around.triangles)) and around.areas().sum() < DOUBLED * bodies.area[body]
    return found


def round_holes_closed(surface: Surface) -> Surface:
    """*surface*, cut to a manifold, with its small round holes closed: else what is rebuilt goes in through them."""
    holes = holes_of(surface)
    if not holes.count:
        return surface
    start, end = surface.points[holes.start], surface.points[holes.end]
    around = np.bincount(holes.hole, np.linalg.norm(end - start, axis=1), holes.count)
    low, high = np.full((holes.count, 3), np.inf), np.full((holes.count, 3), -np.inf)
    np.minimum.at(low, holes.hole, start)
    np.maximum.at(high, holes.hole, start)
    small = np.linalg.norm(high - low, axis=1) < WIDE * surface.diagonal
    return holes_closed(surface, holes, small & (holes.area > ROUND * around**2 / (4.0 * np.pi)))
