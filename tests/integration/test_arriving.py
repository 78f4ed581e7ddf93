# SPDX-License-Identifier: GPL-3.0-or-later
"""A converted mesh comes in steps, with the artist at work in between, and leaves nothing behind if not wanted."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fit_bench import Order, converted, new_scene, planned
from fit_glbs import Glb, letter
from fit_kind import add, mesh
from mathutils import Matrix

bpy = pytest.importorskip("bpy")

from csm_blender.core.errors import PlacementFailed
from csm_blender.core.jobs.job import Job
from csm_blender.scene.placement import preload
from csm_blender.scene.placement.place import place


def painted(size: Any, pivot: Any) -> bytes:
    """The letter with a material, a picture and normals that are not those of its faces."""
    low = (-0.5 - np.array(pivot)) * np.array(size)
    points, faces = letter(low, low + np.array(size))
    normals = points - points.mean(axis=0)
    glb = Glb()
    index = glb.mesh(
        points,
        faces,
        normals / np.linalg.norm(normals, axis=1, keepdims=True),
        TEXCOORD_0=glb.accessor(points[:, :2], "VEC2"),
    )
    document = glb.document
    document["images"] = [{"uri": "data:image/png;base64," + base64.b64encode(_png()).decode(), "name": "Skin"}]
    document["textures"] = [{"source": 0}]
    document["materials"] = [{"name": "Refined", "pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}]
    document["meshes"][index]["primitives"][0]["material"] = 0
    glb.node(mesh=index)
    return glb.bytes()


def _png() -> bytes:
    """One gray pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\x80")) + chunk(b"IEND", b"")


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    """A READY job for a block-out in an otherwise empty file."""
    new_scene()
    add("Chair", mesh(), Matrix.Translation((1.0, 2.0, 3.0)))
    spec = planned(Order("Chair"), bpy.context.scene)
    done = converted(spec, painted(spec.refinement.scaled_bbox, spec.refinement.pivot_point), tmp_path / "job")
    new_scene()
    add("Chair", mesh(), Matrix.Translation((1.0, 2.0, 3.0)))
    yield done
    preload.discard()


def names() -> dict[str, list[str]]:
    """What is in the file."""
    kinds = ("objects", "meshes", "materials", "images", "node_groups", "libraries", "textures")
    return {kind: [block.name for block in getattr(bpy.data, kind)] for kind in kinds}


def arrive(job: Job) -> int:
    """Have the mesh come; how many steps that took."""
    steps = 0
    while not preload.is_done(job.job_id):
        preload.advance(job)
        steps += 1
    return steps


def look_of(obj: bpy.types.Object) -> dict[str, Any]:
    """All there is to see of a placed mesh."""
    data = obj.data
    return {
        "attributes": sorted((a.name, a.domain, a.data_type) for a in data.attributes),
        "coordinates": [tuple(vertex.co) for vertex in data.vertices],
        "normals": [tuple(normal.vector) for normal in data.corner_normals],
        "materials": [material.name for material in data.materials],
        "matrix": [tuple(row) for row in obj.matrix_world],
        "properties": sorted(data.keys()),
        "users": (data.users, data.use_fake_user),
    }


def test_in_steps_or_at_once_the_result_is_the_same(job: Job) -> None:
    scene = bpy.context.scene
    at_once = look_of(place(job, scene, bpy.data.objects["Chair"]).obj)
    new_scene()
    add("Chair", mesh(), Matrix.Translation((1.0, 2.0, 3.0)))
    assert arrive(job) == 2
    came = preload.mesh_of(job.job_id)
    assert came is not None
    assert came.users == 0
    assert [obj.name for obj in bpy.context.scene.objects] == ["Chair"], "nothing is seen before it is placed"
    in_steps = look_of(place(job, bpy.context.scene, bpy.data.objects["Chair"], came).obj)
    assert in_steps == at_once


def test_what_undo_takes_away_comes_again(job: Job) -> None:
    bpy.ops.ed.undo_push(message="before")
    bpy.data.objects["Chair"].location.x = 5.0
    bpy.ops.ed.undo_push(message="moved")
    arrive(job)
    bpy.ops.ed.undo()
    assert preload.mesh_of(job.job_id) is None
    assert not preload.is_done(job.job_id)
    assert arrive(job) == 2


def test_who_is_turned_away_leaves_nothing(job: Job) -> None:
    before = names()
    arrive(job)
    assert names()["images"]
    preload.discard(all_but=frozenset({job.job_id}))
    assert preload.is_done(job.job_id)
    preload.discard()
    assert names() == before
    assert not preload.is_done(job.job_id)


def test_who_is_placed_stays(job: Job) -> None:
    arrive(job)
    placed = place(job, bpy.context.scene, bpy.data.objects["Chair"], preload.mesh_of(job.job_id))
    preload.placed(job.job_id)
    before = names()
    assert before["libraries"] == [], "no path of the job's folder stays in the file"
    bpy.data.objects.remove(placed.obj)  # the artist's to delete, not ours
    preload.discard()
    assert names()["meshes"] == before["meshes"]
    assert names()["images"] == before["images"]


def test_what_cannot_be_read_is_left_to_placing(job: Job) -> None:
    before = names()
    Path(job.result.conversion.blend).write_bytes(b"not a .blend")
    assert arrive(job) == 1
    assert preload.mesh_of(job.job_id) is None
    assert names() == before
    with pytest.raises(PlacementFailed):
        place(job, bpy.context.scene, bpy.data.objects["Chair"], preload.mesh_of(job.job_id))
