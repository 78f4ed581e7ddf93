# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines that show what will be sent: the box, its base, its front and its pivot, in the object's own axes.

In its own axes, so that an object which only moves changes nothing here: it is drawn through another matrix.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from ..models import Refinement, Target, Vec3, vec3
from .box import box_of, corners, pivot_from_api
from .custom_box import point_of
from .linalg import IDENTITY, minus, plus, scaled

EDGES = tuple((a, b) for a, b in itertools.combinations(range(8), 2) if (a ^ b) in (1, 2, 4))
"""Pairs of corners; corner ``4 * x + 2 * y + z`` has its bits set where it lies on the high side of an axis."""

_ARROW_START, _ARROW_NECK, _ARROW_END = 0.04, 0.2, 0.3
_ARROW_HALF_WIDTH = 0.07
_PIVOT_REACH = 0.035


@dataclass(frozen=True)
class Outline:
    """In the target's own axes.

    ``front`` is a flat arrow on the base: shaft's start, its end, left barb, tip, right barb. ``pivot`` is the point as
    sent; ``pivot_marks`` are the six ends of a small cross around it, in pairs.
    """

    corners: tuple[Vec3, ...]
    front: tuple[Vec3, ...]
    pivot: Vec3
    pivot_marks: tuple[Vec3, ...]

    @property
    def base(self) -> tuple[Vec3, Vec3, Vec3, Vec3]:
        """The underside's corners, going round."""
        return (self.corners[0], self.corners[4], self.corners[6], self.corners[2])

    def filled(self, share: float) -> tuple[Vec3, ...]:
        """The corners of the part of the box that *share* (0 to 1) fills from the base up."""
        ends = zip(self.corners[::2], self.corners[1::2], strict=True)
        return tuple(corner for low, high in ends for corner in (low, plus(low, scaled(minus(high, low), share))))


def outline_of(target: Target, refinement: Refinement) -> Outline:
    """The outline of what *refinement* asks for. Raises :class:`NoSize`."""
    box = box_of(target)
    low, high = target.box_min, target.box_max
    longest_own = vec3(max(box.size) / (unit or 1.0) for unit in box.axis_scale)
    x, y, z = (low[0] + high[0]) / 2.0, low[1], low[2]

    def ahead(distance: float, aside: float) -> Vec3:
        """A point before the middle of the base's front edge; both in shares of the longest side."""
        return (x + aside * longest_own[0], y - distance * longest_own[1], z)

    sent = pivot_from_api(refinement.pivot_point or (0.0, 0.0, 0.0))
    pivot = point_of(low, high, sent, mirrored=box.mirrored)
    reach = scaled(longest_own, _PIVOT_REACH)
    arms = ((reach[0], 0.0, 0.0), (0.0, reach[1], 0.0), (0.0, 0.0, reach[2]))
    return Outline(
        corners=tuple(corners(IDENTITY, low, high)),
        front=(
            ahead(_ARROW_START, 0.0),
            ahead(_ARROW_NECK, 0.0),
            ahead(_ARROW_NECK, -_ARROW_HALF_WIDTH),
            ahead(_ARROW_END, 0.0),
            ahead(_ARROW_NECK, _ARROW_HALF_WIDTH),
        ),
        pivot=pivot,
        pivot_marks=tuple(end for arm in arms for end in (minus(pivot, arm), plus(pivot, arm))),
    )
