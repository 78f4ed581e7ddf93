# SPDX-License-Identifier: GPL-3.0-or-later
"""The nearest ones among points."""

from __future__ import annotations

import numpy as np
from mathutils import Vector, kdtree

from .arrays import Indices, Points
from .topology import NONE


def neighbors_of(places: Points, among: Points, count: int) -> tuple[Indices, Points]:
    """For each of *places* (n, 3) the *count* nearest points *among* (m, 3), nearest first, and how far they are.

    (n, count) each; ``NONE`` and infinity where there are not so many.
    """
    tree = kdtree.KDTree(len(among))
    for number, place in enumerate(among.tolist()):
        tree.insert(Vector(place), number)
    tree.balance()
    found = [
        [(number, distance) for _, number, distance in tree.find_n(Vector(place), count)] for place in places.tolist()
    ]
    rest = [(NONE, np.inf)] * (count - min(count, len(among)))
    values = np.array([each + rest for each in found] if rest else found, dtype=np.float64).reshape(-1, count, 2)
    return values[..., 0].astype(np.int64), values[..., 1]
