# SPDX-License-Identifier: GPL-3.0-or-later
"""A surface as the refining needs it, read from and written to GLB.

Positions, and what a face's corners carry (texture coordinates, colors), are indexed apart, as in an OBJ file:
so positions can be welded and smoothed as one closed surface while every texture seam stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import trimesh
from scipy import sparse
from trimesh.visual.material import PBRMaterial

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

CREASE = np.radians(60.0)
"""Two faces that meet at more than this angle make a crease: it stays sharp."""


class MeshError(ValueError):
    """The file holds no mesh that can be refined; the text says why."""


@dataclass(frozen=True)
class Part:
    """What the faces of one part share."""

    name: str
    material: PBRMaterial | None
    has_uv: bool
    has_color: bool


@dataclass
class Surface:
    """Triangles of one or several parts in one coordinate system (glTF axes: x right, y up, z to the front)."""

    points: Floats
    """(n, 3) positions, meters."""
    faces: Ints
    """(m, 3) indices into points."""
    wedges: Floats
    """(k, 6) what corners carry: u, v, red, green, blue, alpha."""
    wedge_faces: Ints
    """(m, 3) indices into wedges."""
    part: Ints
    """(m,) indices into parts."""
    parts: list[Part]

    @property
    def bounds(self) -> Floats:
        """(2, 3) lower and upper corner of the box around the faces."""
        used = self.points[self.faces.ravel()]
        return np.array([used.min(axis=0), used.max(axis=0)])

    def keep(self, mask: npt.NDArray[np.bool_]) -> None:
        """Drop the faces where ``mask`` is false."""
        self.faces, self.wedge_faces, self.part = self.faces[mask], self.wedge_faces[mask], self.part[mask]

    def mesh(self) -> trimesh.Trimesh:
        """The bare triangles, index for index, for trimesh's algorithms."""
        return trimesh.Trimesh(self.points.copy(), self.faces.copy(), process=False, validate=False)


def load_surface(path: Path) -> Surface:
    """Read a GLB; node transforms are baked in. Raises MeshError where there is no usable triangle."""
    try:
        scene = trimesh.load_scene(path, file_type="glb", process=False)
    except Exception as error:
        raise MeshError(f"the GLB cannot be read: {error}") from error
    points, faces, wedges, part = [], [], [], []
    parts: list[Part] = []
    offset = 0
    for node in scene.graph.nodes_geometry:
        matrix, name = scene.graph[node]
        mesh = scene.geometry[name]
        if not isinstance(mesh, trimesh.Trimesh) or not len(mesh.faces):
            continue  # points and lines
        # A mirroring node turns the faces inside out; apply_transform turns them back.
        mesh = mesh.copy().apply_transform(matrix)
        points.append(np.asarray(mesh.vertices, dtype=float))
        faces.append(np.asarray(mesh.faces, dtype=np.int64) + offset)
        wedges.append(_wedges(mesh))
        part.append(np.full(len(mesh.faces), len(parts)))
        parts.append(_part(name, mesh))
        offset += len(mesh.vertices)
    if not parts:
        raise MeshError("the GLB holds no triangle mesh")
    all_points = np.vstack(points)
    if not np.isfinite(all_points).all():
        raise MeshError("the mesh has coordinates that are not finite numbers")
    all_faces = np.vstack(faces)
    return Surface(all_points, all_faces, np.vstack(wedges), all_faces.copy(), np.concatenate(part), parts)


def write_glb(surface: Surface, path: Path) -> None:
    """Write the surface as GLB, a mesh for each part, with unit normals that are split at creases."""
    path.write_bytes(_scene(surface).export(file_type="glb", include_normals=True))


def _wedges(mesh: trimesh.Trimesh) -> Floats:
    wedges = np.zeros((len(mesh.vertices), 6))
    uv = getattr(mesh.visual, "uv", None)
    if uv is not None:
        wedges[:, :2] = uv
    color = _colors(mesh)
    if color is not None:
        wedges[:, 2:] = color / 255.0
    return wedges


