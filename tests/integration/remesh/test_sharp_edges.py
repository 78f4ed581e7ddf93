# SPDX-License-Identifier: GPL-3.0-or-later
"""A new surface is smooth, with sharp edges where the original had them."""

from __future__ import annotations

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from surfaces import as_mesh, ball, box, sharp_edges, tube, turned_over, unjoined

from csm_blender.remesh.geometry.surface import Surface
from csm_blender.remesh.shape.sharp_edges import creases_of, shade


def smooth(form: Surface) -> bpy.types.Mesh:
    mesh = as_mesh(form)
    mesh.polygons.foreach_set("use_smooth", np.ones(len(mesh.polygons), dtype=bool))
    return mesh


def with_own_normals(mesh: bpy.types.Mesh) -> bpy.types.Mesh:
    mesh.normals_split_custom_set([corner.vector[:] for corner in mesh.corner_normals])
    return mesh


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(box((2.0, 2.0, 2.0), 4), id="joined"),
        pytest.param(unjoined(box((2.0, 2.0, 2.0), 4)), id="each triangle by itself"),
        pytest.param(turned_over(box((2.0, 2.0, 2.0), 4), *range(0, 192, 5)), id="some turned over"),
    ],
)
def test_the_creases_of_a_box_are_its_edges(form: Surface) -> None:
    creases = creases_of(as_mesh(form))
    assert creases.shape == (12 * 4, 2, 3)
    assert np.allclose(np.linalg.norm(creases[:, 1] - creases[:, 0], axis=1), 0.5)
    assert ((np.abs(creases) > 1.0 - 1e-6).all(axis=1).sum(axis=1) >= 2).all()


def test_what_is_shaded_smooth_or_flat_has_no_creases() -> None:
    assert not len(creases_of(smooth(ball(1.0, 8))))
    assert not len(creases_of(with_own_normals(smooth(box())))), "its normals say that it is round"
    assert not len(creases_of(as_mesh(ball(1.0, 16)))), "its faces turn by less than 25 degrees"


@pytest.mark.parametrize("cells", [1, 2, 4])
def test_where_nothing_says_how_it_is_shaded_the_shape_decides(cells: int) -> None:
    creases = creases_of(smooth(box((2.0, 2.0, 2.0), cells)))
    assert len(creases) == 12 * cells
    assert ((np.abs(creases) > 1.0 - 1e-6).all(axis=1).sum(axis=1) >= 2).all()


def test_dents_are_no_creases_where_nothing_says_how_it_is_shaded() -> None:
    form = ball(1.0, 30)
    rough = np.random.default_rng(1).normal(0.0, 0.006, form.points.shape)
    creases = creases_of(smooth(Surface(form.points + rough, form.triangles)))
    assert len(creases) < 0.02 * len(form.triangles)


@pytest.mark.parametrize("cells", [1, 3, 16])
def test_edges_on_creases_are_marked_and_others_are_not(cells: int) -> None:
    """The new box has other points on its edges than the original one, which is coarser or finer."""
    original, new = as_mesh(box((2.0, 2.0, 2.0), cells)), smooth(box((2.0, 2.0, 2.0), 5))
    shade(new, creases_of(original))
    marked = sharp_edges(new)
    points = np.array([vertex.co[:] for vertex in new.vertices])
    assert len(marked) == 12 * 5
    assert all(((np.abs(points[[a, b]]) > 1.0 - 1e-6).all(axis=0)).sum() >= 2 for a, b in marked)
    assert all(polygon.use_smooth for polygon in new.polygons)


def test_a_turn_that_was_smooth_stays_smooth() -> None:
    new = as_mesh(box())
    shade(new, np.zeros((0, 2, 3)))
    assert not sharp_edges(new)


def test_open_rims_are_no_creases() -> None:
    assert not len(creases_of(smooth(tube(32, 2, 1.0))))
