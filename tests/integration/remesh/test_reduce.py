# SPDX-License-Identifier: GPL-3.0-or-later
"""A surface is brought down to its budget: from below, near to what it was, whatever it is like."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("bpy")

from surfaces import Form, ball, box, moved, sheet

from csm_blender.remesh.geometry.surface import Surface, joined
from csm_blender.remesh.shape.reduce import reduced


def test_what_is_within_the_budget_is_given_back_as_it_is() -> None:
    form = ball(1.0, 4)
    assert reduced(form, 192) is form


@pytest.mark.parametrize("budget", [60, 500, 1_499])
def test_a_closed_surface_stays_closed_and_near(budget: int) -> None:
    found = reduced(ball(1.0, 16), budget)
    assert budget - 2 <= len(found.triangles) <= budget
    assert Form(found).is_closed
    assert Form(found).volume == pytest.approx(4.0 / 3.0 * np.pi, rel=12.0 / budget)


def test_a_box_is_reduced_to_its_corners() -> None:
    found = reduced(box((1.0, 2.0, 3.0), 10), 12)
    assert len(found.triangles) == 12
    assert Form(found).volume == pytest.approx(6.0, rel=1e-5)


def test_a_sheet_keeps_its_rim() -> None:
    found = reduced(sheet((20, 20)), 60)
    assert len(found.triangles) <= 60
    assert Form(found).area == pytest.approx(1.0, rel=1e-4)


def test_no_body_is_lost_where_the_budget_is_small() -> None:
    form = joined([ball(1.0, 12), *(moved(ball(0.2, 12), (2.0 * k, 3.0, 0.0)) for k in range(8))])
    found = reduced(form, 200)
    assert Form(found).bodies == 9
    assert len(found.triangles) <= 200


def test_a_surface_full_of_folds_is_reduced_too() -> None:
    """Each point has moved by a third of an edge: most collapses would turn a triangle."""
    form = ball(1.0, 20)
    shift = np.random.default_rng(1).normal(0.0, 0.03, form.points.shape)
    found = reduced(Surface(form.points + shift, form.triangles), 400)
    assert 390 <= len(found.triangles) <= 400
    assert Form(found).is_closed
    assert Form(found).volume == pytest.approx(4.0 / 3.0 * np.pi, rel=0.1)
