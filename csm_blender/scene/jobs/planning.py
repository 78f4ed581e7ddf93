# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan a job from objects of the scene and the user's choices. Nothing is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import bpy

from ...core.geometry import box
from ...core.models import Choices, JobSpec, Materials, Original, Vec3
from ..measure.measure import measure_common
from ..placement.preview_objects import check_no_previews
from ..placement.target_checks import check_changeable


def plan_for_objects(
    session_code: str,
    objects: Sequence[bpy.types.Object],
    scene: bpy.types.Scene,
    depsgraph: bpy.types.Depsgraph,
    choices: Choices,
) -> JobSpec:
    """Plan a refine into the common box of *objects*, in the axes of the first. Raises :class:`UsageError`."""
    check_no_previews(objects)
    check_changeable(objects, choices.original)
    target = measure_common(objects, depsgraph)
    scale_length = scene.unit_settings.scale_length
    refinement, placement = box.plan(target, choices, scale_length)
    return JobSpec(
        session_code=session_code,
        result_name=f"{target.object_name}_refined",
        refinement=refinement,
        placement=placement,
        scale_length=scale_length,
        target=target,
        choices=choices.settled(),
        blend_file=bpy.data.filepath,
        scene_name=scene.name,
        parts=tuple(obj.name for obj in objects) if len(objects) > 1 else (),
    )


def plan_for_numbers(
    session_code: str, scaled_bbox: Vec3, pivot_point: Vec3 | None, scene: bpy.types.Scene, choices: Choices
) -> JobSpec:
    """Plan a refine into a box in API order and meters, without a block-out. Raises :class:`BadValue`."""
    scale_length = scene.unit_settings.scale_length
    refinement, placement = box.plan_for_numbers(scaled_bbox, pivot_point, scale_length=scale_length)
    return JobSpec(
        session_code=session_code,
        result_name=session_code,
        refinement=refinement,
        placement=placement,
        scale_length=scale_length,
        choices=replace(choices, original=Original.HIDE, copies=False, materials=Materials.REFINED).settled(),
        blend_file=bpy.data.filepath,
        scene_name=scene.name,
    )
