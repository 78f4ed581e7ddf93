# SPDX-License-Identifier: GPL-3.0-or-later
"""Which texels the triangles of a UV map cover, row by row, and values interpolated over them.

A triangle is cut into spans: runs of texels in one row whose centers it holds. There are far fewer spans than texels,
so that all per-triangle arithmetic is done on spans, and a texel costs one multiplication and one addition.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]


@dataclass(frozen=True)
class Spans:
    """Runs of texels, ordered by triangle. Each array has one value a span.

    ``triangle`` is whose span it is; ``row`` counts from the bottom, ``column`` is that of the first texel, ``count``
    how many texels there are. ``start`` and ``end`` (s, 3) are the weights of the corners at the first and last texel.
    """

    triangle: Ints
    row: Ints
    column: Ints
    count: Ints
    start: Floats
    end: Floats

    def texels(self, size: int) -> Ints:
        """(n,) positions row * *size* + column of all texels, in order."""
        return np.repeat(self.row * size + self.column, self.count) + self._offsets()

    def triangles(self) -> Ints:
        """(n,) the triangle of each texel."""
        return np.repeat(self.triangle, self.count)

    def interpolated(self, values: Floats) -> Floats:
        """(n, k) *values* (t, 3, k) of the corners of all triangles, at each texel."""
        corners = values[self.triangle]
        start = np.einsum("sc,sck->sk", self.start, corners)
        step = np.einsum("sc,sck->sk", self.end, corners) - start
        step /= np.maximum(self.count - 1, 1)[:, None]
        result = np.repeat(step.astype(np.float32), self.count, axis=0)
        result *= self._offsets().astype(np.float32)[:, None]
        result += np.repeat(start.astype(np.float32), self.count, axis=0)
        return result

    def _offsets(self) -> Ints:
        before = np.cumsum(self.count) - self.count
        return np.arange(self.count.sum(), dtype=np.int32) - np.repeat(before.astype(np.int32), self.count)


def rasterize_in_parts(corners: Floats, size: int, texels: int) -> Iterator[Spans]:
    """What :func:`rasterize` gives, in parts of about *texels* texels, which bounds the memory that is needed."""
    b, c = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    rows = np.ptp(corners[..., 1], axis=1) * size + 1.0
    done = np.cumsum(np.abs(b[:, 0] * c[:, 1] - b[:, 1] * c[:, 0]) * (size * size / 2.0) + rows)
    first = 0
    while first < len(done):
        before = float(done[first - 1]) if first else 0.0
        last = max(first + 1, int(np.searchsorted(done, before + texels, "right")))
        spans = rasterize(corners[first:last].astype(np.float64), size)
        yield replace(spans, triangle=spans.triangle + np.int32(first))
        first = last


def rasterize(corners: NDArray[np.float64], size: int) -> Spans:
    """The texels whose centers lie in the triangles with *corners* (t, 3, 2), in UV units; v goes up.

    A texel on an edge that two triangles share belongs to one of them. *size* is the side of the image in texels.
    """
    pixels = corners * size
    order = np.argsort(pixels[..., 1], axis=1, kind="stable")
    low, middle, high = (np.take_along_axis(pixels, order[:, k, None, None], axis=1)[:, 0] for k in range(3))
    first = np.clip(np.ceil(low[:, 1] - 0.5), 0, size).astype(np.int64)
    rows = np.maximum(np.clip(np.ceil(high[:, 1] - 0.5), 0, size).astype(np.int64) - first, 0)
    owner = np.repeat(np.arange(len(pixels)), rows)
    row: NDArray[Any] = np.arange(len(owner)) - np.repeat(np.cumsum(rows) - rows, rows) + first[owner]
    center = row + 0.5
    long = _crossing(low[owner], high[owner], center)
    is_below = center < middle[owner, 1]
    short = _crossing(
        np.where(is_below[:, None], low[owner], middle[owner]),
        np.where(is_below[:, None], middle[owner], high[owner]),
        center,
    )
    column: NDArray[Any] = np.clip(np.ceil(np.minimum(long, short) - 0.5), 0, size).astype(np.int64)
    count: NDArray[Any] = np.clip(np.ceil(np.maximum(long, short) - 0.5), 0, size).astype(np.int64) - column
    kept = np.flatnonzero(count > 0)
    triangle, row, column, count = (array[kept].astype(np.int32) for array in (owner, row, column, count))
    start = _weights(pixels[triangle], column + 0.5, row + 0.5)
    end = _weights(pixels[triangle], column + count - 0.5, row + 0.5)
    return Spans(triangle, row, column, count, start, end)


def _crossing(start: NDArray[np.float64], end: NDArray[np.float64], height: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where edges are at *height*; the same whichever triangle asks, since *start* is always the lower end."""
    rise = end[:, 1] - start[:, 1]
    share = (height - start[:, 1]) / np.where(rise == 0.0, 1.0, rise)
    return np.asarray(start[:, 0] + share * (end[:, 0] - start[:, 0]))


def _weights(corners: NDArray[np.float64], x: NDArray[Any], y: NDArray[Any]) -> Floats:
    """(s, 3) barycentric weights of points, inside the triangle whatever rounding does."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (c[:, 0] - a[:, 0]) * (b[:, 1] - a[:, 1])
    area = np.where(area == 0.0, 1.0, area)
    of_b = ((x - a[:, 0]) * (c[:, 1] - a[:, 1]) - (c[:, 0] - a[:, 0]) * (y - a[:, 1])) / area
    of_c = ((b[:, 0] - a[:, 0]) * (y - a[:, 1]) - (x - a[:, 0]) * (b[:, 1] - a[:, 1])) / area
    weights = np.clip(np.stack([1.0 - of_b - of_c, of_b, of_c], axis=1), 0.0, 1.0)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights.astype(np.float32)
