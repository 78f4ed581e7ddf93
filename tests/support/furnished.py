# SPDX-License-Identifier: GPL-3.0-or-later
"""A block-out with all that an artist may hang on it, refined; and everything of a file as data, to be compared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fit_bench import Order, Outcome, converted, new_scene, open_file, planned, put, save
from fit_glbs import Glb, letter
from fit_kind import OBLIQUE, add, mesh
from mathutils import Matrix

bpy = pytest.importorskip("bpy")

from csm_blender.core.models import Original

FATES = list(Original)


def furnished() -> bpy.types.Object:
    """A block-out with everything an artist may have tied to it."""
    new_scene()
    parent = add("Room", None, Matrix.Translation((1.0, 0.0, 0.0)))
    obj = add("Chair", mesh(), OBLIQUE)
    obj.parent = parent
    wood, paint = bpy.data.materials.new("Wood"), bpy.data.materials.new("Paint")
    obj.data.materials.append(wood)
    obj.material_slots[0].link = "OBJECT"
    obj.material_slots[0].material = paint
    obj.modifiers.new("Array", "ARRAY").count = 2
    obj.modifiers.new("Off", "BEVEL").show_viewport = False
    obj.constraints.new("LIMIT_SCALE")
    obj["artist"] = "me"
    obj.keyframe_insert("location", frame=1)
    driver = obj.driver_add("color", 0).driver
    driver.expression = "0.5"
    cushion = add("Cushion", mesh(), Matrix())
    cushion.parent = obj
    collection = bpy.data.collections.new("Furniture")
    bpy.context.scene.collection.children.link(collection)
    collection.objects.link(obj)
    place = add("Instance", None, Matrix.Translation((9.0, 0.0, 0.0)))
    place.instance_type, place.instance_collection = "COLLECTION", collection
    add("Twin", obj.data, Matrix.Translation((0.0, 7.0, 0.0))).modifiers.new("Array", "ARRAY").count = 2
    bpy.context.view_layer.update()
    return obj


def dump() -> dict[str, Any]:
    """The file as far as an artist can tell: datablocks, links, transforms, visibility, properties."""
    bpy.context.view_layer.update()
    state: dict[str, Any] = {}
    for kind in ("objects", "meshes", "materials", "images", "collections", "scenes", "libraries", "actions"):
        # Blender counts users anew after undo, so only whether there are any is compared.
        state[kind] = {block.name: (block.use_fake_user, block.users > 0) for block in getattr(bpy.data, kind)}
    for obj in bpy.data.objects:
        state[f"object {obj.name}"] = {
            "data": obj.data.name if obj.data else None,
            # Blender leaves the world matrix of what nobody sees as it was, also in an undo.
            "matrix": [tuple(row) for row in obj.matrix_world] if obj.visible_get() else None,
            "basis": [tuple(row) for row in obj.matrix_basis],
            "hidden": (obj.hide_viewport, obj.hide_render, obj.hide_get()),
            "parent": obj.parent.name if obj.parent else None,
            "parent_type": obj.parent_type,
            "collections": sorted(collection.name for collection in obj.users_collection),
            "modifiers": [(m.name, m.show_viewport, m.show_render) for m in obj.modifiers],
            "constraints": [c.name for c in obj.constraints],
            "slots": [(s.link, s.material.name if s.material else None) for s in obj.material_slots],
            "properties": properties(obj),
            "animated": obj.animation_data is not None and obj.animation_data.action is not None,
            "drivers": len(obj.animation_data.drivers) if obj.animation_data else 0,
            "instance": (obj.instance_type, obj.instance_collection.name if obj.instance_collection else None),
        }
    for block in bpy.data.meshes:
        coordinates = np.empty(len(block.vertices) * 3, dtype=np.float32)
        block.vertices.foreach_get("co", coordinates)
        state[f"mesh {block.name}"] = (coordinates.tolist(), [m.name if m else None for m in block.materials])
    return json.loads(json.dumps(state))


def properties(obj: Any) -> dict[str, str]:
    """What custom properties hold: not where a group lies, nor the empty one that reading a registered group makes."""
    held = {name: value.to_dict() if hasattr(value, "to_dict") else value for name, value in obj.items()}
    return {name: str(value) for name, value in held.items() if value != {}}


def ready(order: Order, tmp_path: Path, name: str = "job") -> Outcome:
    """The order, planned on the file at hand and converted; the file is open again."""
    save(tmp_path / f"{name}.blend")
    spec = planned(order, bpy.context.scene)
    job = converted(spec, order.deliver(spec.refinement.scaled_bbox, spec.refinement.pivot_point), tmp_path / name)
    open_file(tmp_path / f"{name}.blend")
    return Outcome(order, job)


def refine(order: Order, tmp_path: Path, name: str = "job") -> Outcome:
    outcome = ready(order, tmp_path, name)
    put(outcome)
    assert outcome.error is None, str(outcome.error)
    return outcome


def textured(size: object, pivot: object) -> bytes:
    """The letter with a material and UVs."""
    low = (-0.5 - np.array(pivot)) * np.array(size)
    points, faces = letter(low, low + np.array(size))
    glb = Glb()
    index = glb.mesh(points, faces, TEXCOORD_0=glb.accessor(points[:, :2], "VEC2"))
    glb.document["materials"] = [{"name": "Refined"}]
    glb.document["meshes"][index]["primitives"][0]["material"] = 0
    glb.node(mesh=index)
    return glb.bytes()
