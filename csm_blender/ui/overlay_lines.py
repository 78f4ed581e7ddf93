# SPDX-License-Identifier: GPL-3.0-or-later
"""Outlines as the graphics card draws them. Nothing here knows what they are of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gpu as _gpu
from gpu_extras.batch import batch_for_shader

from ..core.models import Vec3
from ..core.outline import EDGES, Outline

gpu: Any = _gpu  # its stubs say that every call returns None
_COLOR = (0.16, 0.74, 0.98)
_BASE_EDGES = tuple((a, b) for a, b in EDGES if not (a & 1 or b & 1))
_OTHER_EDGES = tuple(edge for edge in EDGES if edge not in _BASE_EDGES)
_SIDES = ((0, 4, 5, 1), (4, 6, 7, 5), (6, 2, 3, 7), (2, 0, 1, 3), (1, 5, 7, 3))
"""The faces of a filled part, without the underside."""

_IN_FRONT = 2e-4
"""How far, in depth, lines are drawn before what they touch: a block-out's own edges would flicker through them."""


class Drawing:
    """The batches of some outlines, made once and drawn for as long as nothing changes."""

    def __init__(self, outlines: Sequence[Outline], shares: Sequence[float | None]) -> None:
        """A share of ``None`` is no fill; others (0 to 1) fill the box from the base up."""
        self._line_shader: Any = gpu.shader.from_builtin("POLYLINE_UNIFORM_COLOR")
        self._fill_shader: Any = gpu.shader.from_builtin("UNIFORM_COLOR")
        thin: list[Vec3] = []
        thick: list[Vec3] = []
        faint: list[Vec3] = []
        full: list[Vec3] = []
        for outline, share in zip(outlines, shares, strict=True):
            thin += [outline.corners[index] for edge in _OTHER_EDGES for index in edge]
            thick += [outline.corners[index] for edge in _BASE_EDGES for index in edge]
            thick += [*outline.front[:2], *outline.pivot_marks]
            full += outline.front[2:]
            if share is None:
                faint += _quad(outline.base)
            else:
                filled = outline.filled(share)
                for side in _SIDES:
                    faint += _quad([filled[index] for index in side])
        self._all = self._lines([*thin, *thick])
        self._thin = self._lines(thin)
        self._thick = self._lines(thick)
        self._faint = batch_for_shader(self._fill_shader, "TRIS", {"pos": faint})
        self._full = batch_for_shader(self._fill_shader, "TRIS", {"pos": full})

    def draw(self, scale: float) -> None:
        """Draw them in the viewport at hand; *scale* is that of the user interface."""
        state = gpu.state
        projection = gpu.matrix.get_projection_matrix()
        nearer = projection.copy()
        nearer[2] = projection[2] - projection[3] * _IN_FRONT
        gpu.matrix.push_projection()
        gpu.matrix.load_projection_matrix(nearer)
        state.blend_set("ALPHA")
        state.depth_mask_set(False)
        try:
            self._fill_shader.bind()
            self._draw(self._fill_shader, self._faint, 0.14)
            self._draw(self._fill_shader, self._full, 0.7)
            self._line_shader.bind()
            self._line_shader.uniform_float("viewportSize", state.viewport_get()[2:])
            self._line_shader.uniform_float("lineWidth", 1.5 * scale)
            self._draw(self._line_shader, self._all, 0.28)  # what is behind something shows through
            state.depth_test_set("LESS_EQUAL")
            self._draw(self._line_shader, self._thin, 0.85)
            self._line_shader.uniform_float("lineWidth", 2.5 * scale)
            self._draw(self._line_shader, self._thick, 0.85)
        finally:
            gpu.matrix.pop_projection()
            state.depth_test_set("NONE")
            state.blend_set("NONE")

    def _lines(self, points: Sequence[Vec3]) -> Any:
        return batch_for_shader(self._line_shader, "LINES", {"pos": points})

    @staticmethod
    def _draw(shader: Any, batch: Any, alpha: float) -> None:
        shader.uniform_float("color", (*_COLOR, alpha))
        batch.draw(shader)


def _quad(corners: Sequence[Vec3]) -> list[Vec3]:
    a, b, c, d = corners
    return [a, b, c, a, c, d]
