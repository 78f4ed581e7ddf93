# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at a surface: what it is made of, and whether anything is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...core.remesh import InputFigures
from ..geometry.arrays import Indices
from ..geometry.bodies import bodies_in, without_hidden, without_specks
from ..geometry.doubles import same_diagonals
from ..geometry.surface import Surface, ordered
from ..geometry.topology import Edges
from ..geometry.weld import groups_at_same_place, merged
from .clean_up import flat_triangles


@dataclass(frozen=True)
class Look:
    """``surface`` is the one looked at, with points at the same place joined.

    ``group`` (n,) has a number for each point as it came, equal for those at the same place.
    ``is_clean``: closed, wound outward, without flat or double triangles, specks and hidden bodies.
    """

    surface: Surface
    group: Indices
    figures: InputFigures
    is_clean: bool


def look_at(surface: Surface) -> Look:
    """What is to be known of *surface*, whose points are numbers and which has triangles with an area."""
    group = groups_at_same_place(surface)
    joined = merged(ordered(surface), group)
    if joined.edges.non_manifold_count:
        joined = same_diagonals(joined)
    edges = joined.edges
    bodies = bodies_in(joined)
    figures = InputFigures(
        triangles=len(surface.triangles),
        bodies=bodies.count,
        open_edges=edges.open_count,
        non_manifold_edges=edges.non_manifold_count,
    )
    is_clean = (
        len(joined.triangles) == len(surface.triangles)
        and is_closed(edges)
        and is_wound_alike(edges)
        and bool((bodies.volume > 0.0).all())
        and not len(flat_triangles(joined))
        and not without_specks(joined)[1]
        and not without_hidden(joined)[1]
    )
    return Look(joined, group, figures, is_clean)


def is_closed(edges: Edges) -> bool:
    """Whether each edge has exactly two triangles."""
    return bool((edges.faces == 2).all())  # noqa: PLR2004 - by definition


def is_wound_alike(edges: Edges) -> bool:
    """Whether the two triangles of each edge run along it in opposite ways, as they do on one side of a surface."""
    return bool((np.bincount(edges.of_side, weights=np.where(edges.forward, 1.0, -1.0)) == 0.0).all())
