# SPDX-License-Identifier: GPL-3.0-or-later
"""The bodies of a surface, and which of them matter."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("bpy")

from surfaces import Form, ball, box, moved, without

from csm_blender.remesh.geometry.bodies import SPECK, bodies_in, turned_outward, without_hidden, without_specks
from csm_blender.remesh.geometry.surface import Surface, empty, joined


def inside_out(form: Surface) -> Surface:
    return Surface(form.points, form.triangles[:, ::-1])


def test_boxes_areas_and_volumes() -> None:
    found = bodies_in(joined([box((1.0, 2.0, 3.0)), inside_out(box((2.0, 2.0, 2.0), 3, (1e4, 0.0, 0.0)))]))
    assert found.count == 2
    assert np.allclose(found.volume, [6.0, -8.0], rtol=1e-6)
    assert np.allclose(found.area, [22.0, 24.0])
    assert np.allclose(found.diagonal, np.sqrt([14.0, 12.0]))
    assert np.allclose(found.low, [[-0.5, -1.0, -1.5], [1e4 - 1.0, -1.0, -1.0]])
    assert np.allclose(found.high, [[0.5, 1.0, 1.5], [1e4 + 1.0, 1.0, 1.0]])


def test_nothing_has_no_bodies() -> None:
    assert bodies_in(empty()).count == 0


def test_specks_are_smaller_than_a_share_of_the_diagonal() -> None:
    size = SPECK * 2.0
    large, small = moved(box((1.1 * size,) * 3), (0.0, 0.0, 0.9)), moved(box((0.4 * size,) * 3), (0.0, 0.0, -0.9))
    found, count = without_specks(joined([ball(1.0, 6), large, small]))
    assert count == 1
    assert len(found.triangles) == 432 + 12


def test_where_all_are_specks_all_are_kept() -> None:
    grains = joined([ball(0.005, 2, (x, y, 0.0)) for x in range(5) for y in range(5)])
    assert without_specks(grains) == (grains, 0)


def test_closed_bodies_are_turned_outward_and_open_ones_are_left() -> None:
    bowl = inside_out(without(box((1.0, 1.0, 1.0), 1, (5.0, 0.0, 0.0)), 0, 1))
    form = joined([inside_out(ball(1.0, 4)), box((1.0, 1.0, 1.0), 1, (3.0, 0.0, 0.0)), bowl])
    found = turned_outward(form)
    assert np.array_equal(found.triangles[:192], form.triangles[:192, ::-1])
    assert np.array_equal(found.triangles[192:], form.triangles[192:])


@pytest.mark.parametrize("outer", [box((2.0, 2.0, 2.0), 2), inside_out(ball(1.2, 6))], ids=["box", "inside out"])
def test_a_body_inside_another_one_is_hidden(outer: Surface) -> None:
    found, count = without_hidden(joined([ball(0.5, 5), outer]))
    assert count == 1
    assert np.array_equal(found.points, outer.points)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(ball(0.5, 5, (3.0, 0.0, 0.0)), id="beside it"),
        pytest.param(ball(0.5, 5, (1.0, 0.0, 0.0)), id="half in it"),
        pytest.param(moved(box((0.3, 0.3, 0.3)), (0.9, 0.9, 0.9)), id="in its box only"),
    ],
)
def test_a_body_that_shows_is_kept(other: Surface) -> None:
    form = joined([ball(1.0, 10), other])
    assert without_hidden(form) == (form, 0)


def test_what_is_in_what_is_hidden_is_hidden_too() -> None:
    form = joined([ball(radius, 5) for radius in (0.2, 1.0, 0.6)])
    found, count = without_hidden(form)
    assert count == 2
    assert Form(found).volume == pytest.approx(Form(ball(1.0, 5)).volume)


def test_a_cushion_on_a_seat_is_kept() -> None:
    form = joined([box((1.0, 1.0, 0.1), 4), moved(box((0.8, 0.8, 0.1), 4), (0.0, 0.0, 0.1))])
    assert without_hidden(form)[1] == 0


def test_of_many_bodies_each_one_is_looked_into() -> None:
    places = [(3.0 * x, 3.0 * y, 0.0) for x in range(6) for y in range(5)]
    form = joined([ball(radius, 4, place) for place in places for radius in (1.0, 0.8)])
    found, count = without_hidden(form)
    assert count == 30
    assert bodies_in(found).count == 30
    assert np.allclose(bodies_in(found).diagonal, bodies_in(ball(1.0, 4)).diagonal)
