# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines that show what will be sent: the box, its base, its front and its pivot."""

from __future__ import annotations

import pytest

from csm_blender.core.errors import NoSize
from csm_blender.core.geometry.linalg import IDENTITY
from csm_blender.core.geometry.outline import EDGES, outline_of
from csm_blender.core.models import Refinement, Target

LOW, HIGH = (-1.0, -2.0, 0.0), (1.0, 2.0, 3.0)
STRETCHED = ((2.0, 0.0, 0.0, 5.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0), (0.0, 0.0, 0.0, 1.0))
MIRRORED = ((-1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0), (0.0, 0.0, 0.0, 1.0))
BASE_PIVOT = Refinement((2.0, 3.0, 4.0), (0.0, -0.5, 0.0))


def test_it_has_the_corners_of_the_box_and_twelve_edges() -> None:
    outline = outline_of(Target("Box", IDENTITY, LOW, HIGH), BASE_PIVOT)
    assert {*outline.corners} == {(x, y, z) for x in (-1.0, 1.0) for y in (-2.0, 2.0) for z in (0.0, 3.0)}
    assert len(EDGES) == 12
    for a, b in EDGES:
        differing = [p != q for p, q in zip(outline.corners[a], outline.corners[b], strict=True)]
        assert sum(differing) == 1, "along one axis"


def test_the_base_is_the_underside_going_round_and_it_fills_from_there() -> None:
    outline = outline_of(Target("Box", IDENTITY, LOW, HIGH), BASE_PIVOT)
    assert [corner[2] for corner in outline.base] == [0.0] * 4
    for corner, following in zip(outline.base, (*outline.base[1:], outline.base[0]), strict=True):
        assert sum(p != q for p, q in zip(corner, following, strict=True)) == 1
    assert {corner[2] for corner in outline.filled(0.5)} == {0.0, 1.5}
    assert outline.filled(1.0) == outline.corners


def test_the_arrow_points_away_from_the_front_whatever_the_scale() -> None:
    for matrix in (IDENTITY, STRETCHED, MIRRORED):
        outline = outline_of(Target("Box", matrix, LOW, HIGH), BASE_PIVOT)
        start, neck, left, tip, right = outline.front
        assert {point[2] for point in outline.front} == {0.0}
        assert tip[1] < neck[1] < start[1] < LOW[1], "Blender's front is -y"
        assert left[0] + right[0] == pytest.approx(2 * tip[0])
    wide = outline_of(Target("Box", STRETCHED, LOW, HIGH), BASE_PIVOT)
    tall = outline_of(Target("Box", IDENTITY, LOW, HIGH), BASE_PIVOT)
    seen = (wide.front[4][0] - wide.front[2][0]) * 2.0
    assert seen == pytest.approx(tall.front[4][0] - tall.front[2][0]), "as wide in the world, both longest 4"


@pytest.mark.parametrize(
    ("pivot", "matrix", "where"),
    [
        ((0.0, -0.5, 0.0), IDENTITY, (0.0, 0.0, 0.0)),
        ((0.5, 0.5, 0.5), IDENTITY, (1.0, -2.0, 3.0)),
        ((0.5, 0.5, 0.5), MIRRORED, (-1.0, -2.0, 3.0)),
    ],
)
def test_the_pivot_is_where_the_service_is_told(
    pivot: tuple[float, float, float], matrix: object, where: tuple[float, float, float]
) -> None:
    outline = outline_of(Target("Box", matrix, LOW, HIGH), Refinement(None, pivot))
    assert outline.pivot == pytest.approx(where)
    for a, b in zip(outline.pivot_marks[::2], outline.pivot_marks[1::2], strict=True):
        assert [(p + q) / 2 for p, q in zip(a, b, strict=True)] == pytest.approx(where)


def test_a_point_has_no_outline() -> None:
    with pytest.raises(NoSize):
        outline_of(Target("Dot", IDENTITY, LOW, LOW), BASE_PIVOT)
