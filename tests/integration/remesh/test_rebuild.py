# SPDX-License-Identifier: GPL-3.0-or-later
"""A closed surface is built around triangles that cannot be mended."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("bpy")

from surfaces import Form, ball, box, sheet, unjoined

from csm_blender.remesh.geometry.surface import Surface, joined
from csm_blender.remesh.geometry.topology import edges_of
from csm_blender.remesh.shape.look import is_closed
from csm_blender.remesh.shape.rebuild import COARSEST, FINEST, point_normals, rebuilt, voxel_size


@pytest.mark.parametrize("form", [ball(1.0, 12), box((1.0, 2.0, 3.0), 8)], ids=["ball", "box"])
def test_it_lies_on_what_it_is_built_around(form: Surface) -> None:
    made = rebuilt(unjoined(form), 500)
    assert is_closed(edges_of(made.triangles))
    found = Form(made)
    assert found.bodies == 1
    assert found.volume == pytest.approx(Form(form).volume, rel=0.01)
    assert np.allclose(found.low, Form(form).low, atol=0.01)
    assert np.allclose(found.high, Form(form).high, atol=0.01)


def test_gaps_of_up_to_three_voxels_are_closed() -> None:
    form = box((1.0, 1.0, 1.0), 2)
    middles = form.points[form.triangles].mean(axis=1)
    halves = [form.kept(middles[:, 0] < -0.01), form.kept(middles[:, 0] > 0.01)]
    gap = 2.0 * voxel_size(form, 500)
    apart = joined([halves[0], Surface(halves[1].points + np.array([gap, 0.0, 0.0]), halves[1].triangles)])
    found = rebuilt(apart, 500)
    assert is_closed(edges_of(found.triangles))
    assert Form(found).volume == pytest.approx(1.0 + gap, rel=0.05)


def test_slats_that_coarse_voxels_melt_together_stay_apart() -> None:
    form = joined([box((0.02, 0.6, 0.6), 12, (0.045 * place, 0.0, 0.0)) for place in range(8)])
    made = Form(rebuilt(unjoined(form), 20_000))
    assert made.bodies == 8
    assert made.volume == pytest.approx(Form(form).volume, rel=0.05)


def test_winding_does_not_matter() -> None:
    form = unjoined(ball(1.0, 8))
    some = np.random.default_rng(1).random(len(form.triangles)) < 0.5
    triangles = np.where(some[:, None], form.triangles[:, ::-1], form.triangles)
    assert Form(rebuilt(Surface(form.points, triangles), 500)).volume == pytest.approx(Form(form).volume, rel=0.01)


def test_the_inside_of_a_hollow_is_left_out() -> None:
    found = Form(rebuilt(joined([ball(1.0, 10), ball(0.5, 8)]), 500))
    assert found.volume == pytest.approx(Form(ball(1.0, 10)).volume, rel=0.02)


def test_a_sheet_encloses_nothing() -> None:
    assert not len(rebuilt(sheet(), 500).triangles)


def test_the_voxels_follow_the_budget_within_limits() -> None:
    form = ball(1.0, 10)
    assert voxel_size(form, 8_000) == pytest.approx(2.0 * voxel_size(form, 32_000))
    assert voxel_size(form, 1) == pytest.approx(2.0 * COARSEST)
    assert voxel_size(form, 5_000_000) >= 2.0 * FINEST


def test_the_normals_of_points_are_unit_and_outward() -> None:
    form = ball(1.0, 10)
    normals = point_normals(form)
    assert np.allclose(np.linalg.norm(normals, axis=1), 1.0)
    assert np.einsum("ij,ij->i", normals, form.points).min() > 0.98
