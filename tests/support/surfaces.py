# SPDX-License-Identifier: GPL-3.0-or-later
"""Small surfaces whose form is known, what damages them, and what can be counted on them without the engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import bpy
import numpy as np

from csm_blender.remesh.geometry.surface import Surface, joined, mesh_of, surface_of

Place = Sequence[float]


def surface(points: object, triangles: object) -> Surface:
    return Surface(
        np.asarray(points, dtype=np.float64).reshape(-1, 3), np.asarray(triangles, dtype=np.int64).reshape(-1, 3)
    )


def sheet(cells: tuple[int, int] = (8, 8), size: tuple[float, float] = (1.0, 1.0)) -> Surface:
    """A rectangle of cells x cells squares in the plane z = 0 from the origin, facing up."""
    across, along = cells
    x, y = np.meshgrid(np.linspace(0.0, size[0], across + 1), np.linspace(0.0, size[1], along + 1), indexing="ij")
    points = np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1)
    number = np.arange(x.size).reshape(across + 1, along + 1)
    a, b, c, d = (each.ravel() for each in (number[:-1, :-1], number[1:, :-1], number[1:, 1:], number[:-1, 1:]))
    return surface(points, np.stack([a, b, c, a, c, d], axis=1))


def box(size: Place = (1.0, 1.0, 1.0), cells: int = 1, center: Place = (0.0, 0.0, 0.0)) -> Surface:
    """A closed box, each side of cells x cells squares: 12 * cells ** 2 triangles."""
    side = sheet((cells, cells))
    sides = []
    for axis in range(3):
        for z in (0.0, 1.0):
            points = np.roll(
                np.concatenate([side.points[:, :2], np.full((len(side.points), 1), z)], axis=1), axis + 1, 1
            )
            sides.append(Surface(points, side.triangles if z else side.triangles[:, ::-1]))
    all_sides = joined(sides)
    points, number = np.unique(np.round(all_sides.points * cells), axis=0, return_inverse=True)
    points = (points / cells - 0.5) * np.asarray(size) + np.asarray(center)
    return surface(points, number.reshape(-1)[all_sides.triangles])


def ball(radius: float = 1.0, cells: int = 8, center: Place = (0.0, 0.0, 0.0)) -> Surface:
    """A closed sphere: a box of 12 * cells ** 2 triangles with its points moved out."""
    made = box((2.0, 2.0, 2.0), cells)
    points = made.points / np.linalg.norm(made.points, axis=1, keepdims=True)
    return surface(points * radius + np.asarray(center), made.triangles)


def tube(around: int, along: int, height: float, radius: float = 1.0) -> Surface:
    """A pipe around z without ends."""
    flat = sheet((around, along))
    turn = flat.points[:, 0] * 2.0 * np.pi
    points = np.stack([radius * np.cos(turn), radius * np.sin(turn), flat.points[:, 1] * height], axis=1)
    number = np.arange(len(points)).reshape(around + 1, along + 1)
    number[-1] = number[0]
    kept = number.ravel()[flat.triangles]
    return surface(points[: around * (along + 1)], kept)


def moved(form: Surface, by: Place) -> Surface:
    return Surface(form.points + np.asarray(by), form.triangles)


def without(form: Surface, *triangles: int) -> Surface:
    return Surface(form.points, np.delete(form.triangles, list(triangles), axis=0))


def turned_over(form: Surface, *triangles: int) -> Surface:
    changed = form.triangles.copy()
    changed[list(triangles)] = changed[list(triangles)][:, ::-1]
    return Surface(form.points, changed)


def unjoined(form: Surface) -> Surface:
    """Each triangle with points of its own, as STL files have them."""
    return surface(form.points[form.triangles.ravel()], np.arange(3 * len(form.triangles)))


def as_mesh(form: Surface, name: str = "Form") -> bpy.types.Mesh:
    """*form* as a mesh that is shaded flat."""
    mesh = mesh_of(form, name)
    mesh.polygons.foreach_set("use_smooth", np.zeros(len(mesh.polygons), dtype=bool))
    return mesh


def polygon_mesh(points: object, faces: object, name: str = "Form") -> bpy.types.Mesh:
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(points, [], faces)
    mesh.update()
    return mesh


class Form:
    """What is there to count on a surface or mesh, with points at the same place (to 1e-6 of the box) as one."""

    def __init__(self, form: Surface | bpy.types.Mesh) -> None:
        self.surface = form if isinstance(form, Surface) else surface_of(form)
        points, triangles = self.surface.points, self.surface.triangles
        used = points[np.unique(triangles)] if len(triangles) else np.zeros((1, 3))
        self.low, self.high = used.min(axis=0), used.max(axis=0)
        step = max(float(np.linalg.norm(self.high - self.low)), 1e-30) * 1e-6
        _, number = np.unique(np.round((points - self.low) / step), axis=0, return_inverse=True)
        self.triangles = number.reshape(-1)[triangles]
        self.ways = Counter((int(t[k]), int(t[(k + 1) % 3])) for t in self.triangles for k in range(3))
        self.uses = Counter((min(way), max(way)) for way in self.ways.elements())

    @property
    def open_edges(self) -> int:
        return sum(count == 1 for count in self.uses.values())

    @property
    def edges_of_more(self) -> int:
        """Edges with three or more triangles."""
        return sum(count > 2 for count in self.uses.values())

    @property
    def is_closed(self) -> bool:
        """Each edge has exactly two triangles, which run along it in opposite ways."""
        return all(count == 2 for count in self.uses.values()) and all(count == 1 for count in self.ways.values())

    @property
    def is_wound_alike(self) -> bool:
        return all(count == 1 for count in self.ways.values())

    @property
    def bodies(self) -> int:
        root = list(range(int(self.triangles.max(initial=-1)) + 1))

        def top(point: int) -> int:
            while root[point] != point:
                root[point] = root[root[point]]
                point = root[point]
            return point

        for a, b in self.uses:
            root[top(a)] = top(b)
        return len({top(int(point)) for point in np.unique(self.triangles)})

    @property
    def volume(self) -> float:
        """What is enclosed: negative if wound inward."""
        a, b, c = (each - self.low for each in self.surface.corners())
        return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6.0)

    @property
    def area(self) -> float:
        return float(self.surface.areas().sum())

    @property
    def thinnest(self) -> float:
        """The least height of a triangle on its longest side, as a share of that side."""
        a, b, c = self.surface.corners()
        longest = np.linalg.norm(np.stack([b - a, c - b, a - c]), axis=2).max(axis=0)
        return float((2.0 * self.surface.areas() / np.maximum(longest, 1e-30) ** 2).min())


def sharp_edges(mesh: bpy.types.Mesh) -> set[tuple[int, int]]:
    """The edges of *mesh* that are marked as sharp, as pairs of points."""
    marks = mesh.attributes.get("sharp_edge")
    if marks is None:
        return set()
    return {tuple(edge.vertices) for edge, mark in zip(mesh.edges, marks.data, strict=True) if mark.value}
