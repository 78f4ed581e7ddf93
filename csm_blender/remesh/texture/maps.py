# SPDX-License-Identifier: GPL-3.0-or-later
"""The maps while they are baked: bytes of each texel, and whether a channel is the same everywhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..material.images import to_srgb
from ..material.mesh_data import Floats, Ints

_SAME = 1.0 / 255.0


class Map:
    """One map of *size* x *size* texels with *channels* numbers each, from 0 to 1."""

    def __init__(self, size: int, channels: int, *, is_color: bool = False, fixed: Floats | None = None) -> None:
        """With *is_color* the first three are stored with the sRGB curve.

        *fixed* (channels,) is what the map is known to be everywhere: then it has no texels, and nothing is written.
        """
        self.fixed = fixed
        texels = size * size if fixed is None else 0
        self.pixels: NDArray[np.uint8] = np.zeros((texels, channels), dtype=np.uint8)
        self._is_color = is_color
        self._low = np.full(channels, np.inf, dtype=np.float32)
        self._high = np.full(channels, -np.inf, dtype=np.float32)
        self._sum = np.zeros(channels, dtype=np.float64)
        self._count = 0

    def write(self, texels: Ints, values: Floats) -> None:
        """Set *texels* (n,) to *values* (n, k), linear ones of a color."""
        values = np.clip(values, 0.0, 1.0)
        for channel, column in enumerate(values.T):  # a reduction over rows this narrow is ten times slower
            self._low[channel] = min(self._low[channel], column.min())
            self._high[channel] = max(self._high[channel], column.max())
            self._sum[channel] += column.sum(dtype=np.float64)
        self._count += len(values)
        if self._is_color:
            values[:, :3] = to_srgb(values[:, :3])
        values *= np.float32(255.0)
        values += np.float32(0.5)
        self.pixels[texels] = values.astype(np.uint8)

    def spread(self, targets: Ints, sources: Ints, rest: NDArray[np.bool_]) -> None:
        """Give *targets* the values of *sources* (m,), and *rest* (size * size) the average."""
        self.pixels[targets] = self.pixels[sources]
        mean = self.mean()
        if self._is_color:
            mean[:3] = to_srgb(mean[None, :3])[0]
        self.pixels[rest] = np.rint(mean * 255.0).astype(np.uint8)

    def mean(self) -> Floats:
        """(k,) the average, linear."""
        if self.fixed is not None:
            return self.fixed.copy()
        return (self._sum / max(self._count, 1)).astype(np.float32)

    def varies(self) -> bool:
        """Whether any channel differs from place to place by more than a step."""
        return bool(self._count and (self._high - self._low).max() > _SAME)
