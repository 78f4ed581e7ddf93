# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain files are fitted before they are imported. What comes of it is what fitting after the import would give."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fit_glbs import Glb

bpy = pytest.importorskip("bpy")

from csm_blender.converter import convert as converting
from csm_blender.converter.fit_ahead import fit_ahead
from csm_blender.converter.gltf.plain_geometry import read_plain_geometry
from csm_blender.converter.gltf.prepare import prepare_glb
from csm_blender.core.conversion import ConversionReport, ConversionRequest
from csm_blender.core.geometry import box

SIZE = (0.5, 0.9, 0.2)
REFINEMENT, PLACEMENT = box.plan_for_numbers(SIZE, (0.1, -0.5, 0.0), scale_length=1.0)


def dome(**node: Any) -> Glb:
    """Half a ball of triangles with smooth normals."""
    rows, columns = np.meshgrid(np.linspace(0.0, 1.4, 12), np.linspace(0.0, 5.8, 20), indexing="ij")
    points = np.stack([np.sin(rows) * np.cos(columns), np.cos(rows), np.sin(rows) * np.sin(columns)], axis=-1)
    corner = np.arange(rows.size).reshape(rows.shape)[:-1, :-1].ravel()
    quads = np.stack([corner, corner + 1, corner + 21, corner, corner + 21, corner + 20], axis=-1)
    glb = Glb()
    flat = points.reshape(-1, 3)
    glb.node(mesh=glb.mesh(flat, quads.reshape(-1, 3), normals=flat), **node)
    return glb


def request(folder: Path, data: bytes) -> ConversionRequest:
    """What the converter is asked for."""
    (folder / "delivered.mesh").write_bytes(data)
    return ConversionRequest(folder / "delivered.mesh", "Dome", PLACEMENT, REFINEMENT, blend=folder / "refined.blend")


def converted(folder: Path, data: bytes) -> tuple[ConversionReport, np.ndarray, np.ndarray]:
    """The report, the vertices and the normals of the corners, as they were saved."""
    report = converting.convert(request(folder, data))
    mesh = bpy.data.meshes["Dome"]
    points, normals = np.empty(len(mesh.vertices) * 3), np.empty(len(mesh.loops) * 3, dtype=np.float32)
    mesh.vertices.foreach_get("co", points)
    mesh.corner_normals.foreach_get("vector", normals)
    directions = normals.reshape(-1, 3)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)  # Blender's own are not quite of length 1
    return ConversionReport.from_dict(json.loads(json.dumps(report.as_dict()))), points, directions


def planned(folder: Path, data: bytes, size: tuple[float, float, float] = SIZE) -> Any:
    """How :func:`fit_ahead` moves a file's vertices."""
    placement = box.plan_for_numbers(size, None, scale_length=1.0)[1]
    asked = replace(request(folder, data), placement=placement)
    geometry = read_plain_geometry(asked.mesh)
    ahead = geometry and fit_ahead(geometry, lambda low, high: converting.planned_move(low, high, asked))
    return ahead[1] if ahead else None


def test_both_ways_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = dome().bytes()
    assert planned(tmp_path, data) is not None
    report, points, normals = converted(tmp_path, data)
    monkeypatch.setattr(converting, "fit_ahead", lambda *_: None)
    other_report, other_points, other_normals = converted(tmp_path, data)
    assert report == other_report
    assert report.fitted.fitted_error < 1e-6
    assert np.array_equal(points, other_points)
    # Blender stores a normal in 32 bits: each time it does, up to 1e-3 rad are lost.
    assert np.einsum("ij,ij->i", normals, other_normals).min() > 1.0 - 1e-5


def _turned(glb: Glb) -> None:
    glb.document["nodes"][0]["rotation"] = [0.0, 0.7071068, 0.0, 0.7071068]


def _twice(glb: Glb) -> None:
    glb.node(mesh=0, translation=[3.0, 0.0, 0.0])


def _packed(glb: Glb) -> None:
    glb.document["meshes"][0]["primitives"][0]["extensions"] = {"KHR_draco_mesh_compression": {}}


def _without_normals(glb: Glb) -> None:
    del glb.document["meshes"][0]["primitives"][0]["attributes"]["NORMAL"]


def _one_for_both(glb: Glb) -> None:
    attributes = glb.document["meshes"][0]["primitives"][0]["attributes"]
    attributes["NORMAL"] = attributes["POSITION"]


def _posed(glb: Glb) -> None:
    glb.document["meshes"][0]["primitives"][0]["targets"] = [{"POSITION": 0}]


