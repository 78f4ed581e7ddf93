# SPDX-License-Identifier: GPL-3.0-or-later
"""Points at the same place are one, and cracks between patches are closed; what is thin or narrow is no crack."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("bpy")

from surfaces import Form, ball, box, moved, sheet, surface, tube, unjoined

from csm_blender.remesh.geometry.doubles import same_diagonals
from csm_blender.remesh.geometry.surface import Surface, joined
from csm_blender.remesh.geometry.weld import SAME_PLACE, cracks_closed, groups_at_same_place, welded


@pytest.mark.parametrize("scale", [1e-5, 1.0, 1e5])
@pytest.mark.parametrize("away", [0.0, 100.0])
def test_triangles_with_points_of_their_own_become_one_surface(scale: float, away: float) -> None:
    """As STL files have them; *away* from the origin in sizes of the form, in single precision as in Blender."""
    whole = ball(scale, 6, (away * scale, 0.0, 0.0))
    points = unjoined(whole).points.astype(np.float32).astype(np.float64)
    found = welded(surface(points, np.arange(len(points))))
    assert len(found.triangles) == len(whole.triangles)
    assert len(found.points) == len(whole.points)


def test_points_a_little_apart_are_one_and_others_are_not() -> None:
    diagonal = np.sqrt(3.0)
    form = box()
    near = Surface(np.concatenate([form.points, form.points[:1] + 0.5 * SAME_PLACE * diagonal]), form.triangles)
    far = Surface(np.concatenate([form.points, form.points[:1] + 5.0 * SAME_PLACE * diagonal]), form.triangles)
    assert len(np.unique(groups_at_same_place(near))) == 8
    assert len(np.unique(groups_at_same_place(far))) == 9


def test_points_on_both_sides_of_a_cell_border_are_one() -> None:
    """For each place of a pair of points a third of the tolerance apart, on a line through many cells."""
    step = SAME_PLACE * np.sqrt(3.0)
    starts = np.linspace(0.1, 0.9, 4001)[:, None] * np.ones(3)
    form = box()
    points = np.concatenate([form.points + 0.5, starts, starts + np.array([step / 3.0, 0.0, 0.0])])
    group = groups_at_same_place(Surface(points, form.triangles))
    assert (group[8:4009] == group[4009:]).all()


def test_doubled_triangles_and_lines_are_left_out() -> None:
    form = box()
    more = np.concatenate([form.triangles, form.triangles[3:5, ::-1], form.triangles[:2], [[0, 1, 1]]])
    found = welded(Surface(form.points, more))
    assert np.array_equal(found.triangles, form.triangles)


def test_a_crack_between_two_patches_is_closed() -> None:
    """A gap of 0.4 of an edge all along; the points are where they were on either side of it."""
    patches = joined([sheet((4, 8), (0.5, 1.0)), moved(sheet((4, 8), (0.5, 1.0)), (0.55, 0.0, 0.0))])
    assert Form(patches).bodies == 2
    found = cracks_closed(patches)
    assert Form(found).bodies == 1
    assert Form(found).open_edges == 32
    assert len(found.triangles) == len(patches.triangles)


def test_a_gap_wider_than_the_edges_stays() -> None:
    patches = joined([sheet((4, 8), (0.5, 1.0)), moved(sheet((4, 8), (0.5, 1.0)), (0.7, 0.0, 0.0))])
    assert cracks_closed(patches) is patches


def test_a_slit_in_a_closed_surface_is_closed() -> None:
    """Its two sides are one rim: the points along it are doubled and a tenth of an edge apart."""
    form = ball(1.0, 8)
    middle = np.flatnonzero((np.abs(form.points[:, 0]) < 1e-9) & (form.points[:, 2] > 0.1))
    twin = np.full(len(form.points), -1)
    twin[middle] = len(form.points) + np.arange(len(middle))
    right = form.points[form.triangles].mean(axis=1)[:, 0] > 0.0
    triangles = form.triangles.copy()
    triangles[right] = np.where(twin[triangles[right]] >= 0, twin[triangles[right]], triangles[right])
    slit = Surface(np.concatenate([form.points, form.points[middle] + np.array([0.02, 0.0, 0.0])]), triangles)
    assert Form(slit).open_edges > 10
    assert Form(cracks_closed(slit)).open_edges <= 6, "only its ends may be left, which holes_closed fills"


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(tube(4, 1, 1.0), id="a box without two opposite sides"),
        pytest.param(tube(8, 2, 0.5), id="a bracelet of two rows"),
        pytest.param(tube(8, 2, 0.1), id="a wire of two rows"),
        pytest.param(sheet((20, 1), (20.0, 0.2)), id="a ribbon"),
        pytest.param(sheet((20, 2), (20.0, 0.25)), id="a ribbon of two rows"),
        pytest.param(sheet((1, 1)), id="one square"),
        pytest.param(surface([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [0, 1, 2]), id="one triangle"),
        pytest.param(joined([tube(12, 4, 2.0), tube(12, 4, 2.0, 0.3)]), id="two pipes in each other"),
    ],
)
def test_a_narrow_or_thin_surface_is_no_crack(form: Surface) -> None:
    assert np.array_equal(cracks_closed(form).triangles, form.triangles)


def test_a_closed_surface_is_given_back_as_it_is() -> None:
    form = ball()
    assert cracks_closed(form) is form


def test_two_bodies_with_a_wall_in_common_become_one_without_it() -> None:
    first = box()
    second = Surface(first.points * [-1.0, 1.0, 1.0] + [1.0, 0.0, 0.0], first.triangles[:, ::-1])
    found = Form(welded(joined([first, second])))
    assert len(welded(joined([first, second])).triangles) == 20
    assert found.bodies == 1
    assert found.open_edges == 0


def test_of_a_sheet_with_two_sides_one_is_left() -> None:
    front = sheet((4, 4))
    both = joined([front, Surface(front.points, front.triangles[:, ::-1])])
    assert len(welded(both).triangles) == len(front.triangles)


def test_cards_whose_corners_are_near_each_other_stay_apart() -> None:
    """Leaves: nothing goes on from one to the next, however long their edges are."""
    card = sheet((1, 1))
    random = np.random.default_rng(4)
    cards = [
        Surface(
            card.points @ np.linalg.qr(random.normal(size=(3, 3)))[0] + random.uniform(0.0, 12.0, 3), card.triangles
        )
        for _ in range(300)
    ]
    form = joined(cards)
    found = cracks_closed(form)
    assert len(found.triangles) == len(form.triangles)
    assert Form(found).area == pytest.approx(Form(form).area, rel=0.02)


@pytest.mark.parametrize("turned", [False, True])
def test_the_two_sides_of_a_card_become_one_however_they_are_cut(turned: bool) -> None:
    front = sheet((6, 6))
    back = Surface(front.points * [-1.0, 1.0, 1.0] + [1.0, 0.0, 0.0], front.triangles)
    if turned:
        back = Surface(back.points, back.triangles[:, ::-1])
    found = same_diagonals(welded(joined([front, back])))
    assert len(found.triangles) == len(front.triangles)
    assert (Form(found).open_edges, Form(found).edges_of_more) == (4 * 6, 0)
