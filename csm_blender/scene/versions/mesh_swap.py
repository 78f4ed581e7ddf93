# SPDX-License-Identifier: GPL-3.0-or-later
"""Exchange the mesh of a block-out for a refined one, and back, with everything else about the object kept.

The refined mesh records what the object had before: the mesh, which modifiers were on, the box. It knows an object by a
key (see :mod:`.history`), since linked duplicates may share one refined mesh.
"""

from __future__ import annotations

import json
from typing import Any

import bpy

from ...core.errors import PlacementFailed
from ...core.models import Vec3, vec3
from ..blender.custom_properties import read

BEFORE = "csm_originals"


def held(obj: bpy.types.Object, key: str) -> bpy.types.Mesh | None:
    """The refined mesh that *obj* has in place of its own, or ``None``."""
    mesh = obj.data
    return mesh if isinstance(mesh, bpy.types.Mesh) and _before(mesh, key) is not None else None


def meshes_for(key: str) -> list[bpy.types.Mesh]:
    """The refined meshes that the object of this *key* has had."""
    meshes: Any = bpy.data.meshes
    return [mesh for mesh in meshes if mesh.get(BEFORE) is not None and _before(mesh, key) is not None]


def recorded_box(obj: bpy.types.Object, key: str) -> tuple[Vec3, Vec3] | None:
    """The evaluated box that *obj* had with its own mesh, in its own axes, while it has a refined one."""
    before = _before(obj.data, key)
    if before is None:
        return None
    low, high = json.loads(before["settings"])["box"]
    return vec3(low), vec3(high)


def prepare(obj: bpy.types.Object, key: str, mesh: bpy.types.Mesh, box: tuple[Vec3, Vec3]) -> None:
    """Record in *mesh* what *obj*, whose evaluated box is *box*, has now; or what an earlier refined mesh recorded."""
    if read(mesh, BEFORE) is None:
        mesh[BEFORE] = {}
    groups = read(mesh, BEFORE)
    earlier = _before(obj.data, key)
    if earlier is not None:
        groups[key] = dict(earlier.items())
        return
    own = obj.data
    assert isinstance(own, bpy.types.Mesh)
    own.use_fake_user = True  # it stays in the file even if all other users are deleted
    settings = {
        "box": box,
        "modifiers": {m.name: [m.show_viewport, m.show_render] for m in obj.modifiers},
        "parent_type": obj.parent_type,
        "instance_type": obj.instance_type,
        "links": [slot.link for slot in obj.material_slots],
    }
    materials = {
        f"material_{index}": slot.material
        for index, slot in enumerate(obj.material_slots)
        if slot.link == "OBJECT" and slot.material is not None
    }
    groups[key] = {"mesh": own, "settings": json.dumps(settings), **materials}


def exchange(obj: bpy.types.Object, key: str, mesh: bpy.types.Mesh) -> None:
    """Give *obj* the *mesh*, which was prepared for it. What is part of its box already is switched off, and kept.

    That is: modifiers, deformation by a parent (the parent stays), instancing on vertices and faces, and materials that
    belong to the object and would override those of the mesh. Raises :class:`PlacementFailed` in Edit mode, where
    Blender ignores the exchange.
    """
    _check_mode(obj)
    restore(obj, key)
    for slot in obj.material_slots:
        slot.link = "DATA"
    obj.data = mesh
    mesh.use_fake_user = True
    for slot in obj.material_slots:
        slot.link = "DATA"
    for modifier in obj.modifiers:
        modifier.show_viewport = modifier.show_render = False
    if obj.parent_type in ("ARMATURE", "LATTICE"):
        obj.parent_type = "OBJECT"
    if obj.instance_type != "NONE":
        obj.instance_type = "NONE"


def restore(obj: bpy.types.Object, key: str) -> None:
    """Give *obj* its own mesh again, everything as it was. Nothing happens if it has that."""
    before = _before(obj.data, key)
    if before is None:
        return
    _check_mode(obj)
    settings = json.loads(before["settings"])
    obj.data = before["mesh"]
    for index, (slot, link) in enumerate(zip(obj.material_slots, settings["links"], strict=False)):
        slot.link = link
        if link == "OBJECT":
            slot.material = before.get(f"material_{index}")
    for modifier in obj.modifiers:
        if modifier.name in settings["modifiers"]:
            modifier.show_viewport, modifier.show_render = settings["modifiers"][modifier.name]
    if obj.parent is not None:
        obj.parent_type = settings["parent_type"]
    obj.instance_type = settings["instance_type"]


def copy_record(obj: bpy.types.Object, key: str, new_key: str) -> None:
    """Give *obj*, a duplicate that shares *key*, its own record under *new_key* in the refined mesh it has."""
    before, mesh = _before(obj.data, key), obj.data
    if before is not None and mesh is not None:
        read(mesh, BEFORE)[new_key] = dict(before.items())


def _check_mode(obj: bpy.types.Object) -> None:
    if obj.mode == "EDIT":
        raise PlacementFailed(
            "{name} is in Edit Mode, where Blender cannot replace its mesh.",
            "Leave Edit Mode, then place it again.",
            name=repr(obj.name),
        )


def _before(data: Any, key: str) -> Any:
    """What *data*, if it is a refined mesh, has recorded of the object of this *key*; else ``None``."""
    groups = read(data, BEFORE) if isinstance(data, bpy.types.Mesh) else None
    return groups.get(key) if groups is not None and key else None
