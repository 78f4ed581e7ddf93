# SPDX-License-Identifier: GPL-3.0-or-later
"""How far two surfaces are from each other, both ways."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("bpy")

from surfaces import as_mesh, ball, box, moved, sheet, surface

from csm_blender.core.remesh import Deviation
from csm_blender.remesh.geometry.deviation import deviation, spread_over
from csm_blender.remesh.geometry.surface import Surface, empty, joined


def between(a: Surface, b: Surface) -> Deviation:
    return deviation(a, as_mesh(a), b, as_mesh(b))


def test_a_surface_is_no_distance_from_itself_however_it_is_cut() -> None:
    assert between(box(), box((1.0, 1.0, 1.0), 7)).max < 1e-6


def test_parallel_sheets_have_their_distance_everywhere() -> None:
    found = between(sheet(), moved(sheet(), (0.0, 0.0, 0.1)))
    share = 0.1 / np.sqrt(2.0)
    assert found.mean == pytest.approx(share, rel=1e-4)
    assert found.p99 == pytest.approx(share, rel=1e-4)
    assert found.max == pytest.approx(share, rel=1e-4)


def test_what_is_missing_counts_as_what_is_too_much() -> None:
    whole = joined([box(), box((1.0, 1.0, 1.0), 1, (3.0, 0.0, 0.0))])
    missing, added = between(whole, box()), between(box(), whole)
    assert missing.mean * Surface(whole.points, whole.triangles).diagonal > 0.5
    assert added.mean * box().diagonal == pytest.approx(missing.mean * whole.diagonal, rel=1e-2)


def test_the_size_does_not_matter() -> None:
    a, b = between(ball(1.0, 5), ball(1.0, 10)), between(ball(100.0, 5), ball(100.0, 10))
    assert a.mean == pytest.approx(b.mean, rel=1e-3)


def test_points_are_spread_by_area_and_the_same_each_time() -> None:
    form = joined([sheet((1, 1)), moved(sheet((9, 9), (3.0, 1.0)), (0.0, 5.0, 0.0))])
    points = spread_over(form, 4_000)
    assert points.shape == (4_000, 3)
    assert (points[:, 1] > 4.0).mean() == pytest.approx(0.75, abs=0.001)
    assert np.array_equal(points, spread_over(form, 4_000))
    assert np.allclose(points[points[:, 1] > 4.0].mean(axis=0), [1.5, 5.5, 0.0], atol=0.03)


def test_without_an_area_the_points_themselves_are_taken() -> None:
    line = surface([[0, 0, 0], [1, 0, 0], [2, 0, 0]], [[0, 1, 2]])
    assert len(spread_over(line, 2)) == 2
    assert len(spread_over(empty(), 2)) == 0
