# SPDX-License-Identifier: GPL-3.0-or-later
"""What 32-bit numbers allow, as docs/fit.md says it."""

from __future__ import annotations

from pathlib import Path

import fit_measure as fm
import numpy as np
import pytest
from fit_bench import Order, new_scene, open_file, refine_all, save
from fit_kind import OBLIQUE, add, mesh
from mathutils import Matrix, Vector

bpy = pytest.importorskip("bpy")

from csm_blender.core.models import Original, Pivot

TURN = Matrix.Rotation(0.9, 3, Vector((1.0, 2.0, 0.5)))


def errors(order: Order, tmp_path: Path) -> tuple[float, np.ndarray]:
    """The corner error, and how far the origin is from the block-out's, per axis."""
    obj = bpy.data.objects["Thing"]
    world, (low, high) = fm.world(obj), fm.box_of(fm.vertices(obj))
    save(tmp_path / "in.blend")
    [outcome] = refine_all(tmp_path / "in.blend", [order], tmp_path / "out.blend", tmp_path / "jobs")
    assert outcome.error is None, str(outcome.error)
    open_file(tmp_path / "out.blend")
    result = bpy.data.objects[outcome.object_name]
    middle = (low + high) / 2.0
    pivot = np.array([middle[0], middle[1], low[2]]) if order.pivot is Pivot.BASE else np.zeros(3)
    wanted = world[:3, :3] @ pivot + world[:3, 3]
    error = fm.distance(fm.result_corners(result), fm.corners(world, low, high))
    return error, np.abs(fm.world(result)[:3, 3] - wanted)


@pytest.mark.parametrize("fate", list(Original), ids=str)
def test_a_moved_pivot_100_km_away_leaves_the_box_exact(fate: Original, tmp_path: Path) -> None:
    new_scene()
    add("Thing", mesh(), Matrix.Translation((70000.0, -99000.0, 40000.0)) @ OBLIQUE)
    pivot = Pivot.ORIGIN if fate is Original.REPLACE else Pivot.BASE
    error, origin = errors(Order("Thing", fate, pivot=pivot), tmp_path)
    assert error <= 1e-5
    assert origin.max() <= 0.004


@pytest.mark.parametrize("scale", [(1.0, 1.0, 1.0), (1.5, 0.5, 2.0)], ids=["unscaled", "scaled"])
@pytest.mark.parametrize("diagonals", [10, 100, 1000])
def test_a_far_pivot_costs_digits_as_documented(diagonals: int, scale: tuple[float, ...], tmp_path: Path) -> None:
    new_scene()
    far = np.array([0.8, -0.5, 0.33]) * diagonals * 1.6
    add(
        "Thing",
        mesh(far, far + np.array([1.0, 0.8, 1.0])),
        Matrix.LocRotScale(Vector((1.0, 2.0, 3.0)), TURN, Vector(scale)),
    )
    error, origin = errors(Order("Thing"), tmp_path)
    allowed = 1e-5 if diagonals <= 10 or scale == (1.0, 1.0, 1.0) else 3e-7 * diagonals
    assert error <= allowed
    assert origin.max() <= 1e-6


@pytest.mark.parametrize("size", [1e-3, 1e-2, 1.0, 1e3, 1e4])
@pytest.mark.parametrize("scale_length", [0.001, 0.01, 0.3048, 1.0, 1000.0])
def test_from_a_millimetre_to_ten_kilometres_in_any_unit(size: float, scale_length: float, tmp_path: Path) -> None:
    new_scene(scale_length)
    unit = size / scale_length
    add("Thing", mesh((-0.5 * unit, 0.0, 0.0), (0.5 * unit, 0.7 * unit, 0.4 * unit)), OBLIQUE)
    error, origin = errors(Order("Thing", pivot=Pivot.BASE), tmp_path)
    assert error <= 1e-5
    # A millimeter in a file where a unit is a kilometer: places 3 units from the origin are 2.4e-07 units apart.
    assert origin.max() <= 1e-5 * unit + np.spacing(np.float32(3.0))
