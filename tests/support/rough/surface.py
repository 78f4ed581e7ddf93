# SPDX-License-Identifier: GPL-3.0-or-later
"""A triangle surface with what can stand on it: the form that kinds, damages, files and measures share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

Places = np.ndarray
"""Places as an (n, 3) array of floats."""
ColorAt = Callable[[Places], np.ndarray]
"""Values at places: (n, 3) for colors, (n,) for one value."""


@dataclass(frozen=True)
class Charts:
    """Square pieces of texture: where on the surface a texel of chart *number* at (s, t) in [0, 1]² lies."""

    count: int
    place_of: Callable[[np.ndarray, np.ndarray], Places]
    """From chart numbers (n,) and (s, t) (n, 2)."""


@dataclass(frozen=True)
class Surface:
    """Triangles in counterclockwise order seen from outside.

    ``points`` (n, 3); ``triangles`` (m, 3); ``material`` (m,) numbers of materials; ``colors`` (n, 3) sRGB at the
    vertices; ``chart`` (m,) the chart of each triangle and ``spots`` (m, 3, 2) its corners there, where it is textured.
    """

    points: np.ndarray
    triangles: np.ndarray
    material: np.ndarray
    chart: np.ndarray
    spots: np.ndarray
    charts: Charts | None = None
    colors: np.ndarray | None = field(default=None)

    @staticmethod
    def of(points: np.ndarray, triangles: np.ndarray, material: int = 0) -> Surface:
        """A surface without a texture."""
        count = len(triangles)
        return Surface(
            np.asarray(points, dtype=np.float64),
            np.asarray(triangles, dtype=np.int64),
            np.full(count, material),
            np.zeros(count, dtype=np.int64),
            np.zeros((count, 3, 2)),
        )

    @property
    def diagonal(self) -> float:
        """Of its box."""
        return float(np.linalg.norm(np.ptp(self.points, axis=0)))

    def face_normals(self) -> np.ndarray:
        """(m, 3), as long as the triangles are large: twice their area."""
        a, b, c = (self.points[self.triangles[:, i]] for i in range(3))
        return np.cross(b - a, c - a)

    def vertex_normals(self) -> np.ndarray:
        """(n, 3) unit vectors, weighted by area; zero where there is no face."""
        normals = np.zeros_like(self.points)
        faces = self.face_normals()
        for corner in range(3):
            for axis in range(3):
                normals[:, axis] += np.bincount(
                    self.triangles[:, corner], weights=faces[:, axis], minlength=len(self.points)
                )
        length = np.linalg.norm(normals, axis=1, keepdims=True)
        return normals / np.where(length > 0.0, length, 1.0)

    def only(self, keep: np.ndarray) -> Surface:
        """The triangles of mask or indices *keep*; all vertices stay."""
        return replace(
            self,
            triangles=self.triangles[keep],
            material=self.material[keep],
            chart=self.chart[keep],
            spots=self.spots[keep],
        )

    def moved(self, scale: float | Sequence[float] = 1.0, by: Sequence[float] = (0.0, 0.0, 0.0)) -> Surface:
        """Scaled by positive numbers, then moved; its charts follow."""
        factor, shift = np.asarray(scale, dtype=np.float64), np.asarray(by, dtype=np.float64)
        charts = self.charts
        if charts is not None:
            inner = charts.place_of
            charts = Charts(charts.count, lambda number, spot: inner(number, spot) * factor + shift)
        return replace(self, points=self.points * factor + shift, charts=charts)


def join(parts: Sequence[Surface]) -> Surface:
    """All *parts* as one surface; the charts are numbered on."""
    counts = [part.charts.count if part.charts else 0 for part in parts]
    first_chart = np.cumsum([0, *counts])

    def place_of(number: np.ndarray, spot: np.ndarray) -> Places:
        places = np.zeros((len(number), 3))
        for part, begin, end in zip(parts, first_chart[:-1], first_chart[1:], strict=True):
            mine = (number >= begin) & (number < end)
            if part.charts is not None and mine.any():
                places[mine] = part.charts.place_of(number[mine] - begin, spot[mine])
        return places

    numbered = [replace(part, chart=part.chart + begin) for part, begin in zip(parts, first_chart, strict=False)]
    return replace(gathered(numbered), charts=Charts(int(first_chart[-1]), place_of) if first_chart[-1] else None)


def gathered(parts: Sequence[Surface]) -> Surface:
    """All *parts* as one surface, on the charts of the first: for what was made of it."""
    first_vertex = np.cumsum([0, *(len(part.points) for part in parts)])
    colors = [part.colors for part in parts if part.colors is not None]
    return Surface(
        np.concatenate([part.points for part in parts]),
        np.concatenate([part.triangles + begin for part, begin in zip(parts, first_vertex, strict=False)]),
        np.concatenate([part.material for part in parts]),
        np.concatenate([part.chart for part in parts]),
        np.concatenate([part.spots for part in parts]),
        parts[0].charts,
        np.concatenate(colors) if len(colors) == len(parts) else None,
    )
