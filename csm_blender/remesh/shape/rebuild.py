# SPDX-License-Identifier: GPL-3.0-or-later
"""Rebuild the closed surface of triangles that cannot be mended: an offset of their distance field, moved back.

Mesh to SDF Grid and Grid to Mesh are Geometry Nodes of Blender 4.2 and later. The surface at a distance of one and a
half voxels outside closes gaps of up to three voxels, whatever the triangles' signs say.
"""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from mathutils.bvhtree import BVHTree

from ..geometry.arrays import Points
from ..geometry.bodies import bodies_in
from ..geometry.nearest import nearest_on
from ..geometry.node_group import evaluated
from ..geometry.surface import Surface, compact, empty, mesh_of, surface_of

OFFSET_VOXELS, BAND_VOXELS = 1.5, 4
FACES_PER_TRIANGLE = 6.0
"""How many faces the closed surface gets for each triangle of the budget."""
THICKNESS_VOXELS = 0.25
"""Mean thickness below which a rebuilt body is a sheet that was doubled."""
FINEST, COARSEST = 1.0 / 700.0, 1.0 / 60.0
"""Voxel size as shares of the longest side."""
STRAIGHT = 0.5
"""Cosine between the way back and the normal, above which it leads to the surface below and not to one beside it."""
COARSE, HALVINGS = 1_500, 3
"""Triangles for which the coarse surface is fine enough; how often the way from its voxels to those that went in is
halved."""
MUCH_INSIDE = 0.7
"""Share of the area that is outside, up to which the voxels are as fine as that deserves."""
GONE_IN, ENCLOSED, _LOOKED_AT = 1.15, 0.2, 500
"""A surface has gone in that has more than the first share of the area of the coarse one, and is enclosed at more than
the second share of its points; so many of these are looked at."""
MOST_FACES = 1_600_000
"""Of the closed surface: more do not fit into memory beside what follows."""

_HEIGHTS, _TURNS = (np.arange(64) + 0.5) / 32.0 - 1.0, np.pi * (3.0 - np.sqrt(5.0)) * np.arange(64)
_RADII = np.sqrt(1.0 - _HEIGHTS**2)
_WAYS = np.stack([_RADII * np.cos(_TURNS), _RADII * np.sin(_TURNS), _HEIGHTS], axis=1)
"""Directions, spread evenly over all there are."""


def rebuilt(surface: Surface, triangles: int) -> Surface:
    """A closed surface around *surface*, fine enough to be reduced to *triangles*; empty if nothing is enclosed.

    It is made with coarse voxels first, which close wide gaps. These tell how much of *surface* lies inside and needs
    no voxels, and whether fine ones go in through the gaps: then they are made larger, so that they do not.
    """
    source = mesh_of(surface, "CSM source")
    voxel, coarsest = voxel_size(surface, triangles), voxel_size(surface, COARSE)
    try:
        if voxel >= coarsest:
            return _around(source, voxel)
        best = coarse = _around(source, coarsest)
        outside = float(coarse.areas().sum())
        if 0.0 < outside < MUCH_INSIDE * surface.areas().sum():
            voxel = voxel_size(surface, triangles, outside)
        made = _around(source, voxel)
        if not len(coarse.triangles) or not _has_gone_in(made, coarse, voxel):
            return made
        for _ in range(HALVINGS):
            middle = float(np.sqrt(voxel * coarsest))
            made = _around(source, middle)
            if _has_gone_in(made, coarse, middle):
                voxel = middle
            else:
                best, coarsest = made, middle
        return best
    finally:
        bpy.data.meshes.remove(source)


def _around(source: bpy.types.Mesh, voxel: float) -> Surface:
    """The closed surface around *source*, moved back to it."""
    with evaluated(source, lambda tree, i, o: _offset_surface(tree, i, o, voxel)) as made:
        shell = surface_of(made)
    shell = _outer(shell)
    return _solid(_moved_back(shell, source, voxel), voxel) if len(shell.triangles) else shell


