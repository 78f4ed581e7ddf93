# SPDX-License-Identifier: GPL-3.0-or-later
"""An object of the scene as the source of a job: checked, and written out as it looks. The object is not changed."""

from __future__ import annotations

import os
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ...converter.mesh.transform_mesh import reshape
from ...core.errors import BadSource, DiskProblem
from ...core.file_system import remove_file, replace_file
from ...core.jobs.job import Job
from ...core.jobs.store import Store
from ...core.models import JobSpec
from ...core.processes.converter_pool import MESH_NAME
from ...core.sources import SourceKind
from ..blender.evaluation import is_evaluated, looking_at, world_matrix
from ..measure.measure import find_object

_NAME = "csm_source"


def check_object(scene: bpy.types.Scene, name: str, block_outs: Sequence[bpy.types.Object] = ()) -> bpy.types.Object:
    """The object called *name*, which can be the source of a job for *block_outs*.

    Raises :class:`NoSuchObject`, and :class:`BadSource` for one that holds no faces, is in Edit Mode, or is itself a
    block-out of the job. Linked objects, and those with modifiers or shape keys, are taken as they look.
    """
    obj = find_object(scene, name)
    if obj in block_outs:
        raise BadSource(
            "{name} is the block-out itself.",
            "Choose another object as the source, or another block-out.",
            name=repr(name),
        )
    if obj.type != "MESH":
        kind = obj.type.lower().replace("_", " ")
        hint = "Convert it to a mesh first (Object > Convert > Mesh)."
        raise BadSource("{name} is a {type}, not a mesh.", hint, name=repr(name), type=kind)
    if obj.mode != "OBJECT":
        raise BadSource("{name} is being edited.", "Go back to Object Mode first (Tab).", name=repr(name))
    mesh: Any = obj.data
    if not len(mesh.polygons) and not len(obj.modifiers):
        raise BadSource("{name} has no faces.", "Choose an object with a surface.", name=repr(name))
    return obj


def write_object(obj: bpy.types.Object, depsgraph: bpy.types.Depsgraph, scale_length: float, folder: Path) -> None:
    """Write the mesh of *obj* as it looks into the job's *folder*, turned and scaled as it stands, in meters.

    Whole or not at all. *scale_length* is meters per Blender unit. Raises :class:`BadSource` where it shows no faces,
    and :class:`DiskProblem`.
    """
    world = np.array(world_matrix(obj, depsgraph), dtype=np.float64)
    mesh = _shown_mesh(obj, depsgraph)
    try:
        if not len(mesh.polygons):
            raise BadSource("{name} shows no faces.", "Check its modifiers.", name=repr(obj.name))
        linear = world[:3, :3] * scale_length
        if abs(np.linalg.det(linear)) == 0.0:
            raise BadSource("{name} has scale 0.", "Give it a scale on all axes.", name=repr(obj.name))
        if not np.array_equal(linear, np.eye(3)):
            reshape(mesh, linear)
        part = folder / f"{MESH_NAME}.{os.getpid()}.part"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            bpy.data.libraries.write(str(part), {mesh}, path_remap="ABSOLUTE", fake_user=True, compress=False)
            replace_file(part, folder / MESH_NAME)
        except (OSError, RuntimeError) as error:
            remove_file(part)
            words = "The copy of {name} cannot be written: {reason}."
            raise DiskProblem(words, name=repr(obj.name), reason=error) from error
    finally:
        bpy.data.meshes.remove(mesh)


def add_job(store: Store, spec: JobSpec, base_url: str, scene: bpy.types.Scene, depsgraph: bpy.types.Depsgraph) -> Job:
    """Record the job that was planned as *spec* in *scene*; its object, if that is its source, is written out before.

    Raises :class:`BadSource` and :class:`StorageError`.
    """
    if spec.source.kind is not SourceKind.OBJECT:
        return store.add(spec, base_url)
    job_id = uuid.uuid4().hex
    obj = check_object(scene, spec.source.name)
    write_object(obj, depsgraph, spec.scale_length, store.folder(job_id))
    return store.add(spec, base_url, job_id)


def _shown_mesh(obj: bpy.types.Object, depsgraph: bpy.types.Depsgraph) -> bpy.types.Mesh:
    """A new mesh: that of *obj* with its modifiers and shape keys, and its materials."""
    if is_evaluated(obj, depsgraph):
        return _made(obj, depsgraph)
    assert depsgraph.scene is not None
    with looking_at([obj], depsgraph.scene) as (apart, (copy,)):
        return _made(copy, apart)


def _made(obj: bpy.types.Object, depsgraph: bpy.types.Depsgraph) -> bpy.types.Mesh:
    mesh = bpy.data.meshes.new_from_object(
        obj.evaluated_get(depsgraph), preserve_all_data_layers=True, depsgraph=depsgraph
    )
    mesh.name = _NAME
    for index, slot in enumerate(obj.material_slots):  # an object may have materials in place of its mesh's
        if slot.link == "OBJECT" and index < len(mesh.materials):
            mesh.materials[index] = slot.material
    return mesh
