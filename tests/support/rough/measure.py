# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares a mesh that was made with the truth: distances, form, color, normals, UVs. Needs bpy."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from typing import Any

import bpy
import numpy as np
from mathutils.bvhtree import BVHTree

from rough import shading, uvs
from rough.known.kinds import Kind
from rough.surface import Surface

SAMPLES = 40_000
"""Places on each surface, spread by area."""


@dataclass
class Figures:
    """What was measured. Lengths are shares of the diagonal of the truth, colors of 255, angles degrees.

    ``forth`` goes from the result to the truth, ``back`` from the truth to the result: mean, 99th percentile, largest.
    ``open_edges`` have one face and ``bad_edges`` three or more, with equal places joined; ``miswound`` edges are run
    the same way by both faces. ``color_far`` is the share of places more than 32 off, ``color_small`` the difference
    in a texture of an eighth of the size (what shows from afar, where padding is missing). ``angle`` is between faces
    and truth, ``shaded`` between shading normals, normal map in, and truth.
    """

    triangles: int
    quads: int
    bodies: int
    open_edges: int
    bad_edges: int
    miswound: int
    flat: int
    forth: tuple[float, float, float]
    back: tuple[float, float, float]
    angle: float
    shaded: float
    color: float | None = None
    color_far: float | None = None
    color_small: float | None = None
    metallic: float | None = None
    roughness: float | None = None
    emission: float | None = None
    alpha: float | None = None
    uv_overlap: float | None = None
    volume: float = 0.0
    true_volume: float = 0.0
    lost: list[int] = field(default_factory=list)
    """Bodies of the truth, by number, of which less than half is near the result."""
    fingerprint: str = ""

    @property
    def mean(self) -> float:
        """Mean distance, the worse way."""
        return max(self.forth[0], self.back[0])

    @property
    def p99(self) -> float:
        """99th percentile of the distance, the worse way."""
        return max(self.forth[1], self.back[1])

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self) | {"mean": self.mean, "p99": self.p99}


@dataclass(frozen=True)
class Mesh:
    """A Blender mesh as arrays: ``points`` (n, 3), ``triangles`` (m, 3), ``loops`` (m, 3)."""

    points: np.ndarray
    triangles: np.ndarray
    loops: np.ndarray

    @staticmethod
    def of(mesh: bpy.types.Mesh) -> Mesh:
        """The triangles of *mesh*."""
        mesh.calc_loop_triangles()
        points = np.empty(len(mesh.vertices) * 3, np.float32)
        mesh.vertices.foreach_get("co", points)
        faces, loops = (np.empty(len(mesh.loop_triangles) * 3, np.int32) for _ in range(2))
        mesh.loop_triangles.foreach_get("vertices", faces)
        mesh.loop_triangles.foreach_get("loops", loops)
        return Mesh(points.reshape(-1, 3).astype(np.float64), faces.reshape(-1, 3), loops.reshape(-1, 3))


@dataclass(frozen=True)
class Spots:
    """Places on a surface: ``triangle`` (k,), ``weights`` (k, 3), ``place`` (k, 3)."""

    triangle: np.ndarray
    weights: np.ndarray
    place: np.ndarray


def measure(mesh: bpy.types.Mesh, truth: Surface, kind: Kind, *, samples: int = SAMPLES) -> Figures:
    """Measure *mesh*, in the same place as *truth*."""
    made = Mesh.of(mesh)
    diagonal = truth.diagonal
    rng = np.random.default_rng(7)
    ours, theirs = (
        spread(made.points, made.triangles, samples, rng),
        spread(truth.points, truth.triangles, samples, rng),
    )
    near_truth, at_truth = nearest(truth.points, truth.triangles, ours.place)
    near_made, _ = nearest(made.points, made.triangles, theirs.place)
    away = np.linalg.norm(near_truth - ours.place, axis=1) / diagonal
    missing = np.linalg.norm(near_made - theirs.place, axis=1) / diagonal
    joined, corners = weld(made.points, made.triangles, diagonal * 1e-7)
    uses, ways = edge_uses(corners)
    area = np.linalg.norm(_normals(made.points, made.triangles), axis=1) / 2.0
    flat = (area <= 1e-12 * diagonal**2) | _degenerate(corners)
    true_normals = _unit(truth.face_normals())[at_truth]
    face_normals = _unit(_normals(made.points, made.triangles))[ours.triangle]
    found = Figures(
        triangles=len(made.triangles),
        quads=sum(1 for polygon in mesh.polygons if polygon.loop_total == 4),
        bodies=len(np.unique(labels(len(joined), corners)[corners[:, 0]])),
        open_edges=int((uses == 1).sum()),
        bad_edges=int((uses > 2).sum()),
        miswound=ways,
        flat=int(flat.sum()),
        forth=_three(away),
        back=_three(missing),
        angle=angle(face_normals, true_normals),
        shaded=angle(shading.normals(mesh, made, ours), true_normals),
        volume=volume(made.points, made.triangles),
        true_volume=volume(truth.points, truth.triangles),
        lost=lost_bodies(truth, theirs, missing),
        fingerprint=hashlib.sha256(made.points.tobytes() + made.triangles.tobytes()).hexdigest()[:16],
    )
    shading.compare(found, mesh, made, ours, near_truth, truth.material[at_truth], kind)
    found.uv_overlap = uvs.overlap(mesh, made)
    return found


