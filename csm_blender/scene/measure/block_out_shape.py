# SPDX-License-Identifier: GPL-3.0-or-later
"""The coarse shape of a block-out in its box, with which a converter finds the way that a mesh faces."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np

from ...converter.mesh.transform_mesh import coordinates, triangles
from ...core.geometry.occupancy import GRID, Grid, grid_to_text, surface_grid
from ...core.models import Placement, Target
from ..blender.evaluation import is_evaluated, looking_at
from ..versions import history, mesh_swap
from .evaluated_bounds import Array, shown_by, to_axes_of, transformed
from .measure import family_of


def shape_of(
    objects: Sequence[bpy.types.Object], target: Target, placement: Placement, depsgraph: bpy.types.Depsgraph
) -> str:
    """The voxels of the box of *target* that the surfaces of *objects* pass through, in the axes of *placement*.

    As :func:`.occupancy.grid_to_text` writes them; empty where the objects show no faces, so that they are no more than
    their box. *target* was measured from them, in the axes of the first.
    """
    grid: Grid = np.zeros((GRID,) * 3, dtype=np.bool_)
    low, high = np.array(target.box_min), np.array(target.box_max)
    to_axes = to_axes_of(np.array(target.matrix_world))
    for index, obj in enumerate(objects):
        if mesh_swap.recorded_box(obj, history.key_of(obj)) is not None:
            return ""  # its own mesh was replaced by a result
        family = family_of(obj)
        own = np.eye(4) if index == 0 and obj.type != "META" else None
        if all(is_evaluated(member, depsgraph) for member in family):
            _add(grid, depsgraph, family, to_axes, own, (low, high))
            continue
        assert depsgraph.scene is not None
        with looking_at(family, depsgraph.scene) as (apart, copies):
            _add(grid, apart, copies, to_axes, own, (low, high))
    if not grid.any():
        return ""
    mirrored = np.linalg.det(np.array(target.matrix_world)[:3, :3]) < 0.0
    # A result without the block-out's own axes has the x axis of a mirrored one flipped, see core.geometry.box.
    return grid_to_text(grid[::-1] if mirrored and not placement.mirror_x else grid)


def _add(  # noqa: PLR0913, PLR0917 - one grid grows
    grid: Grid,
    depsgraph: bpy.types.Depsgraph,
    owners: Sequence[bpy.types.Object],
    to_axes: Array,
    own: Array | None,
    box: tuple[Array, Array],
) -> None:
    """Mark in *grid* what *owners* show. Matrices are as for :func:`.evaluated_bounds.add_shown`."""
    for shown, world, is_instance in shown_by(depsgraph, set(owners)):
        matrix = own if own is not None and not is_instance else to_axes @ np.array(world)
        corners = _corners(shown)
        if len(corners):
            grid |= surface_grid(transformed(matrix, corners.reshape(-1, 3)).reshape(-1, 3, 3), *box)


def _corners(shown: bpy.types.Object) -> Array:
    """The corners of the triangles (n, 3, 3) of the mesh that *shown* makes, in its own axes; none if it makes none."""
    try:
        mesh = shown.to_mesh()
        if mesh is None or not len(mesh.polygons):
            return np.empty((0, 3, 3))
        return coordinates(mesh)[triangles(mesh)]
    except RuntimeError:  # no mesh of its own; Blender lists what it shows as instances
        return np.empty((0, 3, 3))
    finally:
        shown.to_mesh_clear()
