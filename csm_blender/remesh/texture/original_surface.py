# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the points of a surface lie on the mesh it was made from: for each, a triangle and the weights of its corners.

Blender's Geometry Nodes look the points up, which is much faster than anything in Python: a mesh whose vertices are
the points gets one attribute from Sample Nearest Surface. Its value is packed: two weights and the number of the
triangle.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import bpy
import numpy as np
from numpy.typing import NDArray

from ..geometry.surface import fill, set_points
from ..material.mesh_data import Floats, Hits, Ints

AGREES = 0.25
"""Cosine between the normals of a point and of the original's triangle from which on the one shows the other."""
_NEAR = 0.003
"""Share of the diagonal within which a triangle that faces away may be one that is flipped by mistake."""
_TIMES = 2.0
"""As many times as far as nine of ten points are from the triangles that agree with them, it may be at most."""
_RIM = 3.0
"""As many times as far, a triangle that faces the same way may be the rim of a hole over one that faces away."""
_MEASURED = 16
"""Every so many points are measured for that."""
_CLEAR = 2e-5
"""Share of the diagonal by which rays start above a triangle, not to meet it."""
_IN_BUCKET = 0.2
_LOW = 4096
_VALUE, _DIRECTION, _REACH = "csm_hit", "csm_direction", "csm_reach"
_AXES: Floats = np.concatenate([np.eye(3), -np.eye(3)]).astype(np.float32)


