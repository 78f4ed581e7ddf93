# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluate objects that the scene at hand does not: hidden and excluded ones, and those of another scene.

Blender keeps no evaluated shape of what nobody sees, and leaves its world matrix as it was when it was last seen. Here
a scene of one's own looks at them for a moment. It writes to ``bpy.data``, so it cannot be used while a panel draws.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import bpy
from mathutils import Matrix

_NAME = "csm_measuring"


def is_evaluated(obj: bpy.types.Object, depsgraph: bpy.types.Depsgraph) -> bool:
    """Whether *depsgraph* keeps shape and place of *obj* up to date: it is in that view layer, and seen."""
    view_layer = depsgraph.view_layer
    assert view_layer is not None
    return view_layer.objects.get(obj.name) == obj and obj.visible_get(view_layer=view_layer)


@contextmanager
def looking_at(
    objects: Sequence[bpy.types.Object], frame_of: bpy.types.Scene
) -> Iterator[tuple[bpy.types.Depsgraph, list[bpy.types.Object]]]:
    """A depsgraph of nothing but visible copies of *objects*, at the frame *frame_of* shows, and those copies.

    Copies, because an object that is switched off is so in every scene. What they depend on is evaluated with them.
    """
    scene = bpy.data.scenes.new(_NAME)
    copies: list[bpy.types.Object] = []
    try:
        scene.frame_current, scene.frame_subframe = frame_of.frame_current, frame_of.frame_subframe
        for obj in objects:
            copy = obj.copy()
            copies.append(copy)
            copy.hide_viewport = False
            scene.collection.objects.link(copy)
        yield _depsgraph(scene), copies
    finally:
        for copy in copies:
            bpy.data.objects.remove(copy)
        bpy.data.scenes.remove(scene)


def world_matrix(obj: bpy.types.Object, depsgraph: bpy.types.Depsgraph) -> Matrix:
    """Where *obj* really stands, even where Blender's own ``matrix_world`` is stale."""
    if is_evaluated(obj, depsgraph):
        return obj.evaluated_get(depsgraph).matrix_world.copy()
    shown = depsgraph.scene
    assert shown is not None
    scene = bpy.data.scenes.new(_NAME)
    follower = bpy.data.objects.new(_NAME, None)
    try:
        scene.frame_current, scene.frame_subframe = shown.frame_current, shown.frame_subframe
        # What a constraint points at has its place evaluated, and only that: cheap for heavy objects.
        follower.constraints.new("COPY_TRANSFORMS").target = obj  # type: ignore[attr-defined]  # by constraint type
        scene.collection.objects.link(follower)
        return obj.evaluated_get(_depsgraph(scene)).matrix_world.copy()
    finally:
        bpy.data.objects.remove(follower)
        bpy.data.scenes.remove(scene)


def depsgraph_of(scene: bpy.types.Scene) -> bpy.types.Depsgraph:
    """The depsgraph of *scene*, up to date: the one of the view layer at hand, or of its first."""
    view_layer = bpy.context.view_layer if bpy.context.scene == scene else scene.view_layers[0]
    assert view_layer is not None
    return _updated(view_layer)


def _depsgraph(scene: bpy.types.Scene) -> bpy.types.Depsgraph:
    return _updated(scene.view_layers[0])


def _updated(view_layer: bpy.types.ViewLayer) -> bpy.types.Depsgraph:
    view_layer.update()
    depsgraph = view_layer.depsgraph
    assert depsgraph is not None
    return depsgraph
