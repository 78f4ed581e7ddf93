# SPDX-License-Identifier: GPL-3.0-or-later
"""A mesh of quads over a surface: QuadriFlow, which Blender brings, moved onto the surface; cards by themselves."""

from __future__ import annotations

import bpy
import numpy as np

from ..geometry.arrays import Indices, Mask, Points
from ..geometry.bodies import bodies_in
from ..geometry.nearest import nearest_on
from ..geometry.surface import Surface, empty, mesh_of, points_of, set_points
from ..geometry.topology import NONE, twins_of
from ..geometry.weld import CARD
from .clean_up import cleaned_up
from .reduce import reduced

LARGEST_INPUT = 60_000
"""Triangles QuadriFlow is given: it takes minutes for more, and gets no better."""
WITHIN = 0.08
"""How near to the budget is near enough: a share of it."""
ROUNDS = 3
LEAST_AREA = 0.8
"""Share of the area of the surface that its quads have at least: else some of it is missing."""
FEW = 4
"""Bodies up to which their rims are kept."""
MANY = 32
"""Bodies that QuadriFlow is given at most: of many small ones, it has been seen to look for quads for ever."""
OF_TRIANGLE = 3
"""Quads that a triangle is split into."""
NEAR = 0.1
"""Share of the budget by which pairs may miss it."""
_QUAD = 4


def triangles_for(quads: int) -> int:
    """How many triangles the surface should have that *quads* quads are laid over."""
    return max(LARGEST_INPUT, 4 * quads)


def quads_over(surface: Surface, quads: int, name: str) -> bpy.types.Mesh:
    """A new mesh of about *quads* quads over *surface*, within a tenth where its bodies are not too many for that.

    *surface* is closed or has sheets. The rims of sheets are kept where it has few bodies; else quads may end short of
    them. Cards, bodies beyond the ``MANY`` largest and what QuadriFlow cannot work on are split into quads.
    """
    chosen = _for_quadriflow(surface)
    large, small = (surface.kept(mask) if mask.any() else empty() for mask in (chosen, ~chosen))
    if not len(small.triangles):
        found = _flowing(large, quads, name)
        return found if found is not None else _mesh_of([_split(large, quads)], name)
    parts = [_split(small, _share(small, large, quads))]
    left = max(quads - len(parts[0][1]), _QUAD)
    if len(large.triangles):
        found = _flowing(large, left, name)
        parts.append(_split(large, left) if found is None else _arrays_of(found))
        if found is not None:
            bpy.data.meshes.remove(found)
    return _mesh_of(parts, name)


def _for_quadriflow(surface: Surface) -> Mask:
    """Which triangles (m,) are of bodies that QuadriFlow is given: the largest ones, and no cards."""
    bodies = bodies_in(surface)
    large = np.flatnonzero(np.bincount(bodies.label, minlength=bodies.count) > CARD)
    large = large[np.argsort(-bodies.area[large], kind="stable")[:MANY]]
    return np.isin(bodies.label, large)


def _share(small: Surface, large: Surface, quads: int) -> int:
    """How many of *quads* the *small* bodies get: as their area, or what makes pairs of their triangles."""
    if not len(large.triangles):
        return quads
    area = float(small.areas().sum())
    share = max(round(quads * area / (area + float(large.areas().sum()))), 1)
    pairs = _pairs_of(small)
    return len(pairs) if pairs is not None and len(pairs) <= share else share


def _arrays_of(mesh: bpy.types.Mesh) -> tuple[Points, Indices]:
    """The points and the quads of *mesh*, which has no other faces."""
    corners = np.empty(len(mesh.loops), dtype=np.int32)
    mesh.loops.foreach_get("vertex_index", corners)
    return points_of(mesh).astype(np.float64), corners.reshape(-1, _QUAD).astype(np.int64)


def _mesh_of(parts: list[tuple[Points, Indices]], name: str) -> bpy.types.Mesh:
    """One new mesh of *parts*, points (n, 3) and quads (k, 4) each."""
    starts = np.cumsum([0, *(len(points) for points, _quads in parts)])
    quads = np.concatenate([quads + start for (_points, quads), start in zip(parts, starts[:-1], strict=True)])
    mesh = bpy.data.meshes.new(name)
    set_points(mesh, np.concatenate([points for points, _quads in parts]).astype(np.float32))
    mesh.loops.add(quads.size)
    mesh.loops.foreach_set("vertex_index", quads.astype(np.int32).ravel())
    mesh.polygons.add(len(quads))
    mesh.polygons.foreach_set("loop_start", np.arange(0, quads.size, _QUAD, dtype=np.int32))
    mesh.update(calc_edges=True)
    return mesh


