# SPDX-License-Identifier: GPL-3.0-or-later
"""The bodies of a surface, and which of them matter: specks and what is hidden inside another one do not."""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np
from numpy.typing import NDArray

from .arrays import Indices, Mask, Points, order_of
from .nearest import nearest_on
from .surface import Surface, mesh_of

SPECK = 0.02
"""A body whose diagonal is below this share of the whole one's is a speck, unless all are."""
FURNITURE = 0.8
"""What is in a room is smaller than this share of it."""
INSIDE = 0.95
"""A body is inside another one if at least this share of the points looked at is."""
_LOOKED_AT, _ROOMS = 64, 12
_CANDIDATES, _CONTAINERS = 2_000, 200
"""So many bodies, the largest ones, are looked at whether others may lie in them, and so many of those are asked."""


@dataclass(frozen=True)
class Bodies:
    """``label`` (m,) says for each triangle which body it belongs to; the rest is one row a body.

    ``low`` and ``high`` (b, 3) are the corners of their boxes, ``area`` (b,), and ``volume`` (b,) what they enclose:
    negative if they are wound inward, of no meaning where they are open.
    """

    label: Indices
    low: Points
    high: Points
    area: NDArray[np.float64]
    volume: NDArray[np.float64]

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.area)

    @property
    def diagonal(self) -> NDArray[np.float64]:
        """The diagonals of their boxes, (b,)."""
        return np.asarray(np.linalg.norm(self.high - self.low, axis=1))


def bodies_in(surface: Surface) -> Bodies:
    """The bodies of *surface*: triangles that share a point are in one."""
    label = surface.body
    count = int(label.max(initial=-1)) + 1
    if not count:
        return Bodies(label, np.zeros((0, 3)), np.zeros((0, 3)), np.zeros(0), np.zeros(0))
    points, owner = _points_by_body(surface)
    starts = np.searchsorted(owner, np.arange(count))
    low = np.minimum.reduceat(surface.points[points], starts)
    high = np.maximum.reduceat(surface.points[points], starts)
    area = np.bincount(label, weights=surface.areas(), minlength=count).astype(np.float64)
    # From each body's own corner: far from the origin, the sum would lose its digits.
    a, b, c = (corner - low[label] for corner in surface.corners())
    sixfold = np.einsum("ij,ij->i", a, np.cross(b, c))
    return Bodies(label, low, high, area, np.bincount(label, weights=sixfold, minlength=count) / 6.0)


def _points_by_body(surface: Surface) -> tuple[Indices, Indices]:
    """The points that triangles use, body by body, and the body of each."""
    of_point = np.zeros(len(surface.points), dtype=np.int64)
    of_point[surface.triangles.ravel()] = np.repeat(surface.body, 3)
    of_point = of_point[surface.used]
    order = order_of(of_point) if of_point.any() else np.arange(len(of_point))
    return surface.used[order], of_point[order]


def without_specks(surface: Surface) -> tuple[Surface, int]:
    """*surface* without bodies that are specks, and how many those were."""
    bodies = bodies_in(surface)
    matters = bodies.diagonal >= SPECK * surface.diagonal
    if matters.all() or not matters.any():
        return surface, 0
    return surface.kept(matters[bodies.label]), int((~matters).sum())


def rooms_in(surface: Surface) -> Mask:
    """Which bodies (b,) of *surface*, of closed ones, are rooms: wound inward, around smaller ones wound outward.

    What is in them is seen from inside. Inner shells are not smaller by much.
    """
    bodies = bodies_in(surface)
    rooms = np.zeros(bodies.count, dtype=bool)
    for body in np.flatnonzero(bodies.volume < 0.0)[:_ROOMS]:
        within = (bodies.low >= bodies.low[body]).all(axis=1) & (bodies.high <= bodies.high[body]).all(axis=1)
        within &= (bodies.volume > 0.0) & (bodies.diagonal < FURNITURE * bodies.diagonal[body])
        rooms[body] = bodies.area[within].sum() > SPECK * bodies.area[body]
    return rooms


def turned_outward(surface: Surface, rooms: Mask | None = None) -> Surface:
    """*surface* with each closed body that is wound inward turned over; open ones keep their way, and *rooms* (b,)."""
    bodies = bodies_in(surface)
    inward = bodies.volume < 0.0
    if rooms is not None:
        inward &= ~rooms
    if not inward.any():
        return surface
    edges = surface.edges
    open_sides = np.flatnonzero(edges.faces[edges.of_side] == 1)
    inward[bodies.label[open_sides // 3]] = False
    turning = inward[bodies.label]
    triangles = surface.triangles.copy()
    triangles[turning] = triangles[turning][:, ::-1]
    return Surface(surface.points, triangles)


def without_hidden(surface: Surface, rooms: Mask | None = None) -> tuple[Surface, int]:
    """*surface*, of closed bodies, without those that lie inside another one, and how many those were.

    What lies in one of *rooms* (b,) can be seen.
    """
    bodies = bodies_in(surface)
    hidden = np.zeros(bodies.count, dtype=bool)
    volume = np.abs(bodies.volume)
    samples: tuple[Points, Indices] | None = None
    asked = 0
    for container in np.argsort(-volume, kind="stable")[:_CANDIDATES]:
        if hidden[container] or (rooms is not None and rooms[container]):
            continue
        within = (bodies.low >= bodies.low[container]).all(axis=1) & (bodies.high <= bodies.high[container]).all(axis=1)
        within &= ~hidden & (volume < volume[container])
        within[container] = False
        if within.any():
            samples = samples or _samples(surface, bodies)
            chosen = within[samples[1]]
            inside = _inside(surface.kept(bodies.label == container), samples[0][chosen], samples[1][chosen])
            hidden[inside] = True
            asked += 1
            if asked == _CONTAINERS:
                break
    return (surface.kept(~hidden[bodies.label]), int(hidden.sum())) if hidden.any() else (surface, 0)


def _samples(surface: Surface, bodies: Bodies) -> tuple[Points, Indices]:
    """A few of the points of each body, and which body each is of."""
    points, owner = _points_by_body(surface)
    step = np.maximum(np.bincount(owner, minlength=bodies.count) // _LOOKED_AT, 1)
    number = np.arange(len(owner)) - np.searchsorted(owner, np.arange(bodies.count))[owner]
    chosen = number % step[owner] == 0
    return surface.points[points[chosen]], owner[chosen]


def _inside(container: Surface, places: Points, owner: Indices) -> Indices:
    """Which bodies lie inside *container*, a closed one: their points are behind its nearest faces.

    *places* (k, 3) are points of bodies, *owner* (k,) says of which.
    """
    mesh = mesh_of(container, "CSM container")
    try:
        found = nearest_on(mesh, places)
    finally:
        bpy.data.meshes.remove(mesh)
    outward = np.sign(bodies_in(container).volume[0])
    behind = np.einsum("ij,ij->i", found.places - places, found.normals) * outward > 0.0
    count = np.bincount(owner)
    return np.flatnonzero((count > 0) & (np.bincount(owner, weights=behind) >= INSIDE * count))
