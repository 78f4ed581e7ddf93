# SPDX-License-Identifier: GPL-3.0-or-later
"""Make of plain geometry what Blender's glTF importer makes of it, to the bit, in a fraction of its time.

The steps and their order are those of ``do_primitives`` and ``set_poly_smoothing`` in
``io_scene_gltf2/blender/imp/mesh.py`` of Blender 4.2 to 5.2. What takes the importer its time is done otherwise: it
sorts all corners to find the vertices that are used, and hands normals over as rows of numpy's.
"""

from __future__ import annotations

import gc
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from .plain_geometry import PlainGeometry, PlainPart, Rows, sets_of

_EQUAL = 0.9999999
"""The cosine above which the importer takes two directions for the same."""
_EDGES_FIRST = (5, 1, 0)
"""From this Blender on the importer has the edges made before it validates the mesh, no longer afterwards."""


_MIXER = np.uint64(0x9E3779B97F4A7C15)
"""Odd, with many bits: a product with it is another number for each vertex."""


@dataclass
class _Gathered:
    """The parts of a mesh together: vertices (n, 3), per corner the vertex (c,), UVs (c, 2) and colors (c, 4)."""

    positions: Rows
    normals: Rows | None
    corners: NDArray[np.intc]
    uvs: list[Rows]
    colors: list[Rows]
    faces: list[int]
    with_normals: list[bool]


def fill_mesh(
    mesh: bpy.types.Mesh, geometry: PlainGeometry, parts: tuple[PlainPart, ...], slots: NDArray[np.intc] | None
) -> None:
    """Give the empty *mesh* the *parts*, the faces of each with its material slot; without *slots* they get none."""
    made = _gathered(geometry, parts)
    attributes: Any = mesh.attributes  # the stubs lack the data of an attribute's own type
    faces = sum(made.faces)
    mesh.vertices.add(len(made.positions))
    _ensure(attributes, "position", "FLOAT_VECTOR", "POINT").data.foreach_set("vector", made.positions.ravel())
    mesh.loops.add(len(made.corners))
    _ensure(attributes, ".corner_vert", "INT", "CORNER").data.foreach_set("value", made.corners)
    mesh.edges.add(0)
    _ensure(attributes, ".edge_verts", "INT32_2D", "EDGE")
    mesh.polygons.add(faces)
    mesh.polygons.foreach_set("loop_start", np.arange(0, 3 * faces, 3, dtype=np.intc))
    for number, uvs in enumerate(made.uvs):
        layer: Any = mesh.uv_layers.new(name=f"UVMap.{number:03d}" if number else "UVMap")
        layer.uv.foreach_set("vector", uvs.ravel())
    for number, colors in enumerate(made.colors):
        color: Any = mesh.color_attributes.new(f"Color.{number:03d}" if number else "Color", "BYTE_COLOR", "CORNER")
        color.data.foreach_set("color", colors.ravel())
    if made.colors:
        mesh.color_attributes.render_color_index = 0
    if slots is not None:
        of_faces = np.repeat(slots, made.faces)
        _ensure(attributes, "material_index", "INT", "FACE").data.foreach_set("value", of_faces)
    _ensure(attributes, "sharp_face", "BOOLEAN", "FACE").data.foreach_set("value", _flat_faces(mesh, made))
    if bpy.app.version >= _EDGES_FIRST:
        mesh.update(calc_edges=True, calc_edges_loose=False)
        if not _is_valid(made):
            mesh.validate()
    else:  # validation makes the edges, which is most of its time
        mesh.validate()
        mesh.update(calc_edges_loose=False)
    if made.normals is not None:
        gc.disable()  # else Python looks for garbage again and again while a list for each vertex is made
        try:
            mesh.normals_split_custom_set_from_vertices(made.normals.tolist())
        finally:
            gc.enable()