def _colors(mesh: trimesh.Trimesh) -> npt.NDArray[Any] | None:
    if mesh.visual.kind == "vertex":
        return np.asarray(mesh.visual.vertex_colors)
    stored = getattr(mesh.visual, "vertex_attributes", {}).get("color")
    return stored if stored is not None and stored.shape == (len(mesh.vertices), 4) else None


def _part(name: str, mesh: trimesh.Trimesh) -> Part:
    material = getattr(mesh.visual, "material", None)
    return Part(name, material, getattr(mesh.visual, "uv", None) is not None, _colors(mesh) is not None)


def smooth_corners(surface: Surface) -> Ints:
    """(m, 3) group of each face corner: corners at one point that no crease divides are in one group."""
    corner = np.arange(surface.faces.size).reshape(-1, 3)
    mesh = surface.mesh()
    pairs = mesh.face_adjacency[mesh.face_adjacency_angles <= CREASE]
    edges = mesh.face_adjacency_edges[mesh.face_adjacency_angles <= CREASE]
    links = []
    for end in (0, 1):
        ends = [
            corner[face, np.argmax(surface.faces[face] == edges[:, end : end + 1], axis=1)]
            for face in (pairs[:, 0], pairs[:, 1])
        ]
        links.append(np.column_stack(ends))
    linked = np.vstack(links)
    ones = np.ones(len(linked), dtype=np.int8)
    graph = sparse.coo_matrix((ones, (linked[:, 0], linked[:, 1])), shape=(corner.size, corner.size))
    groups = sparse.csgraph.connected_components(graph, directed=False)[1]
    return np.asarray(groups, dtype=np.int64).reshape(-1, 3)


def _normals(surface: Surface, groups: Ints) -> Floats:
    """(number of groups, 3) unit normals: the faces' normals, weighted by their angle at the corner."""
    mesh = surface.mesh()
    weighted = _face_normals(surface)[:, None, :] * mesh.face_angles[:, :, None]
    sums = np.zeros((groups.max() + 1, 3))
    np.add.at(sums, groups.ravel(), weighted.reshape(-1, 3))
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    up = np.array([0.0, 1.0, 0.0])  # for the rare point whose faces cancel each other out
    return np.where(lengths > 1e-9, sums / np.maximum(lengths, 1e-9), up)


def _face_normals(surface: Surface) -> Floats:
    corners = surface.points[surface.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.asarray(normals / np.where(lengths > 0, lengths, 1.0))


def _scene(surface: Surface) -> trimesh.Scene:
    groups = smooth_corners(surface)
    normals = _normals(surface, groups)
    scene = trimesh.Scene()
    for index, part in enumerate(surface.parts):
        mask = surface.part == index
        if not mask.any():
            continue
        # One vertex for each distinct pair of a smooth corner and what it carries.
        pairs = np.column_stack([groups[mask].ravel(), surface.wedge_faces[mask].ravel()])
        _, first, inverse = np.unique(pairs, axis=0, return_index=True, return_inverse=True)
        point = surface.faces[mask].ravel()[first]
        mesh = trimesh.Trimesh(
            surface.points[point],
            inverse.reshape(-1, 3),
            vertex_normals=normals[pairs[first, 0]],
            process=False,
            validate=False,
        )
        mesh.visual = _visual(part, surface.wedges[pairs[first, 1]])
        scene.add_geometry(mesh, geom_name=part.name, node_name=part.name)
    return scene


def _visual(part: Part, wedges: Floats) -> Any:
    colors = np.rint(wedges[:, 2:] * 255).clip(0, 255).astype(np.uint8)
    if part.material is None:
        return trimesh.visual.ColorVisuals(vertex_colors=colors if part.has_color else None)
    visual = trimesh.visual.TextureVisuals(uv=wedges[:, :2] if part.has_uv else None, material=part.material)
    if part.has_color:
        visual.vertex_attributes["color"] = colors
    return visual
