# SPDX-License-Identifier: GPL-3.0-or-later
"""Measuring with numpy and bpy alone: nothing here comes from the add-on, so it can contradict it."""

from __future__ import annotations

import itertools

import bpy
import numpy as np


def vertices(obj: bpy.types.Object) -> np.ndarray:
    """The vertices of what an object makes as a mesh, evaluated, in its own axes."""
    evaluated = obj.evaluated_get(bpy.context.evaluated_depsgraph_get())
    mesh = evaluated.to_mesh()
    flat = np.empty(len(mesh.vertices) * 3, dtype=np.float32)
    mesh.vertices.foreach_get("co", flat)
    evaluated.to_mesh_clear()
    return flat.reshape(-1, 3).astype(np.float64)


def world(obj: bpy.types.Object) -> np.ndarray:
    """Its evaluated world matrix, in double precision."""
    return np.array(obj.evaluated_get(bpy.context.evaluated_depsgraph_get()).matrix_world, dtype=np.float64)


def box_of(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The low and the high corner."""
    return points.min(axis=0), points.max(axis=0)


def corners(matrix: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Eight corners of a box, taken through a matrix."""
    points = np.array(list(itertools.product(*np.stack([low, high], axis=1))))
    return points @ matrix[:3, :3].T + matrix[:3, 3]


def distance(found: np.ndarray, wanted: np.ndarray) -> float:
    """How far a wanted corner is from the nearest found one, at most, relative to the wanted box's diagonal."""
    diagonal = np.linalg.norm(wanted[:, None] - wanted[None], axis=2).max()
    return float(np.linalg.norm(wanted[:, None] - found[None], axis=2).min(axis=1).max() / diagonal)


def result_corners(obj: bpy.types.Object) -> np.ndarray:
    """The corners of a result's box in the world."""
    return corners(world(obj), *box_of(vertices(obj)))


def origin_distance(obj: bpy.types.Object, wanted: np.ndarray, wanted_corners: np.ndarray) -> float:
    """How far the object's origin is from a point in the world, relative to the wanted box's diagonal."""
    diagonal = np.linalg.norm(wanted_corners[:, None] - wanted_corners[None], axis=2).max()
    return float(np.linalg.norm(world(obj)[:3, 3] - wanted) / diagonal)
