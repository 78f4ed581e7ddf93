# SPDX-License-Identifier: GPL-3.0-or-later
"""Torn solids are told from sheets with holes, whatever the rims of their holes look like."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("bpy")

from surfaces import Form, ball, box, moved, sheet, tube

from csm_blender.remesh.geometry.bodies import bodies_in
from csm_blender.remesh.geometry.surface import Surface, empty, joined
from csm_blender.remesh.shape.holes import holes_of
from csm_blender.remesh.shape.look import is_closed
from csm_blender.remesh.shape.manifold import cut_to_manifold
from csm_blender.remesh.shape.mend import Mended
from csm_blender.remesh.shape.rebuild import rebuilt
from csm_blender.remesh.shape.shape import closed_again, renewed
from csm_blender.remesh.shape.solids import round_holes_closed, torn_solids

pytestmark = pytest.mark.usefixtures("empty_blender")

BALL = ball(1.0, 24)


def with_holes(form: Surface, count: int, seed: int = 3) -> Surface:
    """*form* without *count* of its triangles, none beside another one of them."""
    chosen = np.random.default_rng(seed).permutation(len(form.triangles))
    near, gone = np.zeros(len(form.points), dtype=bool), []
    for triangle in chosen.tolist():
        if not near[form.triangles[triangle]].any() and len(gone) < count:
            gone.append(triangle)
            near[form.triangles[triangle]] = True
    return form.kept(~np.isin(np.arange(len(form.triangles)), gone))


def found_in(form: Surface) -> list[bool]:
    form = cut_to_manifold(form)
    bodies = bodies_in(form)
    return torn_solids(form, bodies, holes_of(form), np.ones(bodies.count, dtype=bool)).tolist()


@pytest.mark.parametrize("form", [pytest.param(BALL, id="ball"), pytest.param(box((1.0, 0.1, 1.0), 20), id="plate")])
def test_a_solid_full_of_holes_is_one(form: Surface) -> None:
    assert all(found_in(with_holes(form, 60)))


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(sheet((40, 40)), id="cloth"),
        pytest.param(BALL.kept(BALL.points[BALL.triangles].mean(axis=1)[:, 2] < 0.0), id="bowl"),
        pytest.param(tube(60, 40, 2.0), id="pipe"),
    ],
)
def test_a_sheet_full_of_holes_is_none(form: Surface) -> None:
    assert not any(found_in(with_holes(form, 60)))


def test_what_has_few_holes_is_not_looked_at() -> None:
    assert found_in(with_holes(BALL, 5)) == [False]


def test_round_holes_are_closed_and_slits_are_not() -> None:
    form = ball(1.0, 40)
    centers = form.points[form.triangles].mean(axis=1)
    round_one = np.linalg.norm(centers - [0.0, 0.0, 1.0], axis=1) < 0.06
    slit = (np.abs(centers[:, 1]) < 0.03) & (np.abs(centers[:, 0]) < 0.4) & (centers[:, 2] < 0.0)
    found = round_holes_closed(cut_to_manifold(form.kept(~round_one & ~slit)))
    holes = holes_of(found)
    assert holes.count == 1
    assert found.points[holes.start][:, 2].max() < 0.0


def with_wound_slit(form: Surface) -> Surface:
    """*form*, a ball, with one long slit that winds around it, wider than its edges, and with small holes."""
    x, y, z = form.points[form.triangles].mean(axis=1).T
    turns = (np.arctan2(y, x) / (2.0 * np.pi) - 6.0 * z) % 1.0
    return with_holes(form.kept((np.abs(turns - 0.5) > 0.15) | (np.abs(z) > 0.9)), 80)


def test_fine_voxels_do_not_go_in_where_coarse_ones_do_not() -> None:
    form = ball(1.0, 64)
    made = rebuilt(with_wound_slit(form), 4_000)
    assert is_closed(made.edges)
    found = Form(made)
    assert found.bodies == 1
    assert found.volume == pytest.approx(Form(form).volume, rel=0.02)
    assert found.area == pytest.approx(Form(form).area, rel=0.02)


def test_solids_beside_each_other_are_rebuilt_one_by_one() -> None:
    form = with_wound_slit(ball(1.0, 64))
    two = (form, moved(form, (2.02, 0.0, 0.0)))
    parts = Mended(empty(), empty(), empty(), two, 0, 0, 0)
    made = renewed(parts, joined([*two]), 4_000, inside=True)
    assert is_closed(made.edges)
    assert Form(made).bodies == 2
    assert Form(made).volume == pytest.approx(2.0 * Form(ball(1.0, 64)).volume, rel=0.02)


def test_what_is_not_closed_in_the_end_is_rebuilt_unless_it_is_meant_to_be_open() -> None:
    form = with_holes(ball(1.0, 12), 6)
    found, is_new = closed_again(form, 1_000, has_sheets=False)
    assert is_new
    assert Form(found).is_closed
    assert len(found.triangles) <= 1_000
    assert Form(found).volume == pytest.approx(Form(ball(1.0, 12)).volume, rel=0.02)
    assert closed_again(form, 1_000, has_sheets=True) == (form, False)
    assert closed_again(BALL, 1_000, has_sheets=False) == (BALL, False)
