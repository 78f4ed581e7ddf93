# SPDX-License-Identifier: GPL-3.0-or-later
"""Refining a preview mesh: clean, repair, subdivide and smooth it, then set its box and its origin exactly.

This is ordinary mesh processing. It sees nothing that is not in the preview: no model, no guesswork.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import trimesh
from scipy import sparse
from trimesh import grouping, repair, smoothing
from trimesh.remesh import subdivide

from csm_server.meshes import CREASE, Floats, Ints, MeshError, Surface, load_surface, write_glb

MAX_TRIANGLES = 60_000
"""A mesh is subdivided as often as it stays below this."""
WELD = 1e-5
"""Points closer than this, as a share of the mesh's diagonal, are one."""
DEBRIS_SIZE, DEBRIS_AREA = 0.08, 0.005
"""A loose bit is debris when its diagonal and its area are below these shares of the whole mesh's."""
HOLE_EDGES, HOLE_LENGTH = 12, 0.35
"""A hole is small, and closed, with at most so many edges and an outline shorter than this share of the diagonal."""
SHARP_TURN = np.radians(50.0)
"""A crease or rim that turns by more than this at a point has a corner there, which does not move."""
DENOISE, ROUND = 16, 8
"""Smoothing passes before the first and after each subdivision; even, since every second one undoes the shrinking."""


def refine_file(
    preview: str,
    output: str,
    scaled_bbox: Sequence[float] | None = None,
    pivot_point: Sequence[float] = (0.0, 0.0, 0.0),
    *,
    unit_cube: bool = False,
    swap_axes: bool = False,
) -> dict[str, Any]:
    """Refine the GLB ``preview`` into the GLB ``output``; returns the number of ``triangles``.

    ``scaled_bbox`` is width, height, depth in meters (glTF axes), the preview's own where None; ``pivot_point``
    the origin as a share of the box, 0 the center. ``unit_cube`` (longest side 1 m) and ``swap_axes`` (y and z
    exchanged) spoil the result on purpose, for tests of clients. Raises MeshError.
    """
    surface = load_surface(Path(preview))
    refine(surface)
    place(surface, scaled_bbox, pivot_point)
    if unit_cube:
        surface.points /= np.ptp(surface.bounds, axis=0).max()
    if swap_axes:
        surface.points = surface.points[:, [0, 2, 1]] * [1.0, 1.0, -1.0]
    write_glb(surface, Path(output))
    return {"triangles": len(surface.faces)}


def refine(surface: Surface) -> None:
    """Clean, repair, subdivide and smooth the surface in place; the box around it stays. Raises MeshError."""
    weld(surface)
    drop_debris(surface)
    bounds = surface.bounds
    fill_small_holes(surface)
    orient(surface)
    smooth(surface, DENOISE)
    while len(surface.faces) * 4 <= MAX_TRIANGLES:
        old = surface.points, surface.wedges
        surface.points, surface.faces = subdivide(old[0], surface.faces)
        # The same faces in the same order: the two index lists stay in step.
        surface.wedges, surface.wedge_faces = subdivide(old[1], surface.wedge_faces)
        surface.part = np.repeat(surface.part, 4)
        smooth(surface, ROUND)
    _fit(surface, bounds[0], bounds[1])


def place(surface: Surface, size: Sequence[float] | None, pivot: Sequence[float]) -> None:
    """Stretch the surface to ``size`` (meters; None keeps its own) with its origin at ``pivot`` of the box."""
    extents = np.ptp(surface.bounds, axis=0) if size is None else np.asarray(size, dtype=float)
    _fit(surface, (-0.5 - np.asarray(pivot)) * extents, (0.5 - np.asarray(pivot)) * extents)


def _fit(surface: Surface, low: Floats, high: Floats) -> None:
    """Move and stretch the surface so that its box has exactly these corners; a flat axis goes to their middle."""
    old_low, old_high = surface.bounds
    extents = old_high - old_low
    share = np.where(extents > 0, (surface.points - old_low) / np.where(extents > 0, extents, 1.0), 0.5)
    # This form gives the corners without rounding, where low + share * (high - low) would not.
    surface.points = low * (1.0 - share) + high * share


def weld(surface: Surface) -> None:
    """Join points at the same place, and drop faces without area or said twice."""
    tolerance = max(WELD * float(np.linalg.norm(np.ptp(surface.bounds, axis=0))), 1e-30)
    unique, inverse = grouping.unique_rows(surface.points / tolerance, digits=0)
    surface.points, surface.faces = surface.points[unique], inverse[surface.faces]
    ordered = np.sort(surface.faces, axis=1)
    first = np.zeros(len(ordered), dtype=bool)
    first[grouping.unique_rows(ordered)[0]] = True
    surface.keep(first & (ordered[:, 0] != ordered[:, 1]) & (ordered[:, 1] != ordered[:, 2]))
    if not len(surface.faces):
        raise MeshError("the mesh has no triangle with an area")


def drop_debris(surface: Surface) -> None:
    """Drop small loose bits, but never a part's last piece: that may be all there is of a material."""
    label = _bodies(surface)
    area = trimesh.triangles.area(surface.points[surface.faces])
    areas = np.bincount(label, weights=area)
    low, high = (np.full((len(areas), 3), value) for value in (np.inf, -np.inf))
    for corner in surface.points[surface.faces].transpose(1, 0, 2):
        np.minimum.at(low, label, corner)
        np.maximum.at(high, label, corner)
    sizes = np.linalg.norm(high - low, axis=1)
    whole = np.linalg.norm(np.ptp(surface.bounds, axis=0))
    debris = (sizes < DEBRIS_SIZE * whole) & (areas < DEBRIS_AREA * areas.sum())
    keep = ~debris[label]
    kept = np.isin(surface.part, surface.part[keep])
    surface.keep(keep | ~kept)