@pytest.mark.parametrize("change", [_turned, _twice, _packed, _without_normals, _one_for_both, _posed])
def test_what_is_not_plain_is_left_for_after_the_import(change: Callable[[Glb], None], tmp_path: Path) -> None:
    glb = dome()
    change(glb)
    assert planned(tmp_path, glb.bytes()) is None


def test_lists_that_share_their_bytes_are_moved_each_for_itself(tmp_path: Path) -> None:
    glb = dome()
    attributes = glb.document["meshes"][0]["primitives"][0]["attributes"]
    shared = glb.document["accessors"][attributes["POSITION"]]
    attributes["TEXCOORD_0"] = len(glb.document["accessors"])
    glb.document["accessors"].append({**shared, "type": "VEC2"})
    report, _points, _normals = converted(tmp_path, glb.bytes())
    assert report.fitted.fitted_error < 1e-6
    layer = bpy.data.meshes["Dome"].uv_layers[0]
    uvs, corners = np.empty(len(layer.uv) * 2), np.empty(len(layer.uv), dtype=np.int32)
    layer.uv.foreach_get("vector", uvs)
    bpy.data.meshes["Dome"].loops.foreach_get("vertex_index", corners)
    delivered = np.frombuffer(bytes(glb.binary), "<f4", 240 * 2).reshape(-1, 2)[corners]
    assert np.allclose(uvs.reshape(-1, 2), delivered * (1.0, -1.0) + (0.0, 1.0), atol=1e-6)


def test_an_even_scale_is_left_for_after_the_import(tmp_path: Path) -> None:
    data = dome().bytes()
    move = planned(tmp_path, data)
    sides = move.high - move.low  # Blender's axes
    even = (sides[0], sides[2], sides[1])  # the API's
    assert planned(tmp_path, data, even) is None


def test_vertices_that_nothing_uses_do_not_count(tmp_path: Path) -> None:
    """Importers leave them out, so the box of the file is not that of the mesh."""
    glb = dome()
    points = np.frombuffer(bytes(glb.binary), "<f4", 240 * 3).reshape(-1, 3)
    stray = np.concatenate([points, [[9.0, 9.0, 9.0]]])
    primitive = glb.document["meshes"][0]["primitives"][0]
    primitive["attributes"] = {"POSITION": glb.accessor(stray, "VEC3"), "NORMAL": glb.accessor(stray, "VEC3")}
    report, points, _normals = converted(tmp_path, glb.bytes())
    assert report.findings.vertices == 240
    assert report.fitted.fitted_error < 1e-6
    size = np.ptp(points.reshape(-1, 3), axis=0)
    assert size == pytest.approx((SIZE[0], SIZE[2], SIZE[1]), abs=1e-6)


def test_lines_far_away_neither_count_nor_keep_a_file_from_being_fitted_ahead(tmp_path: Path) -> None:
    glb = dome()
    far = glb.accessor(np.array([[9.0, 9.0, 9.0], [10.0, 9.0, 9.0], [10.0, 10.0, 9.0]]), "VEC3")
    glb.document["meshes"][0]["primitives"].append({"attributes": {"POSITION": far}, "mode": 1})
    (tmp_path / "delivered.mesh").write_bytes(glb.bytes())
    prepared = prepare_glb(tmp_path / "delivered.mesh", tmp_path)
    placement = box.plan_for_numbers(SIZE, None, scale_length=1.0)[1]
    asked = ConversionRequest(prepared.path, "Dome", placement, REFINEMENT)
    assert prepared.geometry is not None
    ahead = fit_ahead(prepared.geometry, lambda low, high: converting.planned_move(low, high, asked))
    assert ahead is not None
    assert ahead[1].high.max() <= 1.0
    report, points, _normals = converted(tmp_path, glb.bytes())
    assert report.notes == ("Points and lines beside the faces were left out.",)
    assert np.ptp(points.reshape(-1, 3), axis=0) == pytest.approx((SIZE[0], SIZE[2], SIZE[1]), abs=1e-6)


def test_what_needs_no_change_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "delivered.mesh"
    path.write_bytes(dome().bytes())
    assert prepare_glb(path, tmp_path).path == path
    assert list(tmp_path.iterdir()) == [path]


def test_whole_numbers_may_be_written_with_a_point(tmp_path: Path) -> None:
    """JSON knows no whole numbers: ``"count": 240.0`` is the same. Found by the fuzzer."""
    glb = dome()
    for accessor in glb.document["accessors"]:
        accessor["count"] = float(accessor["count"])
    for view in glb.document["bufferViews"]:
        view["byteOffset"] = float(view.get("byteOffset", 0))
    data = glb.bytes()
    assert planned(tmp_path, data) is not None
