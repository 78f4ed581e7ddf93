# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a surface is mended in place, what is left open, what is left out, and what is too torn."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("bpy")

from surfaces import Form, ball, box, moved, sheet, tube, turned_over, unjoined, without

from csm_blender.remesh.geometry.surface import Surface, joined
from csm_blender.remesh.geometry.weld import cracks_closed
from csm_blender.remesh.shape.mend import mended


def test_what_is_whole_stays_as_it_is() -> None:
    form = joined([ball(1.0, 6), box((1.0, 1.0, 1.0), 2, (3.0, 0.0, 0.0))])
    found = mended(form)
    assert Form(found.closed).is_closed
    assert Form(found.closed).volume == pytest.approx(Form(form).volume)
    assert len(found.closed.triangles) == len(form.triangles)
    assert not len(found.sheets.triangles)
    assert not len(found.torn.triangles)
    assert (found.holes_closed, found.specks, found.hidden) == (0, 0, 0)


def test_small_holes_are_closed() -> None:
    found = mended(without(ball(1.0, 10), 0, 1, 300, 301, 302, 700))
    assert found.holes_closed == 3
    assert Form(found.closed).is_closed
    assert Form(found.closed).volume == pytest.approx(Form(ball(1.0, 10)).volume, rel=0.01)


@pytest.mark.parametrize("form", [sheet(), tube(16, 4, 2.0), without(box((1.0, 1.0, 1.0), 3), *range(18))])
def test_what_is_open_on_purpose_is_a_sheet(form: Surface) -> None:
    found = mended(form)
    assert len(found.sheets.triangles) == len(form.triangles)
    assert not len(found.closed.triangles)
    assert not len(found.torn.triangles)


def test_a_small_hole_in_a_sheet_is_closed() -> None:
    found = mended(without(sheet((10, 10)), 110, 111))
    assert found.holes_closed == 1
    assert Form(found.sheets).open_edges == 40
    assert Form(found.sheets).area == pytest.approx(1.0)


def test_open_and_closed_bodies_are_told_apart() -> None:
    found = mended(joined([ball(1.0, 6), moved(sheet((4, 4)), (3.0, 0.0, 0.0)), moved(tube(12, 3, 2.0), (-4.0, 0, 0))]))
    assert len(found.closed.triangles) == 432
    assert len(found.sheets.triangles) == 32 + 72


def test_specks_and_what_is_inside_are_counted_apart() -> None:
    specks = [ball(0.01, 2, (1.5, 0.1 * k, 0.0)) for k in range(4)]
    found = mended(joined([ball(1.0, 8), ball(0.5, 6), *specks]))
    assert (found.specks, found.hidden) == (4, 1)
    assert Form(found.closed).bodies == 1
    kept = mended(joined([ball(1.0, 8), ball(0.5, 6), *specks]), keep_hidden=True)
    assert (kept.specks, kept.hidden) == (4, 0)
    assert Form(kept.closed).bodies == 2


def test_a_stray_triangle_is_a_speck_however_long() -> None:
    blade = Surface(np.array([[0.9, 0.0, 0.0], [1.6, 0.01, 0.0], [1.6, -0.01, 0.0]]), np.array([[0, 1, 2]]))
    found = mended(joined([ball(1.0, 8), blade]))
    assert found.specks == 1
    assert not len(found.sheets.triangles)


def test_loose_triangles_are_torn() -> None:
    """They are close to each other, but none is connected to another one."""
    loose = unjoined(ball(1.0, 10))
    shift = np.random.default_rng(3).normal(0.0, 0.01, (len(loose.triangles), 3))
    found = mended(Surface(loose.points + np.repeat(shift, 3, axis=0), loose.triangles))
    assert len(found.torn.triangles) == len(loose.triangles)
    assert not len(found.closed.triangles)


def test_triangles_turned_over_do_not_matter() -> None:
    form = ball(1.0, 8)
    found = mended(turned_over(form, *range(0, 768, 3)))
    assert Form(found.closed).is_closed
    assert Form(found.closed).volume == pytest.approx(Form(form).volume)


def crown(cards: int) -> Surface:
    """Leaves around the top of a trunk."""
    random = np.random.default_rng(6)
    leaf = sheet((1, 1), (0.2, 0.2))
    leaves = [
        Surface(
            leaf.points @ np.linalg.qr(random.normal(size=(3, 3)))[0]
            + random.uniform(-0.8, 0.8, 3)
            + np.array([0.0, 0.0, 2.9]),
            leaf.triangles,
        )
        for _ in range(cards)
    ]
    return joined([tube(12, 10, 2.0, 0.1), *leaves])


def test_the_leaves_of_a_tree_are_sheets() -> None:
    found = mended(cracks_closed(crown(500)))
    assert not len(found.torn.triangles)
    assert found.specks == 0
    assert Form(found.sheets).area == pytest.approx(500 * 0.04, rel=0.01)


def test_a_rolled_sheet_gets_no_lid() -> None:
    flat = sheet((200, 6))
    turn, radius = 8.0 * np.pi * flat.points[:, 0], 0.3 + flat.points[:, 0]
    form = Surface(np.stack([radius * np.cos(turn), radius * np.sin(turn), flat.points[:, 1]], axis=1), flat.triangles)
    found = mended(form)
    assert len(found.sheets.triangles) == len(form.triangles)
    assert not len(found.closed.triangles)


def test_a_room_is_kept_with_what_is_in_it() -> None:
    """Its walls face inward, what is in it outward; a shell inside a body that is wound inward still goes."""
    walls = box((4.0, 4.0, 3.0), 4)
    room = Surface(walls.points, walls.triangles[:, ::-1])
    form = joined([room, ball(0.5, 5), box((0.8, 0.8, 0.8), 2, (1.2, 1.2, -1.0))])
    found = mended(form)
    assert found.hidden == 0
    assert Form(found.closed).bodies == 3
    assert Form(found.closed).volume == pytest.approx(Form(form).volume)
    shell = ball(0.95, 8)
    inward = Surface(ball(1.0, 8).points, ball(1.0, 8).triangles[:, ::-1])
    assert mended(joined([inward, shell])).hidden == 1
