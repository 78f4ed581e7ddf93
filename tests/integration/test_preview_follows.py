# SPDX-License-Identifier: GPL-3.0-or-later
"""A preview follows edits of the box of its block-out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from blender_scenes import enabled
from previews import STYLE_2024, chair, place, preview_of

from csm_blender.scene.jobs import preview_loader
from csm_blender.scene.properties import state_of


@pytest.fixture
def scene(tmp_path: Path, service: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[bpy.types.Scene]:
    with enabled(monkeypatch, tmp_path / "jobs", service, use_empty=True) as scene:
        yield scene


def edit(obj: bpy.types.Object, low: tuple[float, float, float], high: tuple[float, float, float]) -> None:
    """Move the vertices of a box, so that it reaches from *low* to *high*."""
    old = np.array([vertex.co for vertex in obj.data.vertices])
    share = (old - old.min(axis=0)) / (old.max(axis=0) - old.min(axis=0))
    obj.data.vertices.foreach_set("co", (np.array(low) + share * (np.array(high) - np.array(low))).ravel())
    obj.data.update()
    bpy.context.view_layer.update()


@pytest.mark.parametrize(
    ("name", "fit"),
    [("rotated", "EXACT"), ("mirrored", "EXACT"), ("parented", "EXACT"), ("mirrored", "INSIDE"), ("scaled", "NONE")],
)
def test_a_preview_follows_edits_of_the_mesh(scene: bpy.types.Scene, name: str, fit: str) -> None:
    """It is where a new preview of the edited block-out would be."""
    block = place(name)
    state_of(scene).fit = fit
    assert bpy.ops.csm.preview(session_code=STYLE_2024, target=block.name) == {"FINISHED"}
    for low, high in (((-0.4, -0.1, 0.2), (0.7, 0.5, 2.0)), ((0.0, 0.0, 0.0), (0.3, 0.3, 0.3))):
        edit(block, low, high)
        preview_loader.follow_edits()
        bpy.context.view_layer.update()
        followed = corners(preview_of(block))
    assert bpy.ops.csm.preview(session_code=STYLE_2024, target=block.name) == {"FINISHED"}
    anew = corners(preview_of(block))
    diagonal = np.linalg.norm(anew.max(axis=0) - anew.min(axis=0))
    assert np.abs(followed - anew).max() <= 1e-5 * diagonal


def corners(obj: bpy.types.Object) -> np.ndarray:
    """The corners of its box in the world (8, 3), in the order of their places."""
    world = np.array(obj.evaluated_get(bpy.context.evaluated_depsgraph_get()).matrix_world)
    points = np.array(obj.bound_box) @ world[:3, :3].T + world[:3, 3]
    return points[np.lexsort(np.round(points, 3).T)]


def test_a_preview_follows_a_custom_box_a_modifier_and_its_common_box(scene: bpy.types.Scene) -> None:
    block, other = chair(), chair("Other", location=(2.0, 0.0, 0.0))
    bpy.ops.csm.preview(session_code=STYLE_2024, target=block.name)
    block.csm.use_custom_box = True
    block.csm.custom_box_min, block.csm.custom_box_max = (-1.0, -1.0, 0.0), (1.0, 1.0, 3.0)
    preview_loader.follow_edits()
    assert size_of(preview_of(block)) == pytest.approx((2.0, 2.0, 3.0), rel=1e-5)
    block.csm.use_custom_box = False
    array = block.modifiers.new("Array", "ARRAY")
    array.count = 3
    bpy.context.view_layer.update()
    preview_loader.follow_edits()
    assert size_of(preview_of(block)) == pytest.approx((1.5, 0.6, 0.9), rel=1e-5)
    block.modifiers.clear()
    bpy.ops.csm.preview(session_code=STYLE_2024, target="Chair+Other")
    assert size_of(preview_of(block)) == pytest.approx((2.5, 0.6, 0.9), rel=1e-5)
    edit(other, (-0.25, -0.3, 0.0), (1.25, 0.3, 0.9))
    preview_loader.follow_edits()
    assert size_of(preview_of(block)) == pytest.approx((3.5, 0.6, 0.9), rel=1e-5)


def size_of(obj: bpy.types.Object) -> tuple[float, float, float]:
    """In the world, of an object that is not turned."""
    bpy.context.view_layer.update()
    points = corners(obj)
    return tuple(points.max(axis=0) - points.min(axis=0))


def test_what_cannot_be_followed_leaves_the_preview_as_it_was(scene: bpy.types.Scene) -> None:
    block = chair()
    bpy.ops.csm.preview(session_code=STYLE_2024, target=block.name)
    before = size_of(preview_of(block))
    preview_of(block)["csm_preview_box"] = "from another file"
    edit(block, (0.0, 0.0, 0.0), (3.0, 3.0, 3.0))
    preview_loader.follow_edits()
    assert size_of(preview_of(block)) == before
    block.data.clear_geometry()
    bpy.context.view_layer.update()
    preview_loader.follow_edits()
    assert size_of(preview_of(block)) == before
