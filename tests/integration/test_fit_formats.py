# SPDX-License-Identifier: GPL-3.0-or-later
"""Compressed meshes and textures: read where Blender's importer can, refused in a clear sentence where it cannot."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fit_bench import Order, new_scene, refine_all, save
from fit_glbs import Glb, letter, plain
from fit_kind import add, mesh

bpy = pytest.importorskip("bpy")

from csm_blender.core.errors import BadMesh, ConversionFailed
from csm_blender.core.jobs.quality_report import card
from csm_blender.core.processes.converter_pool import ConverterPool
from csm_blender.core.processes.launch import Interpreters

HAS_DRACO = any(
    next(Path(bpy.utils.resource_path("LOCAL")).parent.rglob(name), None)
    for name in ("*extern_draco*.*", "*draco_bridge*.*")
)


def outcome_of(glb: bytes, tmp_path: Path) -> Any:
    new_scene()
    add("Thing", mesh())
    save(tmp_path / "in.blend")
    order = Order("Thing", deliver=lambda _size, _pivot: glb)
    return refine_all(tmp_path / "in.blend", [order], tmp_path / "out.blend", tmp_path / "jobs")[0]


def requiring(extension: str, **extensions_of_primitive: Any) -> bytes:
    """A GLB that says it cannot be read without *extension*."""
    glb = Glb()
    index = glb.mesh(*letter())
    glb.document["extensionsUsed"] = glb.document["extensionsRequired"] = [extension]
    if extensions_of_primitive:
        glb.document["meshes"][index]["primitives"][0]["extensions"] = extensions_of_primitive
    glb.node(mesh=index)
    return glb.bytes()


@pytest.mark.parametrize(
    ("extension", "words"),
    [("KHR_texture_basisu", "KTX2"), ("EXT_texture_avif", "AVIF"), ("XYZ_future_thing", "XYZ_future_thing")],
)
def test_an_extension_the_importer_lacks_is_named_in_plain_words(extension: str, words: str, tmp_path: Path) -> None:
    error = outcome_of(requiring(extension), tmp_path).error
    assert isinstance(error, ConversionFailed)
    assert words in str(error)
    assert "plain GLB" in error.hint


def test_meshopt_is_read_or_refused_clearly(tmp_path: Path) -> None:
    outcome = outcome_of(requiring("EXT_meshopt_compression"), tmp_path)
    if outcome.error is None:
        assert outcome.placed.report.placed_error <= 1e-5
    else:
        assert "meshopt" in str(outcome.error)


@pytest.mark.skipif(not HAS_DRACO, reason="this Blender comes without its Draco library")
def test_draco_is_read_where_blender_has_its_library(tmp_path: Path) -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    add("F", letter_mesh())
    bpy.ops.export_scene.gltf(
        filepath=str(tmp_path / "draco.glb"),
        export_draco_mesh_compression_enable=True,
        export_draco_position_quantization=30,
    )
    glb = (tmp_path / "draco.glb").read_bytes()
    assert b"KHR_draco_mesh_compression" in glb
    outcome = outcome_of(glb, tmp_path)
    assert outcome.error is None, str(outcome.error)
    assert outcome.placed.report.placed_error <= 1e-5


@pytest.mark.skipif(HAS_DRACO, reason="this Blender has its Draco library")
def test_draco_is_refused_clearly_where_blender_lacks_its_library(tmp_path: Path) -> None:
    draco = {"KHR_draco_mesh_compression": {"bufferView": 0, "attributes": {"POSITION": 0}}}
    error = outcome_of(requiring("KHR_draco_mesh_compression", **draco), tmp_path).error
    assert isinstance(error, ConversionFailed)
    assert "Draco" in str(error)


def letter_mesh() -> Any:
    points, faces = letter()
    made = bpy.data.meshes.new("F")
    made.from_pydata(points.tolist(), [], faces.tolist())
    return made


def test_a_vertex_that_is_no_number_is_left_out_and_the_card_says_so(tmp_path: Path) -> None:
    points, faces = letter()
    points[3, 1] = np.nan
    outcome = outcome_of(plain(points, faces), tmp_path)
    assert outcome.error is None
    assert outcome.placed.report.placed_error <= 1e-5
    quality = card(outcome.job_placed())
    assert not quality.good
    assert "1 invalid value" in quality.verdict
    assert any("not a number" in note for note in quality.notes)


def test_a_mesh_squeezed_flat_is_refused(tmp_path: Path) -> None:
    error = outcome_of(plain(*letter(), scale=[1.0, 0.0, 1.0]), tmp_path).error
    assert isinstance(error, BadMesh)


def test_a_flat_mesh_cannot_fill_a_box_and_the_card_says_so(tmp_path: Path) -> None:
    points, faces = letter()
    outcome = outcome_of(plain(points * (1.0, 1.0, 0.0), faces), tmp_path)
    assert outcome.error is None
    assert outcome.placed.report.placed_error > 1e-3
    quality = card(outcome.job_placed())
    assert not quality.good
    assert "Off by" in quality.verdict


def test_the_card_tells_what_was_measured(tmp_path: Path) -> None:
    outcome = outcome_of(plain(*letter((0.0,) * 3, (2.0, 4.0, 6.0))), tmp_path)
    before = card(outcome.job)
    assert before.verdict.startswith("Ready, not placed yet.")
    quality = card(outcome.job_placed())
    assert quality.good
    assert quality.verdict.startswith("Fills the box exactly; placed on its pivot. The service was off by ")
    assert quality.verdict.endswith("Please check: 2 loose parts, 2 non-manifold edges, no UVs.")
    found = quality.findings
    assert (found.triangles, found.vertices, found.loose_parts, found.open_edges) == (60, 40, 3, 0)
    assert quality.size_delivered == pytest.approx((2.0, 4.0, 6.0))
    assert quality.size_placed == pytest.approx(quality.size_asked, rel=1e-5)
    assert quality.placed_error <= 1e-5
    assert quality.pivot_error <= 1e-5
    assert json.loads(json.dumps(quality.as_dict()))["triangles"] == 60
    assert dict(quality.rows())["Triangles"] == "60"


def wait_for(converters: ConverterPool) -> None:
    while converters.collect("job") is None:
        time.sleep(0.05)


def test_a_converter_that_cannot_read_the_file_ends_well(tmp_path: Path) -> None:
    """The converter as the process it is: its sentence arrives."""
    outcome = outcome_of(plain(*letter()), tmp_path)
    (tmp_path / "bad.mesh").write_bytes(requiring("KHR_texture_basisu"))
    request = {
        **json.loads(json.dumps(outcome.job.spec.as_dict())),
        "mesh": str(tmp_path / "bad.mesh"),
        "name": "x",
        "export": "",
    }
    converters = ConverterPool(Interpreters(sys.executable))
    assert converters.start("job", tmp_path, request)
    with pytest.raises(ConversionFailed, match="KTX2"):
        wait_for(converters)
