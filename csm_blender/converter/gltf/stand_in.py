# SPDX-License-Identifier: GPL-3.0-or-later
"""Have Blender's importer read all of a plain GLB but its geometry, which numpy reads many times as fast.

The importer is given a small GLB of the same nodes, materials and pictures, in which each primitive is one triangle
without data. It makes objects, names, materials and slots; then each of its meshes is filled with the real geometry.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ...core.gltf.document import Document, write_glb
from .fill_mesh import fill_mesh
from .plain_geometry import PlainGeometry, PlainPart

_MARK = "csm_plain_mesh"
"""Custom property by which a mesh is known again: the importer makes one of each member of a mesh's extras."""
_ACCESSORS = [{"componentType": 5126, "count": 3, "type": kind} for kind in ("VEC3", "VEC2", "VEC4")]
"""Without a bufferView all numbers are 0."""
_ACCESSOR_OF = {"POSITION": 0, "NORMAL": 0, "TEXCOORD": 1, "COLOR": 2}


def write_stand_in(geometry: PlainGeometry, path: Path) -> None:
    """Write what the importer is given in place of the GLB of *geometry* to *path*."""
    document = geometry.document
    pictures = [dict(picture) for picture in document.get("images", [])]
    views: list[Document] = []
    data: list[memoryview] = []
    length = 0
    for picture in pictures:
        if "bufferView" in picture:
            view = document["bufferViews"][picture["bufferView"]]
            first, own = int(view.get("byteOffset", 0)), int(view["byteLength"])
            picture["bufferView"] = len(views)
            views.append({"buffer": 0, "byteOffset": length, "byteLength": own})
            data.append(geometry.data[first : first + own].data)
            length += own
    changed: Document = {
        "meshes": [_mesh(mesh, geometry.parts.get(index), index) for index, mesh in enumerate(document["meshes"])],
        "accessors": _ACCESSORS,
        "bufferViews": views,
        "buffers": [{"byteLength": length}],
    }
    if pictures:
        changed["images"] = pictures
    write_glb({**document, **changed}, data, path)


def _mesh(mesh: Document, parts: tuple[PlainPart, ...] | None, index: int) -> Document:
    if parts is None:  # no node shows it
        return {"primitives": []}
    made = []
    for part, plain in zip(mesh["primitives"], parts, strict=True):
        attributes = {name: _ACCESSOR_OF[name.partition("_")[0]] for name in plain.attributes}
        made.append({**{name: part[name] for name in ("material",) if name in part}, "attributes": attributes})
    return {**mesh, "primitives": made, "extras": {**mesh.get("extras", {}), _MARK: index}}


def fill_stand_ins(geometry: PlainGeometry) -> None:
    """Put a mesh with the real *geometry* in the place of each that the importer has made of a stand-in."""
    meshes: list[Any] = list(bpy.data.meshes)  # the stubs do not know a block's custom properties
    replaced = {mesh: _filled(mesh, geometry) for mesh in meshes if _MARK in mesh}
    for obj in bpy.data.objects:
        if obj.data in replaced:
            obj.data = replaced[obj.data]
    names = [mesh.name for mesh in replaced]
    bpy.data.batch_remove(list(replaced))
    for mesh, name in zip(replaced.values(), names, strict=True):
        mesh.name = name


def _filled(stand_in: Any, geometry: PlainGeometry) -> bpy.types.Mesh:
    """A mesh with all that *stand_in* has, and the *geometry* that belongs to it.

    A new one: emptied meshes of Blender 5 keep some attributes, and in another order than new ones get.
    """
    parts = geometry.parts[stand_in[_MARK]]
    slots = None
    if "material_index" in stand_in.attributes:
        slots = np.empty(len(parts), dtype=np.intc)
        stand_in.attributes["material_index"].data.foreach_get("value", slots)
    mesh: Any = bpy.data.meshes.new(stand_in.name)
    for material in stand_in.materials:
        mesh.materials.append(material)
    fill_mesh(mesh, geometry, parts, slots)
    for key, value in stand_in.items():
        if key != _MARK:
            mesh[key] = value
    made: bpy.types.Mesh = mesh
    return made
