# SPDX-License-Identifier: GPL-3.0-or-later
"""Closed surfaces of a field, by marching tetrahedra: dense and uneven, like what generators deliver."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rough.surface import Surface

Field = Callable[[np.ndarray], np.ndarray]
"""From places (n, 3) to values (n,), below 0 inside."""
_CORNERS = np.array([(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)])
_TETRAHEDRA = ((0, 1, 3, 7), (0, 3, 2, 7), (0, 2, 6, 7), (0, 6, 4, 7), (0, 4, 5, 7), (0, 5, 1, 7))
"""Six around the diagonal of a cube, all of the same handedness; neighbors' faces meet."""
_NEAREST = 0.12
"""No vertex comes nearer to a grid point than this share of an edge, so that no triangle has zero area."""


def field_surface(field: Field, low: float, high: float, triangles: int) -> Surface:
    """The surface of *field* in the cube from *low* to *high*, with about that many triangles."""
    trial = _marched(field, low, high, 32)
    cells = max(8, round(32 * (triangles / len(trial.triangles)) ** 0.5))
    return _marched(field, low, high, cells)


def _marched(field: Field, low: float, high: float, cells: int) -> Surface:
    side = cells + 1
    line = np.linspace(low, high, side)
    values = np.empty((side, side, side), dtype=np.float32)
    y, z = (part.ravel() for part in np.meshgrid(line, line, indexing="ij"))
    for i, x in enumerate(line):
        values[i] = field(np.stack([np.full_like(y, x), y, z], axis=1)).reshape(side, side)
    inside = values < 0.0
    edges = [inside[0], inside[-1], inside[:, 0], inside[:, -1], inside[:, :, 0], inside[:, :, -1]]
    assert not any(edge.any() for edge in edges), "the surface leaves its cube"
    strides = np.array([side * side, side, 1])
    some = np.zeros((cells,) * 3, dtype=np.int8)
    for dx, dy, dz in _CORNERS:
        some += inside[dx : dx + cells, dy : dy + cells, dz : dz + cells]
    cubes = np.argwhere((some > 0) & (some < 8)) @ strides
    inside_of, value_of = inside.ravel(), values.ravel()
    corner_pairs = [_cut(cubes[:, None] + (_CORNERS @ strides)[list(four)][None], inside_of) for four in _TETRAHEDRA]
    pairs = np.concatenate(corner_pairs)  # (m, 3, 2): each vertex lies on the edge between two grid points
    key, triangles = np.unique(pairs.min(axis=2) * side**3 + pairs.max(axis=2), return_inverse=True)
    a, b = key // side**3, key % side**3
    share = np.clip(value_of[a] / (value_of[a] - value_of[b]), _NEAREST, 1.0 - _NEAREST).astype(np.float64)

    def place(index: np.ndarray) -> np.ndarray:
        return np.stack([line[index // strides[0]], line[index // side % side], line[index % side]], axis=1)

    start = place(a)
    return Surface.of(start + share[:, None] * (place(b) - start), triangles.reshape(-1, 3))


def _cut(tetrahedra: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """The triangles in these tetrahedra (n, 4), each corner as the two grid points it lies between: (m, 3, 2)."""
    state = inside[tetrahedra] @ np.array([1, 2, 4, 8])
    found = []
    for case in range(1, 15):
        rows = tetrahedra[state == case]
        if not len(rows):
            continue
        within = [i for i in range(4) if case >> i & 1]
        without = [i for i in range(4) if not case >> i & 1]
        if len(within) == 2:
            a, b, c, d = ((within[0], without[0]), (within[0], without[1]), (within[1], without[1]),
                          (within[1], without[0]))  # fmt: skip
            corners = [(a, b, c), (a, c, d)]
            even = _even([*within, *without])
        else:
            single, three = (within, without) if len(within) == 1 else (without, within)
            corners = [tuple((single[0], other) for other in three)]
            even = _even([*single, *three]) == (len(within) == 1)
        for corner in corners:
            ordered = corner[::-1] if even else corner
            found.append(np.stack([rows[:, list(pair)] for pair in ordered], axis=1))
    return np.concatenate(found) if found else np.zeros((0, 3, 2), dtype=np.int64)


def _even(order: list[int]) -> bool:
    return sum(order[i] > order[j] for i in range(4) for j in range(i + 1, 4)) % 2 == 0