def _gathered(geometry: PlainGeometry, parts: tuple[PlainPart, ...]) -> _Gathered:
    """All *parts* one after the other, in Blender's axes, without vertices that no corner is at."""
    positions: list[Rows] = []
    normals: list[Rows] = []
    corners: list[NDArray[np.intc]] = []
    uvs: list[list[Rows]] = [[] for _ in range(sets_of(parts, "TEXCOORD"))]
    colors: list[list[Rows]] = [[] for _ in range(sets_of(parts, "COLOR"))]
    vertices = 0
    for part in parts:
        lists = {name: geometry.lists[index] for name, index in part.attributes.items()}
        count = len(lists["POSITION"])
        at = np.arange(count, dtype=np.intc) if part.corners is None else part.corners.astype(np.intc)
        for layer, of_part in enumerate(uvs):
            of_part.append(_uvs(lists.get(f"TEXCOORD_{layer}"), at))
        for layer, of_part in enumerate(colors):
            of_part.append(_colors(lists.get(f"COLOR_{layer}"), at))
        used, at = _used(at, count)
        positions.append(_in_blenders_axes(lists["POSITION"][used]))
        has_normals = "NORMAL" in lists
        normals.append(_in_blenders_axes(lists["NORMAL"][used]) if has_normals else np.zeros_like(positions[-1]))
        corners.append(at + np.intc(vertices))
        vertices += len(positions[-1])
    with_normals = ["NORMAL" in part.attributes for part in parts]
    return _Gathered(
        np.concatenate(positions),
        np.concatenate(normals) if any(with_normals) else None,
        np.concatenate(corners),
        [np.concatenate(layer) for layer in uvs],
        [np.concatenate(layer) for layer in colors],
        [len(each) // 3 for each in corners],
        with_normals,
    )


def _used(corners: NDArray[np.intc], vertices: int) -> tuple[Any, NDArray[np.intc]]:
    """Which of so many *vertices* the *corners* are at, as something to index with, and the corners counted by that."""
    used = np.zeros(vertices, dtype=np.bool_)
    used[corners] = True
    if used.all():
        return slice(None), corners
    return used, (np.cumsum(used, dtype=np.intc) - np.intc(1))[corners]


def _in_blenders_axes(rows: Rows) -> Rows:
    """x, y, z to x, -z, y."""
    turned = np.empty(rows.shape, dtype=np.float32)
    turned[:, 0], turned[:, 2] = rows[:, 0], rows[:, 1]
    np.multiply(rows[:, 2], np.float32(-1.0), out=turned[:, 1])
    return turned


def _uvs(rows: Rows | None, corners: NDArray[np.intc]) -> Rows:
    """The UVs of the corners, v from below; of a part without this set they are (0, 0) from above."""
    if rows is None:
        return np.tile(np.array([[0.0, 1.0]], dtype=np.float32), (len(corners), 1))
    flipped = np.array(rows, dtype=np.float32)
    flipped[:, 1] *= -1
    flipped[:, 1] += 1
    return flipped.take(corners, axis=0)


def _colors(rows: Rows | None, corners: NDArray[np.intc]) -> Rows:
    """The colors of the corners with alpha; of a part without this set they are white."""
    colors = np.ones((len(corners), 4), dtype=np.float32)
    if rows is not None:
        colors[:, : rows.shape[1]] = rows.take(corners, axis=0)
    return colors


def _flat_faces(mesh: bpy.types.Mesh, made: _Gathered) -> NDArray[np.bool_]:
    """Which faces (n,) are flat: those whose corners all have the normal of the face, and those without normals."""
    faces = sum(made.faces)
    flat = np.ones(faces, dtype=np.bool_)
    if made.normals is None:
        return flat
    of_faces = np.empty(faces * 3, dtype=np.float32)
    of_mesh: Any = mesh.polygon_normals
    of_mesh.foreach_get("vector", of_faces)
    rest = np.flatnonzero(np.repeat(made.with_normals, made.faces))
    directions = of_faces.reshape(-1, 3)
    for corner in range(3):  # most faces are known to be smooth after the first
        own = made.normals[made.corners[3 * rest + corner]]
        # The same sums in the same order as the importer's, or a face at the limit might come out otherwise.
        is_smooth = np.sum(own * directions[rest], axis=1) <= _EQUAL
        flat[rest[is_smooth]] = False
        rest = rest[~is_smooth]
    return flat


def _is_valid(made: _Gathered) -> bool:
    """Whether Blender's own validation, which takes six times as long, certainly finds nothing to change.

    It takes out faces that have a vertex twice or are there twice, and replaces what is no number.
    """
    a, b, c = (made.corners[side::3] for side in range(3))
    if (a == b).any() or (b == c).any() or (c == a).any():
        return False
    if not all(np.isfinite(rows.sum(dtype=np.float64)) for rows in (made.positions, *made.uvs)):
        return False
    numbers = np.arange(len(made.positions), dtype=np.uint64) * _MIXER
    numbers = (numbers ^ (numbers >> np.uint64(29))) * _MIXER
    # The same for each order of the same three, and hardly ever for others: then Blender looks, too.
    of_faces = np.sort(numbers.take(a) + numbers.take(b) + numbers.take(c))
    return not (of_faces[1:] == of_faces[:-1]).any()


def _ensure(attributes: Any, name: str, kind: str, domain: str) -> Any:
    """The attribute of this name, new where there is none or one of another kind."""
    found = attributes.get(name)
    if found is not None and (found.domain, found.data_type) != (domain, kind):
        attributes.remove(found)
        found = None
    return attributes.new(name, kind, domain) if found is None else found