def _has_gone_in(made: Surface, coarse: Surface, voxel: float) -> bool:
    """Whether *made* goes along the inside of what *coarse* is around: from there, no way leads out."""
    if not len(made.triangles):
        return True
    if made.areas().sum() < GONE_IN * coarse.areas().sum():
        return False
    tree: Any = BVHTree.FromPolygons(made.points.tolist(), made.triangles.tolist(), all_triangles=True)
    chosen = slice(None, None, -(-len(made.points) // _LOOKED_AT))
    normals = point_normals(made)[chosen]
    places = made.points[chosen] + voxel / 2.0 * normals
    ahead = normals @ _WAYS.T > 0.0
    enclosed = [
        all(tree.ray_cast(place, way)[0] is not None for way in _WAYS[ways].tolist())
        for place, ways in zip(places.tolist(), ahead, strict=True)
    ]
    return sum(enclosed) > ENCLOSED * len(enclosed)


def voxel_size(surface: Surface, triangles: int, outside: float | None = None) -> float:
    """The edge of a voxel in meters: as fine as the budget deserves, within what memory allows.

    *outside* is the area of what is not inside of *surface*; without it, that is all.
    """
    area = float(surface.areas().sum()) if outside is None else outside
    longest = float(np.ptp(surface.points, axis=0).max())
    faces = min(FACES_PER_TRIANGLE * triangles, MOST_FACES)
    # A shell around it has about its area, on both sides where it is a sheet; a voxel gives about a face.
    return float(np.clip(np.sqrt(1.2 * area / faces), longest * FINEST, longest * COARSEST))


def _offset_surface(tree: Any, before: Any, after: Any, voxel: float) -> None:
    grid, mesh = tree.nodes.new("GeometryNodeMeshToSDFGrid"), tree.nodes.new("GeometryNodeGridToMesh")
    grid.inputs["Voxel Size"].default_value = voxel
    grid.inputs["Band Width"].default_value = BAND_VOXELS
    mesh.inputs["Threshold"].default_value = voxel * OFFSET_VOXELS
    mesh.inputs["Adaptivity"].default_value = 0.0
    tree.links.new(before, grid.inputs["Mesh"])
    tree.links.new(grid.outputs[0], mesh.inputs[0])
    tree.links.new(mesh.outputs[0], after)


def _outer(shell: Surface) -> Surface:
    """Only the bodies of *shell* that enclose something: what faces inward is the inside of a hollow."""
    if not len(shell.triangles):
        return empty()
    bodies = bodies_in(shell)
    outward = np.sign(bodies.volume[np.argmax(np.abs(bodies.volume))])
    triangles = shell.triangles if outward > 0.0 else shell.triangles[:, ::-1]
    return compact(shell.points, triangles[(bodies.volume * outward > 0.0)[bodies.label]])


def _solid(shell: Surface, voxel: float) -> Surface:
    """Only the bodies of *shell* that have a thickness: others are two sides of a sheet at the same place."""
    bodies = bodies_in(shell)
    return shell.kept((bodies.volume > THICKNESS_VOXELS * voxel * bodies.area / 2.0)[bodies.label])


def _moved_back(shell: Surface, source: bpy.types.Mesh, voxel: float) -> Surface:
    """*shell* with its points where the source is; over a gap, they go back by the offset."""
    normals = point_normals(shell)
    found = nearest_on(source, shell.points)
    ways = found.places - shell.points
    lengths = np.linalg.norm(ways, axis=1)
    inward = -np.einsum("ij,ij->i", ways, normals) / np.maximum(lengths, 1e-30)
    good = (lengths < 2.0 * OFFSET_VOXELS * voxel) & (inward > STRAIGHT)
    ways[~good] = -OFFSET_VOXELS * voxel * normals[~good]
    return Surface(shell.points + ways, shell.triangles)


def point_normals(surface: Surface) -> Points:
    """Unit normals of the points (n, 3): those of their triangles, weighted by area."""
    vectors = surface.face_vectors()
    sums = np.stack(
        [
            np.bincount(surface.triangles.ravel(), np.repeat(vectors[:, axis], 3), len(surface.points))
            for axis in range(3)
        ],
        axis=1,
    )
    return np.asarray(sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-30))
