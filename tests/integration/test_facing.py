# SPDX-License-Identifier: GPL-3.0-or-later
"""A mesh is turned into its box exactly, however it is fitted; the way it faces is found from the block-out."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fit_glbs import Glb, letter

bpy = pytest.importorskip("bpy")

from letters import TO_BLENDER

from csm_blender.converter import convert as converting
from csm_blender.core.conversion import ConversionReport, ConversionRequest
from csm_blender.core.geometry.facing import QUARTERS, turn_matrix
from csm_blender.core.models import Choices, JobSpec, Original
from csm_blender.core.sources import Engine, Facing, Source, SourceKind
from csm_blender.scene.jobs.planning import plan_for_objects, with_shape
from csm_blender.scene.properties import make_known

EXACT = 1e-6
SIZE = (0.8, 0.3, 1.1)
SOURCE = Source(SourceKind.FILE, str(Path("/meshes/letter.glb").absolute()))


def letter_points(low: Any = (-0.5, -0.5, -0.5), high: Any = (0.5, 0.5, 0.5)) -> tuple[np.ndarray, np.ndarray]:
    """The letter F in Blender's axes, and its triangles."""
    points, faces = letter(low, high)
    return np.asarray(points) @ TO_BLENDER.T, np.asarray(faces)


def glb_of_letter(*, normals: bool) -> bytes:
    points, faces = letter((-1.0, -0.2, -0.4), (0.5, 0.9, 0.2))
    glb = Glb()
    directions = points / np.linalg.norm(points, axis=1, keepdims=True)
    glb.node(mesh=glb.mesh(points, faces, normals=directions) if normals else glb.mesh(points, faces))
    return glb.bytes()


def add_block_out(points: np.ndarray, faces: np.ndarray, **place: Any) -> Any:
    make_known()
    bpy.ops.wm.read_factory_settings(use_empty=True)
    mesh = bpy.data.meshes.new("Block")
    mesh.from_pydata(points.tolist(), [], faces.tolist())
    obj = bpy.data.objects.new("Block", mesh)
    for name, value in place.items():
        setattr(obj, name, value)
    bpy.context.scene.collection.objects.link(obj)
    return obj


def planned(obj: Any, facing: Facing, original: Original = Original.HIDE) -> JobSpec:
    choices = Choices(engine=Engine.NONE, facing=facing, original=original)
    depsgraph = bpy.context.evaluated_depsgraph_get()
    spec = plan_for_objects(SOURCE, [obj], bpy.context.scene, depsgraph, choices)
    return with_shape(spec, [obj], depsgraph)


def converted(spec: JobSpec, folder: Path, data: bytes) -> tuple[ConversionReport, np.ndarray]:
    """The report, and the vertices in data axes, sorted."""
    (folder / "delivered.mesh").write_bytes(data)
    request = ConversionRequest.of(spec, folder / "delivered.mesh")
    report = converting.convert(ConversionRequest.from_dict({**request.as_dict(), "blend": str(folder / "r.blend")}))
    mesh = bpy.data.meshes[report.mesh]
    points = np.empty(len(mesh.vertices) * 3)
    mesh.vertices.foreach_get("co", points)
    return report, points.reshape(-1, 3)


def farthest(a: np.ndarray, b: np.ndarray) -> float:
    """How far, at most, a point of one is from the nearest of the other."""
    distances = np.linalg.norm(a[:, None] - b[None], axis=2)
    return float(max(distances.min(axis=0).max(), distances.min(axis=1).max()))


PLACES = {
    "turned": {"rotation_euler": (0.3, 0.2, 1.0), "location": (3.0, 2.0, 1.0)},
    "mirrored": {"scale": (-1.5, 1.0, 0.5)},
}
HOW = [
    pytest.param(place, original, ahead, id=f"{place}-{original.lower()}-{'ahead' if ahead else 'after'}")
    for place, original, ahead in itertools.product(PLACES, (Original.HIDE, Original.REPLACE), (True, False))
]


