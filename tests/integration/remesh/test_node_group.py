# SPDX-License-Identifier: GPL-3.0-or-later
"""Geometry Nodes applied to a mesh that is in no scene: nothing of them is left."""

from __future__ import annotations

from typing import Any

import pytest

bpy = pytest.importorskip("bpy")

from surfaces import as_mesh, box

from csm_blender.remesh.geometry.node_group import evaluated

pytestmark = pytest.mark.usefixtures("empty_blender")


def passed_on(tree: Any, before: Any, after: Any) -> None:
    tree.links.new(before, after)


def broken(_tree: Any, _before: Any, _after: Any) -> None:
    raise RuntimeError("no such node in this Blender")


def test_nodes_are_gone_afterwards() -> None:
    mesh = as_mesh(box())
    with evaluated(mesh, passed_on) as made:
        assert len(made.polygons) == 12
    assert not len(bpy.data.node_groups)
    assert not len(bpy.data.objects)
    assert list(bpy.data.meshes) == [mesh]


def test_nodes_that_cannot_be_made_leave_nothing_behind() -> None:
    mesh = as_mesh(box())
    with pytest.raises(RuntimeError, match="no such node"), evaluated(mesh, broken):
        pass
    assert not len(bpy.data.node_groups)
    assert not len(bpy.data.objects)
    assert list(bpy.data.meshes) == [mesh]
