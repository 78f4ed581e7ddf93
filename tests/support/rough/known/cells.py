# SPDX-License-Identifier: GPL-3.0-or-later
"""Closed surfaces with sharp edges and any density: the boundary of filled cells of a grid, bent by a map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from rough.surface import Charts, Surface

Bend = Callable[[np.ndarray], np.ndarray]
"""From places in the grid (n, 3) to places in space; it must keep the handedness."""


@dataclass(frozen=True)
class Cells:
    """A grid of cells between ``lines`` (three rising sequences), of which ``filled`` are solid.

    ``bend`` maps the grid into space. Axis ``ring`` closes upon itself (its last line is its first). Two filled cells
    may not touch at an edge or a corner alone: such an edge would have four faces.
    """

    lines: tuple[Sequence[float], Sequence[float], Sequence[float]]
    filled: np.ndarray
    bend: Bend = np.asarray
    ring: int | None = None
    material: int = 0

    def surface(self, triangles: int) -> Surface:
        """The boundary with about that many triangles, never fewer than two a cell face."""
        faces = self._faces()
        spacing = self._spacing(faces, triangles)
        return self._meshed(faces, self._steps(spacing))

    def _faces(self) -> list[tuple[int, int, tuple[int, int, int]]]:
        """Between filled and empty: axis, whether the solid ends (1) or begins (-1) there, the index of the cell."""
        found = []
        for axis in range(3):
            before = np.roll(self.filled, 1, axis)
            if axis != self.ring:
                edge = [slice(None)] * 3
                edge[axis] = slice(0, 1)
                before[tuple(edge)] = False
            after = np.roll(self.filled, -1, axis)
            if axis != self.ring:
                edge[axis] = slice(-1, None)
                after[tuple(edge)] = False
            for sign, other in ((-1, before), (1, after)):
                found += [(axis, sign, tuple(map(int, cell))) for cell in np.argwhere(self.filled & ~other)]
        return found

    def _lengths(self) -> list[np.ndarray]:
        """For each axis the length in space of each of its intervals, the longest of any filled cell."""
        lengths = []
        for axis in range(3):
            longest = np.zeros(self.filled.shape[axis])
            for cell in np.argwhere(self.filled):
                low = np.array([self.lines[a][cell[a]] for a in range(3)])
                high = np.array([self.lines[a][cell[a] + 1] for a in range(3)])
                for corner in range(4):
                    a = low.copy()
                    others = [other for other in range(3) if other != axis]
                    for bit, other in enumerate(others):
                        a[other] = (low, high)[corner >> bit & 1][other]
                    run = np.repeat(a[None], 9, axis=0)
                    run[:, axis] = np.linspace(low[axis], high[axis], 9)
                    bent = self.bend(run)
                    length = np.linalg.norm(np.diff(bent, axis=0), axis=1).sum()
                    longest[cell[axis]] = max(longest[cell[axis]], length)
            lengths.append(longest)
        return lengths

    def _spacing(self, faces: list, triangles: int) -> list[np.ndarray]:
        """Steps for each interval of each axis so that the faces have about *triangles* triangles."""
        lengths = self._lengths()
        low, high = 1e-5, 10.0
        for _ in range(40):
            middle = (low * high) ** 0.5
            steps = [np.maximum(1, np.rint(length / middle)).astype(int) for length in lengths]
            count = 0
            for axis, _sign, cell in faces:
                b, c = ((axis + 1) % 3, (axis + 2) % 3)
                count += 2 * int(steps[b][cell[b]]) * int(steps[c][cell[c]])
            low, high = (middle, high) if count > triangles else (low, middle)
        return [np.maximum(1, np.rint(length / high)).astype(int) for length in lengths]

    def _steps(self, steps: list[np.ndarray]) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """For each axis: the first lattice index of each interval, and the coordinate of each lattice index."""
        firsts, values = [], []
        for axis in range(3):
            firsts.append(np.concatenate([[0], np.cumsum(steps[axis])]))
            line = np.asarray(self.lines[axis], dtype=np.float64)
            pieces = [
                np.linspace(a, b, n, endpoint=False) for a, b, n in zip(line, line[1:], steps[axis], strict=False)
            ]
            values.append(np.concatenate([*pieces, line[-1:]]))
        return firsts, values

    def _meshed(self, faces: list, steps: tuple[list[np.ndarray], list[np.ndarray]]) -> Surface:
        firsts, values = steps
        sizes = [len(value) for value in values]
        corners, charts, spots, frames = [], [], [], []
        for number, (axis, sign, cell) in enumerate(faces):
            b, c = ((axis + 1) % 3, (axis + 2) % 3)
            i = firsts[b][cell[b]] + np.arange(firsts[b][cell[b] + 1] - firsts[b][cell[b]] + 1)
            j = firsts[c][cell[c]] + np.arange(firsts[c][cell[c] + 1] - firsts[c][cell[c]] + 1)
            level = firsts[axis][cell[axis] + (sign > 0)]
            index = [None, None, None]
            index[axis], index[b], index[c] = np.array([[level]]), i[:, None], j[None, :]
            if self.ring is not None:
                index[self.ring] = index[self.ring] % (sizes[self.ring] - 1)
            lattice = (index[0] * sizes[1] + index[1]) * sizes[2] + index[2]
            lattice = np.broadcast_to(lattice, (len(i), len(j)))
            s, t = np.meshgrid(np.linspace(0, 1, len(i)), np.linspace(0, 1, len(j)), indexing="ij")
            quad = [lattice[:-1, :-1], lattice[1:, :-1], lattice[1:, 1:], lattice[:-1, 1:]]
            both = np.stack([s, t], axis=-1)
            spot = [both[:-1, :-1], both[1:, :-1], both[1:, 1:], both[:-1, 1:]]
            order = ((0, 1, 2), (0, 2, 3)) if sign > 0 else ((0, 2, 1), (0, 3, 2))
            for three in order:
                corners.append(np.stack([quad[k].ravel() for k in three], axis=1))
                spots.append(np.stack([spot[k].reshape(-1, 2) for k in three], axis=1))
                charts.append(np.full(quad[0].size, number))
            frames.append(self._frame(axis, sign, cell))
        lattice_ids, triangles = np.unique(np.concatenate(corners), return_inverse=True)
        triangles = triangles.reshape(-1, 3)
        k = lattice_ids % sizes[2]
        j = lattice_ids // sizes[2] % sizes[1]
        i = lattice_ids // (sizes[1] * sizes[2])
        grid = np.stack([values[0][i], values[1][j], values[2][k]], axis=1)
        origin, along, across = (np.array(part) for part in zip(*frames, strict=True))

        def place_of(number: np.ndarray, spot: np.ndarray) -> np.ndarray:
            return self.bend(origin[number] + spot[:, :1] * along[number] + spot[:, 1:] * across[number])

        count = len(triangles)
        return Surface(
            self.bend(grid),
            triangles,
            np.full(count, self.material),
            np.concatenate(charts),
            np.concatenate(spots),
            Charts(len(faces), place_of),
        )

    def _frame(self, axis: int, sign: int, cell: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        low = np.array([self.lines[a][cell[a]] for a in range(3)], dtype=np.float64)
        high = np.array([self.lines[a][cell[a] + 1] for a in range(3)], dtype=np.float64)
        if sign > 0:
            low[axis] = high[axis]
        unit = np.eye(3)
        b, c = ((axis + 1) % 3, (axis + 2) % 3)
        return low, unit[b] * (high - low)[b], unit[c] * (high - low)[c]


def one_cell(low: Sequence[float], high: Sequence[float], bend: Bend = np.asarray, material: int = 0) -> Cells:
    """A single cell from *low* to *high*."""
    x, y, z = ((float(a), float(b)) for a, b in zip(low, high, strict=True))
    return Cells((x, y, z), np.ones((1, 1, 1), dtype=bool), bend, material=material)
