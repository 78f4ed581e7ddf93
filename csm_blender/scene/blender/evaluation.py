# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluate objects that the current view layer does not: hidden and excluded ones, and those of another scene.

Blender keeps no evaluated shape of what is not visible, and leaves its world matrix as it was when it last was. Here a
temporary scene evaluates them. That writes to ``bpy.data``, so it cannot be used while a panel draws.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import bpy
from mathutils import Matrix

_NAME = "csm_measuring"


def is_evaluated(obj: bpy.types.Object, depsgraph: bpy.types.Depsgraph) -> bool:
    """Whether *depsgraph* keeps shape and place of *obj* up to date: it is visible in that view layer."""
    view_layer: Any = depsgraph.view_layer
    return view_layer.objects.get(obj.name) == obj and obj.visible_get(view_layer=view_layer)


@contextmanager
def looking_at(
    objects: Sequence[bpy.types.Object], frame_of: bpy.types.Scene
) -> Iterator[tuple[bpy.types.Depsgraph, list[bpy.types.Object]]]:
    """A depsgraph of visible copies of *objects*, at the current frame of *frame_of*, and those copies."""
    copies: list[bpy.types.Object] = []  # because an object that is disabled in viewports is so in every scene
    with _temporary_scene(frame_of, copies) as scene:
        for obj in objects:
            copy = obj.copy()
            copies.append(copy)
            copy.hide_viewport = False
            scene.collection.objects.link(copy)
        yield _updated(scene.view_layers[0]), copies


def world_matrix(obj: bpy.types.Object, depsgraph: bpy.types.Depsgraph) -> Matrix:
    """The world matrix of *obj*, also where its ``matrix_world`` is out of date."""
    if is_evaluated(obj, depsgraph):
        return obj.evaluated_get(depsgraph).matrix_world.copy()
    follower = bpy.data.objects.new(_NAME, None)
    with _temporary_scene(depsgraph.scene, [follower]) as scene:
        # Of a constraint's target only the transform is evaluated: cheap for heavy objects.
        follower.constraints.new("COPY_TRANSFORMS").target = obj  # type: ignore[attr-defined]  # by constraint type
        scene.collection.objects.link(follower)
        return obj.evaluated_get(_updated(scene.view_layers[0])).matrix_world.copy()


def world_matrices(scene: bpy.types.Scene) -> dict[bpy.types.Object, Matrix]:
    """The world matrices of all objects that are visible in *scene*, of one evaluation."""
    depsgraph = depsgraph_of(scene)
    view_layer: Any = depsgraph.view_layer
    visible = [obj for obj in view_layer.objects if obj.visible_get(view_layer=view_layer)]
    return {obj: obj.evaluated_get(depsgraph).matrix_world.copy() for obj in visible}


def depsgraph_of(scene: bpy.types.Scene) -> bpy.types.Depsgraph:
    """The depsgraph of *scene*, up to date: that of the current view layer, else of its first."""
    return _updated(bpy.context.view_layer if bpy.context.scene == scene else scene.view_layers[0])


@contextmanager
def _temporary_scene(frame_of: Any, objects: list[bpy.types.Object]) -> Iterator[bpy.types.Scene]:
    """A new scene at the current frame of *frame_of*, removed at the end, as are *objects*."""
    scene = bpy.data.scenes.new(_NAME)
    try:
        scene.frame_current, scene.frame_subframe = frame_of.frame_current, frame_of.frame_subframe
        yield scene
    finally:
        if bpy.context.window is None:  # as in --command: scenes.remove looks for it, and crashes Blender 4.3
            bpy.data.batch_remove([*objects, scene])
        else:
            for obj in objects:
                bpy.data.objects.remove(obj)
            bpy.data.scenes.remove(scene)


def _updated(view_layer: Any) -> bpy.types.Depsgraph:
    view_layer.update()
    depsgraph: bpy.types.Depsgraph = view_layer.depsgraph
    return depsgraph