def _flowing(surface: Surface, quads: int, name: str) -> bpy.types.Mesh | None:
    """A new mesh of about *quads* quads that QuadriFlow lays over *surface*; ``None`` where it finds none.

    What a failing later round had before it stays.
    """
    source = mesh_of(surface, "CSM source")
    # Of many sheets, it has been seen to look for the rims for ever.
    keep_rims = bool(surface.edges.open_count) and int(surface.body.max()) < FEW
    asked, best = float(quads), None
    try:
        for _ in range(ROUNDS):
            made = _quadriflow(source, round(asked), name, keep_rims=keep_rims)
            if made is None:
                break
            if best is None or abs(len(made.polygons) - quads) < abs(len(best.polygons) - quads):
                best, made = made, best
            if made is not None:
                bpy.data.meshes.remove(made)
            if abs(len(best.polygons) - quads) <= WITHIN * quads:
                break
            asked *= quads / max(len(best.polygons), 1)
        if best is None:
            return None
        places = nearest_on(source, points_of(best).astype(np.float64)).places
        best.vertices.foreach_set("co", places.astype(np.float32).ravel())
        best.update()
        area = sum(polygon.area for polygon in best.polygons)
        if area < LEAST_AREA * surface.areas().sum():
            bpy.data.meshes.remove(best)
            return None
    finally:
        bpy.data.meshes.remove(source)
    return best


def _quadriflow(source: bpy.types.Mesh, quads: int, name: str, *, keep_rims: bool) -> bpy.types.Mesh | None:
    mesh = source.copy()
    mesh.name = name
    obj = bpy.data.objects.new(name, mesh)
    scene, view_layer = bpy.context.scene, bpy.context.view_layer
    assert scene is not None
    assert view_layer is not None
    scene.collection.objects.link(obj)
    view_layer.update()
    try:
        with bpy.context.temp_override(active_object=obj, object=obj, selected_objects=[obj]):
            status = bpy.ops.object.quadriflow_remesh(
                target_faces=quads, seed=1, use_preserve_sharp=False, use_preserve_boundary=keep_rims
            )
    except RuntimeError:  # the surface is none that it can work on
        status = {"CANCELLED"}
    finally:
        bpy.data.objects.remove(obj)
    # It also says that it has finished where it has left the triangles as they are.
    sides = np.zeros(len(mesh.polygons), dtype=np.int32)
    mesh.polygons.foreach_get("loop_total", sides)
    if status != {"FINISHED"} or not len(sides) or not (sides == _QUAD).all():
        bpy.data.meshes.remove(mesh)
        return None
    return mesh


def _pairs_of(surface: Surface) -> Indices | None:
    """The triangles of *surface* as quads (k, 4), two by two across their longest sides; ``None`` if some are left."""
    a, b, c = surface.corners()
    lengths = np.linalg.norm(np.stack([b - a, c - b, a - c], axis=1), axis=2)
    count = len(surface.triangles)
    sides = 3 * np.arange(count) + lengths.argmax(axis=1)
    twins = twins_of(surface.edges)
    others = twins[sides]
    if not count or (others == NONE).any() or (twins[sides[others // 3]] != sides).any():
        return None
    first = np.flatnonzero(sides < others)
    sides, others = sides[first], others[first]
    corners = surface.triangles.ravel()
    start, end = corners[sides], corners[others]
    tops = (surface.triangles[each // 3, (each + 2) % 3] for each in (others, sides))
    bottom, top = tops
    return np.stack([start, bottom, end, top], axis=1)


def _split(surface: Surface, quads: int) -> tuple[Points, Indices]:
    """Points and about *quads* quads (k, 4) over *surface*: pairs of its triangles if those are as many.

    Else each triangle of it, reduced, becomes three, around its middle, and these are moved onto the surface.
    """
    pairs = _pairs_of(surface)
    if pairs is not None and abs(len(pairs) - quads) <= NEAR * quads:
        return surface.points, pairs
    wanted = max(quads // OF_TRIANGLE, 1)
    low = surface
    while len(low.triangles) < wanted:
        low = _halved(low)
    low = cleaned_up(reduced(low, wanted))
    edges, count = low.edges, len(low.points)
    middles = low.points[edges.ends].mean(axis=1)
    centers = low.points[low.triangles].mean(axis=1)
    source = mesh_of(surface, "CSM source")
    try:
        added = nearest_on(source, np.concatenate([middles, centers])).places
    finally:
        bpy.data.meshes.remove(source)
    of_side = count + edges.of_side.reshape(-1, 3)
    center = count + len(middles) + np.arange(len(centers))
    made = [
        np.stack([low.triangles[:, turn], of_side[:, turn], center, of_side[:, turn - 1]], axis=1) for turn in range(3)
    ]
    return np.concatenate([low.points, added]), np.concatenate(made)


def _halved(surface: Surface) -> Surface:
    """*surface* with each triangle as four, whose corners are also in the middles of its sides."""
    edges, count = surface.edges, len(surface.points)
    a, b, c = surface.triangles.T
    ab, bc, ca = (count + edges.of_side.reshape(-1, 3)).T
    parts = ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))
    points = np.concatenate([surface.points, surface.points[edges.ends].mean(axis=1)])
    return Surface(points, np.concatenate([np.stack(part, axis=1) for part in parts]))
