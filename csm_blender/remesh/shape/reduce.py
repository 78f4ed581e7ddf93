# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a surface down to a budget of triangles: Blender's Decimate modifier, by collapsing edges."""

from __future__ import annotations

import bpy
import numpy as np

from ..geometry.bodies import bodies_in
from ..geometry.surface import Surface, joined, mesh_of, surface_of
from ..geometry.topology import twins_of

ROUNDS = 6
SMOOTH = 0.5
"""How far points at folds are moved toward the middle of their neighbors."""
LEAST = 12
"""Triangles a body is left with at least where each body has a share of its own."""
SAME_BOX = 0.02
"""By how much the box may change, as a share of the diagonal."""


def reduced(surface: Surface, triangles: int) -> Surface:
    """*surface* with at most *triangles* triangles, as near to that as collapsing edges comes.

    Where some of it cannot be collapsed, Decimate takes the rest away instead; then each body gets its own share.
    """
    if len(surface.triangles) <= triangles:
        return surface
    found = _collapsed_to(surface, triangles)
    if len(found.triangles) <= triangles and _has_same_box(found, surface):
        return found
    bodies = bodies_in(surface)
    share = np.maximum((triangles * bodies.area / bodies.area.sum()).astype(int), LEAST)
    parts = [surface.kept(bodies.label == body) for body in range(bodies.count)]
    return joined([_collapsed_to(part, int(most)) for part, most in zip(parts, share, strict=True)])


def _collapsed_to(surface: Surface, triangles: int) -> Surface:
    for _ in range(ROUNDS):
        if len(surface.triangles) <= triangles:
            break
        found = _collapsed(surface, triangles / len(surface.triangles))
        surface = found if len(found.triangles) <= triangles else _unfolded(found)
    return surface


def _unfolded(surface: Surface) -> Surface:
    """*surface* with its points moved toward their neighbors and out again where it is folded.

    No edge is collapsed that would turn a triangle over: in a surface full of folds that is every edge.
    """
    edges = surface.edges
    twins = twins_of(edges)
    sides = np.flatnonzero(twins > np.arange(len(twins)))
    faces = surface.face_vectors()
    folded = np.einsum("ij,ij->i", faces[sides // 3], faces[twins[sides] // 3]) < 0.0
    moving = np.zeros(len(surface.points), dtype=bool)
    moving[surface.triangles[sides[folded] // 3]] = True
    moving[surface.triangles[twins[sides[folded]] // 3]] = True
    moving[edges.ends[edges.faces == 1]] = False
    a, b = np.concatenate([edges.ends, edges.ends[:, ::-1]])[
        np.concatenate([moving[edges.ends[:, 0]], moving[edges.ends[:, 1]]])
    ].T
    points = surface.points.copy()
    count = np.maximum(np.bincount(a, minlength=len(points)), 1)
    for share in (SMOOTH, -SMOOTH):
        sums = [np.bincount(a, weights=points[b, axis], minlength=len(points)) for axis in range(3)]
        middle = np.stack(sums, axis=1) / count[:, None]
        points[moving] += share * (middle - points)[moving]
    return Surface(points, surface.triangles)


def _has_same_box(a: Surface, b: Surface) -> bool:
    corners = [np.stack([each.points.min(axis=0), each.points.max(axis=0)]) for each in (a, b)]
    return bool(np.abs(corners[0] - corners[1]).max() < SAME_BOX * b.diagonal)


def _collapsed(surface: Surface, ratio: float) -> Surface:
    mesh = mesh_of(surface, "CSM reduced")
    obj = bpy.data.objects.new("CSM reduced", mesh)
    assert bpy.context.scene is not None
    bpy.context.scene.collection.objects.link(obj)
    try:
        decimate = obj.modifiers.new("CSM", "DECIMATE")
        assert isinstance(decimate, bpy.types.DecimateModifier)
        decimate.ratio, decimate.use_collapse_triangulate = ratio, True
        made = obj.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
        assert isinstance(made, bpy.types.Mesh)
        return surface_of(made)
    finally:
        bpy.data.objects.remove(obj)
        bpy.data.meshes.remove(mesh)