class OriginalSurface:
    """The triangles of a mesh, to be asked for the nearest point. A context manager: it makes a scene for its work."""

    def __init__(self, corners: Floats, flipped: NDArray[np.bool_] | None = None) -> None:
        """*corners* (t, 3, 3) of all triangles; *flipped* (t,) are known to be turned over by mistake."""
        self._corners = corners
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        length = np.linalg.norm(normals, axis=1, keepdims=True)
        self.normals: Floats = (normals / np.maximum(length, 1e-30)).astype(np.float32)
        """(t, 3) unit normals; zero for triangles without area."""
        self._facing = self.normals
        if flipped is not None and flipped.any():
            self._facing = self.normals.copy()
            self._facing[flipped] *= np.float32(-1.0)
        self._usable = np.isfinite(corners).all(axis=(1, 2)) & (length[:, 0] > 0.0) & _is_first_of_equals(corners)
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

        The nearest triangle, if it faces the same way and is no further than usual. One that faces away may be flipped
        by mistake, or the other side of a thin wall or an inner shell: if something is in front of it that is taken, or
        if it is not close the nearest one that faces the same way, whichever is nearer.
        """
        found = self._lookup(-1).nearest(points)
        is_away = np.einsum("ij,ij->i", self._facing[found.triangle], normals) < AGREES
        gap = self._places(found) - points
        distance = np.sqrt(np.einsum("ij,ij->i", gap, gap))
        near = self._diagonal * _NEAR
        usual = distance[~is_away][::_MEASURED]
        if len(usual):
            near = min(near, _TIMES * float(np.percentile(usual, 90)) + self._diagonal * _CLEAR)
        doubtful = np.flatnonzero(is_away | (distance > near))
        if len(doubtful):
            nearest = Hits(found.triangle[doubtful], found.weights[doubtful])
            chosen = self._in_front(points[doubtful], normals[doubtful], nearest, near)
            found.triangle[doubtful], found.weights[doubtful] = chosen.triangle, chosen.weights
        return found

    def _in_front(self, points: Floats, normals: Floats, nearest: Hits, near: float) -> Hits:
        """*nearest* (n), with those replaced that are not seen from where *normals* (n, 3) point.

        Only within *near* may a triangle that faces away be one of this surface that is flipped.
        """
        is_away = ~self._agree(nearest, normals)
        facing = Hits(nearest.triangle.copy(), nearest.weights.copy())
        away = np.flatnonzero(is_away)
        if len(away):
            found = self._nearest_facing(points[away], normals[away])
            facing.triangle[away], facing.weights[away] = found.triangle, found.weights
        places = self._places(nearest)
        distance = np.linalg.norm(places - points, axis=1)
        further = np.linalg.norm(self._places(facing) - points, axis=1)
        agrees = self._agree(facing, normals)
        start = places + normals * np.float32(self._diagonal * _CLEAR)
        is_covered, cover = self._lookup(-1).first_along(start, normals, np.where(agrees, distance + further, distance))
        from_cover = np.linalg.norm(self._places(cover) - points, axis=1)
        use_cover = is_covered & np.where(is_away, ~agrees | (from_cover < further), self._agree(cover, normals))
        is_hole = (distance > near) | (further < distance * _RIM)
        use_facing = agrees & ~use_cover & (is_covered | is_hole)
        triangle = np.where(use_cover, cover.triangle, np.where(use_facing, facing.triangle, nearest.triangle))
        weights = np.where(use_facing[:, None], facing.weights, nearest.weights)
        weights[use_cover] = cover.weights[use_cover]
        return Hits(triangle, weights)

    def _nearest_facing(self, points: Floats, normals: Floats) -> Hits:
        """The nearest among the triangles that face roughly along the axis that *normals* are nearest to."""
        axis = (normals @ _AXES.T).argmax(axis=1)
        result = Hits(np.zeros(len(points), dtype=np.int32), np.zeros((len(points), 3), dtype=np.float32))
        result.weights[:, 0] = 1.0
        for number in np.flatnonzero(np.bincount(axis)):
            chosen = np.flatnonzero(axis == number)
            found = self._lookup(int(number)).nearest(points[chosen])
            result.triangle[chosen], result.weights[chosen] = found.triangle, found.weights
        return result

    def _agree(self, hits: Hits, normals: Floats) -> NDArray[np.bool_]:
        """(n,) whether the triangles face the way that *normals* (n, 3) point."""
        agree: NDArray[np.bool_] = np.einsum("ij,ij->i", self._facing[hits.triangle], normals) >= AGREES
        return agree

    def _places(self, hits: Hits) -> Floats:
        places: Floats = np.einsum("nc,nck->nk", hits.weights, self._corners[hits.triangle])
        return places

    def _lookup(self, axis: int) -> _Lookup:
        """Among all triangles (-1), or among those that face along one of the axes."""
        if axis not in self._lookups:
            used = self._usable if axis < 0 else self._usable & (self._facing @ _AXES[axis] > _IN_BUCKET)
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
        self._nodes: dict[str, bpy.types.NodeTree] = {}

    def nearest(self, points: Floats) -> Hits:
        """The nearest of the triangles to each of *points* (n, 3)."""
        return self._unpacked(self._looked_up("nearest", points, {}))

    def first_along(self, points: Floats, directions: Floats, reach: Floats) -> tuple[Any, Hits]:
        """(n,) whether rays from *points* along *directions* (n, 3) meet a triangle within *reach* (n,), and where."""
        fields = {_DIRECTION: ("FLOAT_VECTOR", "vector", directions), _REACH: ("FLOAT", "value", reach)}
        values = self._looked_up("ray", points, fields)
        return values.any(axis=1), self._unpacked(values)  # all values of a ray that meets nothing are 0

    def _looked_up(self, way: str, points: Floats, fields: Mapping[str, tuple[str, str, Floats]]) -> Floats:
        """(n, 4) what the nodes for *way* store at *points* (n, 3), which have the attributes *fields*."""
        if way not in self._nodes:
            self._nodes[way] = _sampling_nodes(self._object, is_ray=way == "ray")
        mesh: Any = bpy.data.meshes.new("Texels")
        obj = bpy.data.objects.new("Texels", mesh)
        try:
            set_points(mesh, points)
            for name, (kind, field, given) in fields.items():
                attribute = mesh.attributes.new(name, kind, "POINT")
                attribute.data.foreach_set(field, np.ascontiguousarray(given, dtype=np.float32).ravel())
            self._scene.collection.objects.link(obj)
            modifier: Any = obj.modifiers.new("Sampling", "NODES")
            modifier.node_group = self._nodes[way]
            layer: Any = self._scene.view_layers[0]
            layer.update()
            evaluated: Any = obj.evaluated_get(layer.depsgraph).data
            values = np.empty(len(points) * 4, dtype=np.float32)
            evaluated.attributes[_VALUE].data.foreach_get("color", values)
        finally:
            bpy.data.objects.remove(obj)
            bpy.data.meshes.remove(mesh)
        return values.reshape(-1, 4)

    def remove(self) -> None:
        """Remove all that was made."""
        for tree in self._nodes.values():
            bpy.data.node_groups.remove(tree)
        bpy.data.objects.remove(self._object)
        bpy.data.meshes.remove(self._mesh)

    def _unpacked(self, values: Floats) -> Hits:
        number = np.rint(values[:, 3]).astype(np.int32) * _LOW + np.rint(values[:, 2]).astype(np.int32)
        number = np.clip(number, 0, len(self._numbers) - 1)
        weights = np.empty((len(values), 3), dtype=np.float32)
        np.clip(values[:, :2], 0.0, 1.0, out=weights[:, :2])
        np.clip(1.0 - weights[:, 0] - weights[:, 1], 0.0, 1.0, out=weights[:, 2])
        return Hits(self._numbers[number], weights)


def _is_first_of_equals(corners: Floats) -> NDArray[np.bool_]:
    """(t,) which triangles have no equal before them. Of a thousand equals, Blender measures each for each point.

    They are compared by a number of 64 bits, made with factors that are as good as random.
    """
    words = (corners.astype(np.float32) + np.float32(0.0)).view(np.uint32).reshape(len(corners), 9).astype(np.uint64)
    factors = np.random.default_rng(1).integers(1, 2**64, 9, dtype=np.uint64)
    is_first = np.zeros(len(corners), dtype=np.bool_)
    is_first[np.unique((words * factors).sum(axis=1, dtype=np.uint64), return_index=True)[1]] = True
    return is_first


def _triangle_soup(corners: Floats) -> bpy.types.Mesh:
    """A mesh of separate triangles, whose corners say which triangle it is and which corner."""
    count = len(corners)
    mesh: Any = bpy.data.meshes.new("Original")
    places = np.nan_to_num(corners, posinf=0.0, neginf=0.0).reshape(-1, 3)
    fill(mesh, places, np.arange(count * 3, dtype=np.int32).reshape(-1, 3))
    values = np.zeros((count, 3, 4), dtype=np.float32)
    values[:, 0, 0] = values[:, 1, 1] = 1.0
    number = np.arange(count)
    values[..., 2], values[..., 3] = (number % _LOW)[:, None], (number // _LOW)[:, None]
    attribute = mesh.attributes.new(_VALUE, "FLOAT_COLOR", "POINT")
    attribute.data.foreach_set("color", values.ravel())
    made: bpy.types.Mesh = mesh
    return made


def _sampling_nodes(original: bpy.types.Object, *, is_ray: bool) -> bpy.types.NodeTree:
    """Nodes that store at each vertex the value of *original* at the nearest point, or where its ray meets it first."""
    groups: Any = bpy.data.node_groups
    tree = groups.new("Sampling", "GeometryNodeTree")
    for direction in ("INPUT", "OUTPUT"):
        tree.interface.new_socket("Geometry", in_out=direction, socket_type="NodeSocketGeometry")
    new, link = tree.nodes.new, tree.links.new

    def named(name: str, kind: str) -> Any:
        node = new("GeometryNodeInputNamedAttribute")
        node.data_type = kind
        node.inputs["Name"].default_value = name
        return node.outputs["Attribute"]

    source = new("GeometryNodeObjectInfo")
    source.inputs["Object"].default_value = original
    sample = new("GeometryNodeRaycast" if is_ray else "GeometryNodeSampleNearestSurface")
    sample.data_type = "FLOAT_COLOR"
    link(source.outputs["Geometry"], sample.inputs[0])
    link(named(_VALUE, "FLOAT_COLOR"), sample.inputs["Attribute" if is_ray else "Value"])
    if is_ray:
        link(named(_DIRECTION, "FLOAT_VECTOR"), sample.inputs["Ray Direction"])
        link(named(_REACH, "FLOAT"), sample.inputs["Ray Length"])
    store = new("GeometryNodeStoreNamedAttribute")
    store.data_type, store.domain = "FLOAT_COLOR", "POINT"
    store.inputs["Name"].default_value = _VALUE
    link(new("NodeGroupInput").outputs[0], store.inputs[0])
    link(sample.outputs["Attribute"] if is_ray else sample.outputs[0], store.inputs["Value"])
    link(store.outputs[0], new("NodeGroupOutput").inputs[0])
    made: bpy.types.NodeTree = tree
    return made
