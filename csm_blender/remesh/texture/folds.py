# SPDX-License-Identifier: GPL-3.0-or-later
"""Find where a chart lies over itself, as the turns of a spiral do, and part it into layers that do not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..material.mesh_data import Ints
from .charts import Faces
from .raster import rasterize

_LAYERS = 63


def fold_layers(faces: Faces, polygons: Ints, corners: NDArray[np.float64], chart: Ints, size: int) -> Ints | None:
    """(f,) a layer for each face such that the faces of one layer of a chart do not overlap; ``None`` if none do.

    *corners* (t, 3, 2) of the triangles in UV units, *polygons* (t,) whose triangles they are, *chart* (f,). Charts do
    not overlap each other. Looked at is whether texels of a *size* x *size* grid belong to two faces. A face is in the
    layer of the neighbor it was reached from, if it can be.
    """
    spans = rasterize(corners, size)
    texels = spans.texels(size)
    owner = polygons[spans.triangles()]
    uses = np.bincount(texels, minlength=size * size)
    shared = uses[texels] > 1
    if not shared.any():
        return None
    is_folded = np.zeros(len(chart), dtype=bool)
    is_folded[owner[shared]] = True
    chosen = is_folded[owner]
    texels, owner = texels[chosen], owner[chosen]
    order = np.argsort(owner, kind="stable")
    texels = texels[order]
    ends = np.cumsum(np.bincount(owner, minlength=len(chart)))
    taken = np.zeros(size * size, dtype=np.int64)
    layer = np.zeros(len(chart), dtype=np.int32)
    for face, reached_from in _walk(faces, chart, is_folded):
        own = texels[ends[face - 1] if face else 0 : ends[face]]
        used = int(np.bitwise_or.reduce(taken[own])) if len(own) else 0
        wish = int(layer[reached_from]) if reached_from >= 0 else 0
        if used >> wish & 1:
            wish = next((each for each in range(_LAYERS) if not used >> each & 1), _LAYERS - 1)
        layer[face] = wish
        taken[own] |= 1 << wish
    return layer if layer.any() else None


def _walk(faces: Faces, chart: Ints, is_folded: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The folded faces, from neighbor to neighbor in a chart, each with the one it is reached from (-1: none)."""
    first, second = faces.pairs.T
    pairs = faces.pairs[(chart[first] == chart[second]) & is_folded[first] & is_folded[second]]
    both = np.concatenate([pairs, pairs[:, ::-1]])
    both = both[np.lexsort((both[:, 1], both[:, 0]))]
    ends = np.cumsum(np.bincount(both[:, 0], minlength=len(chart)))
    seen = np.zeros(len(chart), dtype=bool)
    walked: list[tuple[int, int]] = []
    for start in np.flatnonzero(is_folded):
        if seen[start]:
            continue
        seen[start] = True
        first = len(walked)
        walked.append((int(start), -1))
        while first < len(walked):
            face = walked[first][0]
            first += 1
            for near in both[ends[face - 1] if face else 0 : ends[face], 1]:
                if not seen[near]:
                    seen[near] = True
                    walked.append((int(near), face))
    return walked
