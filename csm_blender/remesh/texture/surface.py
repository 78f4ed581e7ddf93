# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the points of a surface lie on the mesh it was made from: for each, a triangle and the weights of its corners.

Blender's Geometry Nodes look the points up, which is much faster than anything in Python: a mesh whose vertices are
the points gets one attribute from Sample Nearest Surface. Its value is packed: two weights and the number of the
triangle.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import bpy
import numpy as np

from ..material.mesh_data import Floats, Hits, Ints

AGREES = 0.25
"""Cosine between the normals of a point and of the original's triangle from which on the one shows the other."""
_NEAR = 0.003
"""Share of the diagonal: as far, a triangle that faces the same way is preferred to a nearer one that faces away."""
_FURTHER = 4.0
"""And as many times the distance of the nearer one."""
_IN_BUCKET = 0.2
_LOW = 4096
_VALUE = "csm_hit"
_AXES: Floats = np.concatenate([np.eye(3), -np.eye(3)]).astype(np.float32)


class Surface:
    """The triangles of a mesh, to be asked for the nearest point. A context manager: it makes a scene for its work."""

    def __init__(self, corners: Floats) -> None:
        """*corners* (t, 3, 3) of all triangles."""
        self._corners = corners
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        length = np.linalg.norm(normals, axis=1, keepdims=True)
        self.normals: Floats = (normals / np.maximum(length, 1e-30)).astype(np.float32)
        """(t, 3) unit normals; zero for triangles without area."""
        self._usable = np.isfinite(corners).all(axis=(1, 2)) & (length[:, 0] > 0.0)
        if not self._usable.any():
            self._usable[:] = True
        used = corners[self._usable]
        self._diagonal = float(np.linalg.norm(np.ptp(used.reshape(-1, 3), axis=0)))
        self._lookups: dict[int, _Lookup] = {}
        self._scene = bpy.data.scenes.new("Sampling")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for lookup in self._lookups.values():
            lookup.remove()
        bpy.data.scenes.remove(self._scene)

    def hits(self, points: Floats, normals: Floats) -> Hits:
        """What a surface at *points* (n, 3) with unit *normals* (n, 3) shows of the original.

        The nearest triangle, unless it faces away: it may be the other side of a thin wall or an inner shell. Then the
        nearest one that faces the same way is taken, unless it is much further: single triangles may be flipped.
        """
        found = self._lookup(-1).nearest(points)
        away = np.flatnonzero(np.einsum("ij,ij->i", self.normals[found.triangle], normals) < AGREES)
        if not len(away):
            return found
        nearest = Hits(found.triangle[away], found.weights[away])
        facing = self._nearest_facing(points[away], normals[away])
        distance = [np.linalg.norm(self._places(each) - points[away], axis=1) for each in (nearest, facing)]
        agrees = np.einsum("ij,ij->i", self.normals[facing.triangle], normals[away]) >= AGREES
        better = agrees & (distance[1] <= np.maximum(distance[0] * _FURTHER, self._diagonal * _NEAR))
        far = distance[0] > self._diagonal * _NEAR  # so far off, the nearest one is no flipped triangle of this surface
        chosen = better | (agrees & far)
        found.triangle[away[chosen]] = facing.triangle[chosen]
        found.weights[away[chosen]] = facing.weights[chosen]
        return found

    def _nearest_facing(self, points: Floats, normals: Floats) -> Hits:
        """The nearest among the triangles that face roughly along the axis that *normals* are nearest to."""
        axis = (normals @ _AXES.T).argmax(axis=1)
        result = Hits(np.zeros(len(points), dtype=np.int32), np.zeros((len(points), 3), dtype=np.float32))
        result.weights[:, 0] = 1.0
        for number in np.unique(axis):
            chosen = np.flatnonzero(axis == number)
            found = self._lookup(int(number)).nearest(points[chosen])
            result.triangle[chosen], result.weights[chosen] = found.triangle, found.weights
        return result

    def _places(self, hits: Hits) -> Floats:
        places: Floats = np.einsum("nc,nck->nk", hits.weights, self._corners[hits.triangle])
        return places

    def _lookup(self, axis: int) -> _Lookup:
        """Among all triangles (-1), or among those that face along one of the axes."""
        if axis not in self._lookups:
            used = self._usable if axis < 0 else self._usable & (self.normals @ _AXES[axis] > _IN_BUCKET)
            if not used.any():
                used = self._usable
            self._lookups[axis] = _Lookup(self._scene, self._corners, np.flatnonzero(used).astype(np.int32))
        return self._lookups[axis]


