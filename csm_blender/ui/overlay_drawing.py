# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw outlines with the graphics card."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gpu as _gpu
from gpu_extras.batch import batch_for_shader

from ..core.geometry.outline import EDGES, Outline
from ..core.models import Vec3
from ..scene.blender.runtime import Part, part

gpu: Any = _gpu  # its stubs say that every call returns None
COLOR = (0.16, 0.74, 0.98)
_WIDTH = 2.0
"""Pixels at a user interface of scale 1."""

_BASE_EDGES = tuple((a, b) for a, b in EDGES if not (a & 1 or b & 1))
_OTHER_EDGES = tuple(edge for edge in EDGES if edge not in _BASE_EDGES)
_SIDES = ((0, 4, 5, 1), (4, 6, 7, 5), (6, 2, 3, 7), (2, 0, 1, 3), (1, 5, 7, 3))
"""The faces of a filled part, without the underside."""

_IN_FRONT = 2e-4
"""Lines are drawn this much nearer, in depth: else the block-out's own edges would flicker through them."""


class Drawing:
    """The batches of one outline, made once and drawn for as long as only its matrix changes."""

    def __init__(self, outline: Outline, share: float | None) -> None:
        """A *share* from 0 to 1 fills the box from the base up; ``None`` does not fill it."""
        thin = [outline.corners[index] for edge in _OTHER_EDGES for index in edge]
        bold = [outline.corners[index] for edge in _BASE_EDGES for index in edge]
        bold += [*outline.front[:2], *outline.pivot_marks]
        if share is None:
            faint = _quad(outline.base)
        else:
            filled = outline.filled(share)
            faint = [point for side in _SIDES for point in _quad([filled[index] for index in side])]
        head = outline.front[2:]
        shaders = part(Shaders)
        lines = [*thin, *bold]
        self.faces: Any = _batch(shaders.faces, "TRIS", [*faint, *head], [0.14] * len(faint) + [0.7] * len(head))
        self.behind: Any = _batch(shaders.lines, "LINES", lines, [0.28] * len(lines))
        self.before: Any = _batch(shaders.lines, "LINES", lines, [0.6] * len(thin) + [1.0] * len(bold))


def draw_all(pairs: Sequence[tuple[Drawing, Any]], scale: float) -> None:
    """Draw each through its matrix, in the current viewport; *scale* is that of the user interface."""
    state, matrix, shaders = gpu.state, gpu.matrix, part(Shaders)
    faces, lines = shaders.faces, shaders.lines
    nearer = matrix.get_projection_matrix()
    nearer[2] -= nearer[3] * _IN_FRONT
    matrix.push_projection()
    matrix.load_projection_matrix(nearer)
    state.blend_set("ALPHA")
    lines.uniform_float("viewportSize", state.viewport_get()[2:])
    lines.uniform_float("lineWidth", _WIDTH * scale)
    try:
        for drawing, world in pairs:
            matrix.push()
            matrix.multiply_matrix(world)
            drawing.faces.draw(faces)
            drawing.behind.draw(lines)  # what is behind something shows through
            state.depth_test_set("LESS_EQUAL")
            drawing.before.draw(lines)
            state.depth_test_set("NONE")
            matrix.pop()
    finally:
        matrix.pop_projection()
        state.depth_test_set("NONE")
        state.blend_set("NONE")


class Shaders(Part):
    """Blender's own shaders, which exist for each of its graphics back ends."""

    def __init__(self) -> None:
        self.faces: Any = gpu.shader.from_builtin("FLAT_COLOR")
        self.lines: Any = gpu.shader.from_builtin("POLYLINE_FLAT_COLOR")


def _batch(shader: Any, kind: str, points: Sequence[Vec3], alphas: Sequence[float]) -> Any:
    return batch_for_shader(shader, kind, {"pos": points, "color": [(*COLOR, alpha) for alpha in alphas]})


def _quad(corners: Sequence[Vec3]) -> list[Vec3]:
    a, b, c, d = corners
    return [a, b, c, a, c, d]
