# SPDX-License-Identifier: GPL-3.0-or-later
"""Geometry Nodes as a tool: a group of nodes applied to a mesh that is in no scene."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import bpy

Build = Callable[[Any, Any, Any], None]
"""Adds nodes to a tree, between its input and its output socket."""


@contextmanager
def evaluated(mesh: bpy.types.Mesh, build: Build) -> Iterator[bpy.types.Mesh]:
    """What the nodes that *build* adds make of *mesh*; it is gone afterwards. *mesh* itself is not changed."""
    tree: Any = bpy.data.node_groups.new("CSM", cast("Any", "GeometryNodeTree"))  # the stub knows no type of tree
    obj = bpy.data.objects.new("CSM", mesh)
    try:
        tree.interface.new_socket("Geometry", in_out="INPUT", socket_type="NodeSocketGeometry")
        tree.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
        build(tree, tree.nodes.new("NodeGroupInput").outputs[0], tree.nodes.new("NodeGroupOutput").inputs[0])
        assert bpy.context.scene is not None
        bpy.context.scene.collection.objects.link(obj)
        modifier: Any = obj.modifiers.new("CSM", "NODES")
        modifier.node_group = tree
        made = obj.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
        assert isinstance(made, bpy.types.Mesh)
        yield made
    finally:
        bpy.data.objects.remove(obj)
        bpy.data.node_groups.remove(tree)


@contextmanager
def object_of(mesh: bpy.types.Mesh) -> Iterator[bpy.types.Object]:
    """An object with *mesh* at the origin, for nodes that look at another object."""
    obj = bpy.data.objects.new("CSM target", mesh)
    assert bpy.context.scene is not None
    bpy.context.scene.collection.objects.link(obj)
    try:
        yield obj
    finally:
        bpy.data.objects.remove(obj)
