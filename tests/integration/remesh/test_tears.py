# SPDX-License-Identifier: GPL-3.0-or-later
"""Tears of dense surfaces, wider than their edges, are closed along themselves; what only lies beside stays apart."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("bpy")

from surfaces import Form, ball, box, joined, moved, sheet, tube

from csm_blender.remesh.geometry.surface import Surface
from csm_blender.remesh.geometry.weld import cracks_closed
from csm_blender.remesh.shape.manifold import cut_to_manifold
from csm_blender.remesh.shape.mend import mended
from csm_blender.remesh.shape.tears import tears_closed

BALL = ball(1.0, 64)
"""49,152 triangles; its edges are about 0.024 long."""
WIDE = 0.045


def torn(form: Surface, normal: list[float], gap: float, middle: float = 0.0) -> Surface:
    """*form* cut in two at a plane beside the origin, along its edges, the part beyond it moved away by *gap*."""
    way = np.asarray(normal) / np.linalg.norm(normal)
    beyond = form.points[form.triangles].mean(axis=1) @ way > middle
    parts = [form.kept(beyond), form.kept(~beyond)]
    return joined([moved(parts[0], gap * way), parts[1]])


def assert_is_the_ball(found: Surface, area: float, volume: float) -> None:
    form = Form(found)
    assert found.edges.open_count == found.edges.non_manifold_count == 0
    assert form.bodies == 1
    assert form.area == pytest.approx(area, rel=0.01)
    assert form.volume == pytest.approx(volume, rel=0.01)
    assert np.linalg.norm(found.points[found.triangles].mean(axis=1), axis=1).min() > 0.95, "nothing goes across it"


def test_a_tear_all_around_is_closed() -> None:
    form = torn(BALL, [0.3, 0.2, 1.0], WIDE)
    found = tears_closed(cut_to_manifold(form))
    assert_is_the_ball(found, Form(BALL).area + 2.0 * np.pi * WIDE, Form(BALL).volume + np.pi * WIDE)
    assert Form(found).is_closed
    assert np.array_equal(found.points, cut_to_manifold(form).points)


def test_tears_that_cross_are_closed() -> None:
    """Mended whole: at the crossings small holes are left, which are closed as others are."""
    form = torn(torn(torn(BALL, [0.3, 0.2, 1.0], WIDE), [1.0, -0.4, 0.2], WIDE), [0.1, 1.0, 0.3], WIDE)
    found = mended(cracks_closed(form))
    assert not len(found.torn.triangles)
    assert not len(found.sheets.triangles)
    assert_is_the_ball(found.closed, Form(BALL).area + 6.0 * np.pi * WIDE, Form(BALL).volume + 3.0 * np.pi * WIDE)


def test_a_tear_that_begins_and_ends_is_closed() -> None:
    """Between two parts that meet on one side and are apart on the other one."""
    parts = torn(BALL, [0.0, 0.0, 1.0], 0.0, 0.01)
    upper = np.zeros(len(parts.points), dtype=bool)
    upper[parts.triangles[parts.body == 0]] = True
    points = parts.points.copy()
    points[upper, 2] += WIDE / 2.0 * (points[upper, 0] + 1.0)
    found = mended(cracks_closed(Surface(points, parts.triangles)))
    assert_is_the_ball(found.closed, Form(BALL).area + np.pi * WIDE, Form(BALL).volume + np.pi * WIDE / 2.0)


def test_what_is_closed_is_given_back_as_it_is() -> None:
    assert tears_closed(BALL) is BALL


def test_a_spike_at_a_rim_is_no_tear() -> None:
    """Its two sides face each other, and the edge across, which would close it, is the one that it stands on."""
    flat = sheet((100, 100))
    first, second = (int(np.argmin(np.linalg.norm(flat.points - at, axis=1))) for at in ([1, 0.89, 0], [1, 0.9, 0]))
    spike = [second, first, len(flat.points)]
    form = Surface(np.vstack([flat.points, [1.01, 1.19, 0.0]]), np.vstack([flat.triangles, spike]))
    assert tears_closed(form) is form


def with_hole(form: Surface) -> Surface:
    return form.kept(form.points[form.triangles].mean(axis=1)[:, 2] < 0.9 * form.points[:, 2].max())


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(joined([with_hole(BALL), with_hole(ball(0.98, 64))]), id="shells with a hole at the same place"),
        pytest.param(torn(BALL, [0.3, 0.2, 1.0], 0.1), id="parts further apart than a tear is wide"),
        pytest.param(sheet((400, 4), (4.0, 0.04)), id="a ribbon"),
        pytest.param(joined([tube(200, 60, 2.0), tube(200, 60, 2.0, 0.97)]), id="two pipes in each other"),
        pytest.param(
            joined([sheet((60, 60)), moved(sheet((60, 60)), (0.0, 0.0, 0.015))]), id="two cloths on each other"
        ),
        pytest.param(box(), id="a box"),
    ],
)
def test_what_lies_beside_each_other_is_no_tear(form: Surface) -> None:
    assert tears_closed(form) is form