@pytest.mark.parametrize(("place", "original", "ahead"), HOW)
def test_every_turn_fills_the_box_exactly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, original: Original, ahead: bool
) -> None:
    obj = add_block_out(*letter_points((-0.4, -0.55, -0.15), (0.4, 0.55, 0.15)), **PLACES[place])
    specs = {turn: planned(obj, Facing(str(turn)), original) for turn in QUARTERS}
    fitted_ahead = []
    fit_ahead = converting.fit_ahead

    def watched(*arguments: Any) -> Any:
        fitted_ahead.append(ahead and fit_ahead(*arguments))
        return fitted_ahead[-1] or None

    monkeypatch.setattr(converting, "fit_ahead", watched)
    for turn, spec in specs.items():
        report, points = converted(spec, tmp_path, glb_of_letter(normals=True))
        mirrors = spec.placement.mirror_x  # a mesh that is mirrored cannot be fitted ahead
        assert bool(fitted_ahead[-1]) is (ahead and not mirrors)
        delivered = letter((-1.0, -0.2, -0.4), (0.5, 0.9, 0.2))[0] @ TO_BLENDER.T
        turned = delivered @ turn_matrix(turn).T * ([-1.0, 1.0, 1.0] if mirrors else [1.0, 1.0, 1.0])
        low, high = map(np.array, (spec.placement.box_min, spec.placement.box_max))
        share = (turned - turned.min(axis=0)) / np.ptp(turned, axis=0)
        diagonal = float(np.linalg.norm(high - low))
        assert farthest(points, low + share * (high - low)) <= EXACT * diagonal
        assert report.fitted.facing == turn
        assert report.fitted.fitted_error <= EXACT
        assert not report.fitted.as_good


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("original", [Original.HIDE, Original.REPLACE])
def test_auto_finds_the_turn_of_a_stretched_copy(tmp_path: Path, mirrored: bool, original: Original) -> None:
    """The block-out is the mesh itself, turned and stretched; mirrored, it looks in the world as the mesh does."""
    points, faces = letter_points()
    for turn in QUARTERS:
        seen = points @ turn_matrix(turn).T * np.array([1.4, 1.0, 1.2])
        own = seen * ([-1.0, 1.0, 1.0] if mirrored else [1.0, 1.0, 1.0])
        obj = add_block_out(own, faces, scale=(-1.0, 1.0, 1.0) if mirrored else (1.0, 1.0, 1.0))
        report, _points = converted(planned(obj, Facing.AUTO, original), tmp_path, glb_of_letter(normals=False))
        assert (report.fitted.facing, report.fitted.as_good, report.notes) == (turn, (), ())


def test_a_block_out_that_is_just_a_box_is_a_tie_and_stretched_least(tmp_path: Path) -> None:
    corners = np.array(list(itertools.product((0.0, 0.6), (0.0, 1.5), (0.0, 1.1))))
    faces = np.array([(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)])
    report, _points = converted(
        planned(add_block_out(corners, faces), Facing.AUTO), tmp_path, glb_of_letter(normals=False)
    )
    assert (report.fitted.facing, report.fitted.as_good) == (90, (90, 270))
    assert report.fitted.stretch == pytest.approx((1.0, 1.0, 1.0), abs=1e-6)
    assert [note.code for note in report.notes if hasattr(note, "code")] == ["facing_tie"]


def with_array(points: np.ndarray, faces: np.ndarray) -> Any:
    """A block-out whose own mesh is one letter, and a modifier that adds another one behind it."""
    obj = add_block_out(points, faces)
    array = obj.modifiers.new("Array", "ARRAY")
    array.count, array.relative_offset_displace = 2, (0.0, 1.5, 0.0)
    return obj


def of_instances(points: np.ndarray, faces: np.ndarray) -> Any:
    """An empty that shows a collection of both letters."""
    hidden = add_block_out(points, faces)
    collection = bpy.data.collections.new("Both")
    bpy.context.scene.collection.objects.unlink(hidden)
    for offset in (0.0, 1.5):
        copy = bpy.data.objects.new("Letter", hidden.data)
        copy.location.y = offset * np.ptp(points[:, 1])
        collection.objects.link(copy)
    obj = bpy.data.objects.new("Block", None)
    obj.instance_type, obj.instance_collection = "COLLECTION", collection
    bpy.context.scene.collection.objects.link(obj)
    return obj


@pytest.mark.parametrize("make", [with_array, of_instances])
def test_the_shape_of_a_block_out_counts_what_modifiers_and_instances_show(tmp_path: Path, make: Any) -> None:
    points, faces = letter_points()
    behind = points + np.array([0.0, 1.5 * np.ptp(points[:, 1]), 0.0])
    both = add_block_out(np.concatenate([points, behind]), np.concatenate([faces, faces + len(points)]))
    expected = planned(both, Facing.AUTO)
    spec = planned(make(points, faces), Facing.AUTO)
    assert spec.shape
    assert spec.shape == expected.shape
    assert spec.shape != planned(add_block_out(points, faces), Facing.AUTO).shape
    assert ConversionRequest.of(spec, tmp_path).shape == spec.shape


def test_the_stretch_of_each_axis_is_in_the_report(tmp_path: Path) -> None:
    obj = add_block_out(*letter_points((-0.75, -0.55, -0.6), (0.75, 0.55, 0.6)))
    report, _points = converted(planned(obj, Facing.TURN_0), tmp_path, glb_of_letter(normals=False))
    assert report.fitted.stretch == pytest.approx((1.0, 1.0, 2.0), abs=1e-6)  # twice as deep, API order
    assert report.fitted.delivered_error is None, "nobody was asked for this size"
