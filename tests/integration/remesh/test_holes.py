# SPDX-License-Identifier: GPL-3.0-or-later
"""The holes of a surface, and closing them."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("bpy")

from surfaces import Form, ball, box, sheet, tube, without

from csm_blender.remesh.geometry.surface import Surface, compact, empty, joined
from csm_blender.remesh.shape.holes import holes_closed, holes_of


def all_closed(form: Surface) -> Surface:
    holes = holes_of(form)
    return holes_closed(form, holes, np.ones(holes.count, dtype=bool))


def ball_without_cap(height: float) -> Surface:
    form = ball(1.0, 10)
    return form.kept(form.points[form.triangles].mean(axis=1)[:, 2] < height)


def test_what_is_closed_has_none() -> None:
    assert holes_of(ball(1.0, 4)).count == 0
    assert holes_of(empty()).count == 0
    form = box()
    assert all_closed(form) is form


def test_holes_have_areas_and_a_triangle_beside_them() -> None:
    form = tube(24, 2, 3.0)
    holes = holes_of(form)
    assert holes.count == 2
    assert np.allclose(holes.area, 12.0 * np.sin(np.pi / 12.0), rtol=1e-9)
    heights = form.points[form.triangles[holes.beside]].mean(axis=1)[:, 2]
    assert sorted(heights > 1.5) == [False, True]
    assert holes_of(sheet()).area == pytest.approx([1.0]), "a sheet is all around one"


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(without(ball(1.0, 6), 7), id="one triangle"),
        pytest.param(without(ball(1.0, 6), 7, 8), id="a few triangles"),
        pytest.param(ball_without_cap(0.5), id="a cap"),
        pytest.param(tube(24, 2, 3.0), id="both ends of a pipe"),
        pytest.param(without(box(), 0, 1), id="a side of a box"),
        pytest.param(compact(box().points, np.delete(box().triangles, [0, 1, 2], axis=0)), id="round a corner"),
        pytest.param(joined([without(ball(1.0, 4), 3), without(box(), 1)]), id="of two bodies"),
    ],
)
def test_closed_holes_leave_a_closed_surface_wound_alike(form: Surface) -> None:
    found = all_closed(form)
    assert Form(found).is_closed
    assert np.array_equal(found.triangles[: len(form.triangles)], form.triangles)
    assert np.array_equal(found.points[: len(form.points)], form.points)


def test_a_flat_hole_is_filled_flat() -> None:
    found = all_closed(without(box((1.0, 1.0, 1.0), 4), *range(32)))
    assert Form(found).volume == pytest.approx(1.0)
    assert Form(found).area == pytest.approx(6.0)


def test_only_the_chosen_ones_are_closed() -> None:
    form = tube(12, 2, 3.0)
    holes = holes_of(form)
    found = holes_closed(form, holes, np.array([True, False]))
    assert holes_of(found).count == 1
    assert len(found.triangles) == len(form.triangles) + 10
