# SPDX-License-Identifier: GPL-3.0-or-later
"""Which texel an empty one takes its value from: margins around islands, and gaps in them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]


def nearest_filled(
    filled: NDArray[np.bool_], wanted: NDArray[np.bool_] | None = None, steps: int = 0
) -> tuple[Ints, Ints]:
    """Empty texels, and for each the filled one it takes its value from; both as row * width + column.

    *filled* and *wanted* (h, w): only *wanted* texels are given a value, all empty ones where it is ``None``. Values
    spread one texel a step, at most *steps* of them (0: until nothing is left), alternately to 4 and to 8 neighbors,
    which keeps distances nearly round.
    """
    height, width = filled.shape
    open_ = np.zeros((height + 2, width + 2), dtype=bool)  # with a border, so that neighbors need no checks
    open_[1:-1, 1:-1] = ~filled if wanted is None else ~filled & wanted
    stride = width + 2
    seen = np.zeros_like(open_)
    seen[1:-1, 1:-1] = filled
    open_flat = open_.ravel()
    source = np.zeros(open_flat.shape, dtype=np.int32)
    edge = _beside(open_, seen)
    source[edge] = edge
    straight = (1, -1, stride, -stride)
    diagonal = (stride + 1, stride - 1, -stride + 1, -stride - 1)
    targets: list[Ints] = []
    step = 0
    while len(edge) and (step < steps or not steps):
        found: list[Ints] = []
        for offset in straight + (diagonal if step % 2 else ()):
            places = edge + np.int32(offset)
            is_new = open_flat[places]
            places = places[is_new]
            source[places] = source[edge[is_new]]
            open_flat[places] = False
            found.append(places)
        edge = np.concatenate(found)
        targets.append(edge)
        step += 1
    padded = np.concatenate(targets) if targets else np.zeros(0, dtype=np.int32)

    def unpadded(places: Ints) -> Ints:
        flat: Ints = ((places // stride - 1) * width + places % stride - 1).astype(np.int32)
        return flat

    return unpadded(padded), unpadded(source[padded])


def _beside(open_: NDArray[np.bool_], seen: NDArray[np.bool_]) -> Ints:
    """Filled texels with an open one among their 8 neighbors."""
    near = np.zeros_like(open_)
    near[1:-1] = open_[:-2] | open_[2:] | open_[1:-1]
    wide = near.copy()
    wide[:, 1:-1] |= near[:, :-2] | near[:, 2:]
    return np.flatnonzero(wide & seen).astype(np.int32)