def _bodies(surface: Surface) -> Ints:
    """(m,) number of the body that each face belongs to; bodies share no point."""
    a, b = surface.faces[:, [0, 1, 2]].ravel(), surface.faces[:, [1, 2, 0]].ravel()
    count = len(surface.points)
    graph = sparse.coo_matrix((np.ones(len(a), dtype=np.int8), (a, b)), shape=(count, count))
    label = sparse.csgraph.connected_components(graph, directed=False)[1][surface.faces[:, 0]]
    return np.asarray(np.unique(label, return_inverse=True)[1], dtype=np.int64)


def fill_small_holes(surface: Surface) -> None:
    """Close small holes with fans; a new corner carries what a neighbour at that point does."""
    mesh = surface.mesh()
    rim = mesh.edges[grouping.group_rows(mesh.edges_sorted, require_count=1)]
    if not len(rim):
        return
    limit = HOLE_LENGTH * np.linalg.norm(np.ptp(surface.bounds, axis=0))
    holes = [
        loop
        for loop in nx.cycle_basis(nx.from_edgelist(rim))
        if len(loop) <= HOLE_EDGES and _outline(surface.points[loop]) <= limit
    ]
    if not holes:
        return
    faces = np.asarray(trimesh.geometry.triangulate_quads(holes, use_fan=True), dtype=np.int64)
    corner_of_point = np.zeros(len(surface.points), dtype=np.int64)
    corner_of_point[surface.faces.ravel()] = np.arange(surface.faces.size)
    corners = corner_of_point[faces]
    surface.faces = np.vstack([surface.faces, faces])
    surface.wedge_faces = np.vstack([surface.wedge_faces, surface.wedge_faces.ravel()[corners]])
    surface.part = np.concatenate([surface.part, surface.part[corners[:, 0] // 3]])


def _outline(loop: Floats) -> float:
    return float(np.linalg.norm(loop - np.roll(loop, 1, axis=0), axis=1).sum())


def orient(surface: Surface) -> None:
    """Give neighbouring faces the same sense, and turn inside-out bodies out."""
    mesh = surface.mesh()
    if not mesh.is_winding_consistent:
        repair.fix_winding(mesh)
    bodies = _bodies(surface)
    corners = surface.points[mesh.faces]
    # Measured from each body's own middle: for an open body the volume depends on where one stands.
    middle = [np.bincount(bodies, weights=corners.mean(axis=1)[:, i]) for i in range(3)] / np.bincount(bodies)
    corners = corners - middle.T[bodies][:, None, :]
    volume = np.bincount(bodies, weights=np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])))
    box = float(np.prod(np.maximum(np.ptp(surface.bounds, axis=0), 1e-30)))
    faces = np.where((volume < -1e-9 * box)[bodies][:, None], np.fliplr(mesh.faces), mesh.faces)
    flipped = (faces != surface.faces).any(axis=1)
    surface.faces[flipped] = np.fliplr(surface.faces[flipped])
    surface.wedge_faces[flipped] = np.fliplr(surface.wedge_faces[flipped])


def smooth(surface: Surface, passes: int) -> None:
    """Smooth without shrinking (Taubin); creases and rims move along themselves only, their corners not at all."""
    mesh = surface.mesh()
    smoothing.filter_taubin(mesh, lamb=0.5, nu=0.52, iterations=passes, laplacian_operator=_averaging(surface, mesh))
    surface.points = np.asarray(mesh.vertices, dtype=float)


def _averaging(surface: Surface, mesh: trimesh.Trimesh) -> Any:
    """Sparse matrix that puts each point in the middle of the neighbours it may follow."""
    count = len(surface.points)
    edges = np.asarray(mesh.edges_unique, dtype=np.int64)
    smooth_edges = np.sort(mesh.face_adjacency_edges[mesh.face_adjacency_angles <= CREASE], axis=1)
    keys = edges[:, 0] * count + edges[:, 1]
    # What is no smooth inner edge is a crease, a rim, or shared by three faces.
    lines = edges[~np.isin(keys, smooth_edges[:, 0] * count + smooth_edges[:, 1])]
    degree = np.bincount(lines.ravel(), minlength=count)
    direction = surface.points[lines[:, 1]] - surface.points[lines[:, 0]]
    direction /= np.maximum(np.linalg.norm(direction, axis=1, keepdims=True), 1e-30)
    turn = np.zeros((count, 3))
    np.add.at(turn, lines[:, 0], direction)
    np.add.at(turn, lines[:, 1], -direction)
    sharp = np.linalg.norm(turn, axis=1) > 2 * np.sin(SHARP_TURN / 2)
    on_line = (degree == 2) & ~sharp
    fixed = (degree > 2) | ((degree == 2) & sharp)
    both_ways = [np.vstack([pairs, pairs[:, ::-1]]) for pairs in (edges, lines)]
    free = both_ways[0][~(on_line | fixed)[both_ways[0][:, 0]]]
    along = both_ways[1][on_line[both_ways[1][:, 0]]]
    alone = np.flatnonzero(fixed | (np.bincount(edges.ravel(), minlength=count) == 0))
    rows = np.vstack([free, along, np.column_stack([alone, alone])])
    weights = 1.0 / np.bincount(rows[:, 0], minlength=count)[rows[:, 0]]
    return sparse.coo_matrix((weights, (rows[:, 0], rows[:, 1])), shape=(count, count)).tocsr()