class _Lookup:
    """Some triangles as an object, and the nodes that look up the nearest of them."""

    def __init__(self, scene: bpy.types.Scene, corners: Floats, numbers: Ints) -> None:
        self._scene = scene
        self._numbers = numbers
        self._mesh = _triangle_soup(corners[numbers])
        self._object = bpy.data.objects.new("Original", self._mesh)
        self._nodes = _sampling_nodes(self._object)

    def nearest(self, points: Floats) -> Hits:
        """The nearest of the triangles to each of *points* (n, 3)."""
        mesh: Any = bpy.data.meshes.new("Texels")
        mesh.vertices.add(len(points))
        mesh.vertices.foreach_set("co", np.ascontiguousarray(points, dtype=np.float32).ravel())
        obj = bpy.data.objects.new("Texels", mesh)
        try:
            self._scene.collection.objects.link(obj)
            modifier: Any = obj.modifiers.new("Sampling", "NODES")
            modifier.node_group = self._nodes
            layer: Any = self._scene.view_layers[0]
            layer.update()
            evaluated: Any = obj.evaluated_get(layer.depsgraph).data
            values = np.empty(len(points) * 4, dtype=np.float32)
            evaluated.attributes[_VALUE].data.foreach_get("color", values)
        finally:
            bpy.data.objects.remove(obj)
            bpy.data.meshes.remove(mesh)
        return self._unpacked(values.reshape(-1, 4))

    def remove(self) -> None:
        """Remove all that was made."""
        bpy.data.node_groups.remove(self._nodes)
        bpy.data.objects.remove(self._object)
        bpy.data.meshes.remove(self._mesh)

    def _unpacked(self, values: Floats) -> Hits:
        number = np.rint(values[:, 3]).astype(np.int32) * _LOW + np.rint(values[:, 2]).astype(np.int32)
        number = np.clip(number, 0, len(self._numbers) - 1)
        weights = np.empty((len(values), 3), dtype=np.float32)
        np.clip(values[:, :2], 0.0, 1.0, out=weights[:, :2])
        np.clip(1.0 - weights[:, 0] - weights[:, 1], 0.0, 1.0, out=weights[:, 2])
        return Hits(self._numbers[number], weights)


def _triangle_soup(corners: Floats) -> bpy.types.Mesh:
    """A mesh of separate triangles, whose corners say which triangle it is and which corner."""
    count = len(corners)
    mesh: Any = bpy.data.meshes.new("Original")
    mesh.vertices.add(count * 3)
    mesh.vertices.foreach_set("co", np.nan_to_num(corners, posinf=0.0, neginf=0.0).ravel())
    mesh.loops.add(count * 3)
    mesh.loops.foreach_set("vertex_index", np.arange(count * 3, dtype=np.int32))
    mesh.polygons.add(count)
    mesh.polygons.foreach_set("loop_start", np.arange(count, dtype=np.int32) * 3)
    mesh.update(calc_edges=True)
    values = np.zeros((count, 3, 4), dtype=np.float32)
    values[:, 0, 0] = values[:, 1, 1] = 1.0
    number = np.arange(count)
    values[..., 2], values[..., 3] = (number % _LOW)[:, None], (number // _LOW)[:, None]
    attribute = mesh.attributes.new(_VALUE, "FLOAT_COLOR", "POINT")
    attribute.data.foreach_set("color", values.ravel())
    made: bpy.types.Mesh = mesh
    return made


def _sampling_nodes(original: bpy.types.Object) -> bpy.types.NodeTree:
    """Nodes that store at each vertex the value of *original* at the nearest point of its surface."""
    groups: Any = bpy.data.node_groups
    tree = groups.new("Sampling", "GeometryNodeTree")
    for direction in ("INPUT", "OUTPUT"):
        tree.interface.new_socket("Geometry", in_out=direction, socket_type="NodeSocketGeometry")
    new, link = tree.nodes.new, tree.links.new
    source = new("GeometryNodeObjectInfo")
    source.inputs["Object"].default_value = original
    named = new("GeometryNodeInputNamedAttribute")
    named.data_type = "FLOAT_COLOR"
    named.inputs["Name"].default_value = _VALUE
    sample = new("GeometryNodeSampleNearestSurface")
    sample.data_type = "FLOAT_COLOR"
    link(source.outputs["Geometry"], sample.inputs[0])
    link(named.outputs["Attribute"], sample.inputs["Value"])
    store = new("GeometryNodeStoreNamedAttribute")
    store.data_type, store.domain = "FLOAT_COLOR", "POINT"
    store.inputs["Name"].default_value = _VALUE
    link(new("NodeGroupInput").outputs[0], store.inputs[0])
    link(sample.outputs[0], store.inputs["Value"])
    link(store.outputs[0], new("NodeGroupOutput").inputs[0])
    made: bpy.types.NodeTree = tree
    return made
