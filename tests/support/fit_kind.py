# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kind of block-out is, and what is needed to build one: objects, meshes, and the box it must be measured as."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bpy
import fit_measure as fm
import numpy as np
from mathutils import Matrix, Vector

Box = tuple[Any, Any]
OBLIQUE = Matrix.LocRotScale(
    Vector((3.0, -2.0, 1.0)), Matrix.Rotation(0.7, 3, Vector((1.0, 2.0, 3.0))), (1.5, 0.5, 2.0)
)


@dataclass
class Kind:
    """What a builder made: names as on the command line, the world corners and the origin that a result must have."""

    names: str
    corners: np.ndarray
    origin: np.ndarray
    scene: str = ""
    limit: float = 1e-5
    copies: dict[str, np.ndarray] = field(default_factory=dict)


Builder = Callable[[Path], Kind]
KINDS: dict[str, Builder] = {}
"""By the name shown in docs/fit.md; each is called with an empty file open, and a folder for further files."""


def kind(name: str) -> Callable[[Builder], Builder]:
    """Keep a builder as the one of the kind *name*."""

    def keep(builder: Builder) -> Builder:
        KINDS[name] = builder
        return builder

    return keep


def add(name: str, data: Any, matrix: Matrix = OBLIQUE, scene: bpy.types.Scene | None = None) -> bpy.types.Object:
    """A new object."""
    obj = bpy.data.objects.new(name, data)
    (scene or bpy.context.scene).collection.objects.link(obj)
    obj.matrix_world = matrix
    return obj


def mesh(low: Any = (-0.5, -0.25, 0.0), high: Any = (0.75, 0.5, 2.0)) -> bpy.types.Mesh:
    """A box with its origin somewhere inside."""
    made = bpy.data.meshes.new("Blockout")
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    made.from_pydata(fm.corners(np.eye(4), np.array(low), np.array(high)).tolist(), [], quads)
    return made


def as_shown(obj: bpy.types.Object, names: str = "", box: Box | None = None, **rest: Any) -> Kind:
    """The kind for a visible object: its evaluated mesh, or *box* in its own axes where it makes no mesh."""
    low, high = box or fm.box_of(fm.vertices(obj))
    matrix = fm.world(obj)
    return Kind(names or obj.name, fm.corners(matrix, np.array(low), np.array(high)), matrix[:3, 3], **rest)


def boxed(obj: bpy.types.Object) -> Kind:
    """The kind for what has no vertices to look at, only the box that Blender gives."""
    evaluated = obj.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return as_shown(obj, box=fm.box_of(np.array([tuple(corner) for corner in evaluated.bound_box])))


def curve(name: str = "Curve", bevel: float = 0.2) -> bpy.types.Curve:
    """A bent 3D curve."""
    made = bpy.data.curves.new(name, "CURVE")
    made.dimensions, made.bevel_depth = "3D", bevel
    spline = made.splines.new("POLY")
    spline.points.add(2)
    for point, place in zip(spline.points, [(0, 0, 0, 1), (1, 2, 1, 1), (3, 1, 2, 1)], strict=True):
        point.co = place
    return made
