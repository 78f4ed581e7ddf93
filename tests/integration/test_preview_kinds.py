# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever can be a block-out has its preview in its box, and is measured the same with it as without."""

from __future__ import annotations

from pathlib import Path

import bpy
import fit_measure as fm
import pytest
from fit_bench import Order, converted, new_scene, open_file, planned, save
from fit_glbs import obedient
from fit_kinds import KINDS

from csm_blender.core.models import Original
from csm_blender.scene.blender.evaluation import depsgraph_of
from csm_blender.scene.measure.measure import find_objects, measure_common
from csm_blender.scene.placement import preview_objects
from csm_blender.scene.placement.preview_objects import Remark


@pytest.mark.parametrize("name", list(KINDS))
def test_the_preview_fills_the_box(name: str, tmp_path: Path) -> None:
    new_scene()
    kind = KINDS[name](tmp_path)
    save(tmp_path / "in.blend")
    open_file(tmp_path / "in.blend")
    scene = bpy.data.scenes[kind.scene] if kind.scene else bpy.context.scene
    spec = planned(Order(kind.names, Original.KEEP), scene)
    sent = spec.refinement
    job = converted(spec, obedient(sent.scaled_bbox, sent.pivot_point), tmp_path / "work")

    open_file(tmp_path / "in.blend")
    scene = bpy.data.scenes[kind.scene] if kind.scene else bpy.context.scene
    if kind.scene and bpy.context.window:
        bpy.context.window.scene = scene
    objects = find_objects(scene, kind.names)
    before = measure_common(objects, depsgraph_of(scene))
    preview = preview_objects.show(spec, job.result.conversion, Remark.NONE, scene, objects[0])
    assert measure_common(objects, depsgraph_of(scene)) == before
    assert fm.distance(fm.result_corners(preview), kind.corners) <= kind.limit
    assert fm.origin_distance(preview, kind.origin, kind.corners) <= kind.limit
    assert preview_objects.block_out_of(preview) == objects[0]
    preview_objects.remove_of(objects)
    assert not [obj for obj in bpy.data.objects if preview_objects.is_preview(obj)]
    assert measure_common(objects, depsgraph_of(scene)) == before


def test_a_block_out_flattened_while_the_preview_was_fetched(tmp_path: Path) -> None:
    new_scene()
    kind = KINDS[next(iter(KINDS))](tmp_path)
    save(tmp_path / "in.blend")
    spec = planned(Order(kind.names, Original.KEEP), bpy.context.scene)
    job = converted(spec, obedient(spec.refinement.scaled_bbox, spec.refinement.pivot_point), tmp_path / "work")
    open_file(tmp_path / "in.blend")
    scene = bpy.context.scene
    target = scene.objects[kind.names]
    target.scale = (0.0, 1.0, 1.0)
    bpy.context.view_layer.update()
    preview = preview_objects.show(spec, job.result.conversion, Remark.NONE, scene, target)
    assert fm.distance(fm.result_corners(preview), fm.result_corners(target)) < 1e-5
    assert preview_objects.block_out_of(preview) == target