def spread(points: np.ndarray, triangles: np.ndarray, count: int, rng: np.random.Generator) -> Spots:
    """*count* places, as many on each piece of area; the same for the same *rng*."""
    area = np.linalg.norm(_normals(points, triangles), axis=1)
    chosen = rng.choice(len(triangles), count, p=area / area.sum())
    u, v = rng.random((2, count))
    over = u + v > 1.0
    u[over], v[over] = 1.0 - u[over], 1.0 - v[over]
    weights = np.stack([1.0 - u - v, u, v], axis=1)
    return Spots(chosen, weights, (points[triangles[chosen]] * weights[..., None]).sum(axis=1))


def nearest(points: np.ndarray, triangles: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest place on the triangles (k, 3), and the triangle it is on (k,)."""
    tree = BVHTree.FromPolygons(points.tolist(), triangles.tolist(), all_triangles=True)
    find = tree.find_nearest
    found = [find(place) for place in places.tolist()]
    return np.array([entry[0] for entry in found], dtype=np.float64), np.array([entry[2] for entry in found])


def weld(points: np.ndarray, triangles: np.ndarray, step: float) -> tuple[np.ndarray, np.ndarray]:
    """The places with those that are equal within *step* joined, and the triangles on them."""
    keys = np.round(points / step).astype(np.int64)
    places, index = np.unique(keys, axis=0, return_inverse=True)
    return places * step, index.reshape(-1)[triangles]


def edge_uses(triangles: np.ndarray) -> tuple[np.ndarray, int]:
    """How many triangles use each edge, and how many edges of two are run the same way by both."""
    solid = triangles[~_degenerate(triangles)].astype(np.int64)
    ends = np.concatenate([solid[:, [0, 1]], solid[:, [1, 2]], solid[:, [2, 0]]])
    size = int(triangles.max()) + 1 if len(triangles) else 1
    low, high = ends.min(axis=1), ends.max(axis=1)
    _, edge, uses = np.unique(low * size + high, return_inverse=True, return_counts=True)
    direction = np.bincount(edge, weights=np.where(ends[:, 0] < ends[:, 1], 1.0, -1.0))
    return uses, int(((uses == 2) & (direction != 0)).sum())


def labels(count: int, triangles: np.ndarray) -> np.ndarray:
    """For each of *count* vertices the smallest vertex of its connected part."""
    label = np.arange(count)
    ends = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]]])
    while True:
        low = np.minimum(label[ends[:, 0]], label[ends[:, 1]])
        new = label.copy()
        np.minimum.at(new, label[ends[:, 0]], low)
        np.minimum.at(new, label[ends[:, 1]], low)
        while (new[new] != new).any():
            new = new[new]
        if (new == label).all():
            return label
        label = new


def lost_bodies(truth: Surface, spots: Spots, missing: np.ndarray) -> list[int]:
    """Parts of the truth whose middle distance to the result is above 1 % of the diagonal."""
    label = labels(len(truth.points), truth.triangles)
    names, part = np.unique(label[truth.triangles[:, 0]], return_inverse=True)
    of_spot = part[spots.triangle]
    return [n for n in range(len(names)) if (of_spot == n).any() and np.median(missing[of_spot == n]) > 0.01]


def volume(points: np.ndarray, triangles: np.ndarray) -> float:
    """Signed; above 0 where the faces look outwards."""
    a, b, c = (points[triangles[:, i]] for i in range(3))
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6.0)


def angle(first: np.ndarray, second: np.ndarray) -> float:
    """Mean angle between unit vectors, in degrees."""
    return float(np.degrees(np.arccos(np.clip((first * second).sum(axis=1), -1.0, 1.0))).mean())


def _three(distances: np.ndarray) -> tuple[float, float, float]:
    return float(distances.mean()), float(np.quantile(distances, 0.99)), float(distances.max())


def _normals(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    a, b, c = (points[triangles[:, i]] for i in range(3))
    return np.cross(b - a, c - a)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-30)


def _degenerate(triangles: np.ndarray) -> np.ndarray:
    a, b, c = triangles.T
    return (a == b) | (b == c) | (c == a)
