# SPDX-License-Identifier: GPL-3.0-or-later
"""The nearest places on a mesh, for many points at once: Geometry Nodes does it in C, with all cores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from .arrays import Points
from .node_group import evaluated, object_of
from .surface import set_points


@dataclass(frozen=True)
class Nearest:
    """For n points the nearest ``places`` (n, 3) on the mesh, and the unit ``normals`` (n, 3) of its faces there."""

    places: Points
    normals: Points


def nearest_on(mesh: bpy.types.Mesh, points: Points) -> Nearest:
    """The places on *mesh* nearest to *points* (n, 3)."""
    if not len(points):
        return Nearest(np.zeros((0, 3)), np.zeros((0, 3)))
    cloud = bpy.data.meshes.new("CSM points")
    try:
        set_points(cloud, points.astype(np.float32))
        with object_of(mesh) as target, evaluated(cloud, lambda tree, i, o: _sample(tree, i, o, target)) as found:
            return Nearest(_vectors(found, "csm_place"), _vectors(found, "csm_normal"))
    finally:
        bpy.data.meshes.remove(cloud)


def distances_to(mesh: bpy.types.Mesh, points: Points) -> NDArray[np.float64]:
    """The distance of each of *points* (n, 3) from *mesh*, (n,)."""
    return np.asarray(np.linalg.norm(nearest_on(mesh, points).places - points, axis=1))


def _sample(tree: Any, before: Any, after: Any, target: bpy.types.Object) -> None:
    nodes, links = tree.nodes, tree.links
    info = nodes.new("GeometryNodeObjectInfo")
    info.transform_space = "ORIGINAL"
    info.inputs["Object"].default_value = target
    for name, source in (("csm_place", "GeometryNodeInputPosition"), ("csm_normal", "GeometryNodeInputNormal")):
        sample = nodes.new("GeometryNodeSampleNearestSurface")
        sample.data_type = "FLOAT_VECTOR"
        value = nodes.new(source).outputs[0]
        if name == "csm_normal":  # the faces' own, not smoothed ones
            on_faces = nodes.new("GeometryNodeFieldOnDomain")
            on_faces.data_type, on_faces.domain = "FLOAT_VECTOR", "FACE"
            links.new(value, on_faces.inputs[0])
            value = on_faces.outputs[0]
        store = nodes.new("GeometryNodeStoreNamedAttribute")
        store.data_type, store.domain = "FLOAT_VECTOR", "POINT"
        store.inputs["Name"].default_value = name
        links.new(info.outputs["Geometry"], sample.inputs[0])
        links.new(value, sample.inputs["Value"])
        links.new(before, store.inputs[0])
        links.new(sample.outputs[0], store.inputs["Value"])
        before = store.outputs[0]
    links.new(before, after)


def _vectors(mesh: bpy.types.Mesh, name: str) -> Points:
    attribute: Any = mesh.attributes[name]
    flat = np.empty(len(attribute.data) * 3, dtype=np.float32)
    attribute.data.foreach_get("vector", flat)
    return flat.reshape(-1, 3).astype(np.float64)
