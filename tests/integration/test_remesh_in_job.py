# SPDX-License-Identifier: GPL-3.0-or-later
"""A job that asks for the local engine: the converter remeshes what came, then fits that exactly, and says both."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from fit_bench import Order, new_scene, planned
from fit_glbs import letter, plain
from fit_kind import add, mesh
from many_bodies import many_bodies

bpy = pytest.importorskip("bpy")

from csm_blender.converter.convert import convert
from csm_blender.converter.mesh.transform_mesh import coordinates
from csm_blender.core.conversion import ConversionReport, ConversionRequest
from csm_blender.core.errors import BadMesh
from csm_blender.core.geometry.box import corner_error, corners
from csm_blender.core.geometry.linalg import IDENTITY
from csm_blender.core.models import vec3
from csm_blender.core.processes.converter_pool import BLEND_NAME, ConverterPool
from csm_blender.core.processes.launch import Interpreters
from csm_blender.core.remesh import RemeshMode, RemeshOptions

OPTIONS = RemeshOptions(triangles=500, texture_size=0)


def request_for(glb: bytes, folder: Path, options: RemeshOptions = OPTIONS) -> ConversionRequest:
    """What the converter of a job for a block-out is asked when *glb* was delivered."""
    new_scene()
    add("Thing", mesh())
    spec = planned(Order("Thing"), bpy.context.scene)
    delivered = folder / "delivered.mesh"
    delivered.write_bytes(glb)
    return replace(ConversionRequest.of(spec, delivered), blend=folder / BLEND_NAME, remesh=options)


@pytest.mark.parametrize("mode", RemeshMode)
def test_the_remeshed_mesh_fills_the_box(mode: RemeshMode, tmp_path: Path) -> None:
    request = request_for(plain(*letter((0.0,) * 3, (2.0, 4.0, 6.0))), tmp_path, replace(OPTIONS, mode=mode))
    seen: list[float] = []
    report = convert(request, lambda share, _text: seen.append(share))
    assert report.fitted.fitted_error <= 1e-6
    assert report.remesh is not None
    assert report.remesh.input.triangles == 60, "of the mesh that came"
    assert report.findings.triangles == report.remesh.output.triangles <= 500
    assert seen == sorted(seen)
    assert ConversionReport.from_dict(report.as_dict()) == report

    with bpy.data.libraries.load(str(request.blend)) as (_available, wanted):
        wanted.meshes = [report.mesh]
    points = coordinates(wanted.meshes[0])
    found = vec3(points.min(axis=0)), vec3(points.max(axis=0))
    assert corner_error(corners(IDENTITY, *found), corners(IDENTITY, *report.fitted.box)) <= 1e-6


def test_without_the_engine_the_report_is_that_of_1_0_0(tmp_path: Path) -> None:
    request = replace(request_for(plain(*letter()), tmp_path), remesh=None)
    report = convert(request)
    assert report.remesh is None
    assert "remesh" not in report.as_dict()
    assert "remesh" not in request.as_dict()


def test_what_the_engine_cannot_use_is_a_bad_mesh(tmp_path: Path) -> None:
    points, faces = letter()
    with pytest.raises(BadMesh, match="flat"):
        convert(request_for(plain(points * (1.0, 1.0, 0.0), faces), tmp_path))


def test_progress_arrives_and_a_cancel_ends_the_work_within_a_second(tmp_path: Path) -> None:
    """The converter as the process it is."""
    request = request_for(many_bodies(100_000), tmp_path)
    pool = ConverterPool(Interpreters(sys.executable))
    assert pool.start("job", tmp_path, request.as_dict())
    process = pool._running["job"].process
    shares, texts = [0.0], set()
    until_s = time.monotonic() + 60.0
    while shares[-1] < 0.1 and time.monotonic() < until_s:
        pool.poll()
        assert pool.collect("job") is None, "it has ended before it could be cancelled"
        share, text = pool.progress("job")
        shares.append(share)
        texts.add(str(text))
        time.sleep(0.02)
    assert shares == sorted(shares)
    assert "Importing the mesh" in texts
    cancelled_s = time.monotonic()
    pool.stop("job")
    assert time.monotonic() - cancelled_s < 1.0
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)
    assert not (tmp_path / BLEND_NAME).exists()
    assert not list(tmp_path.glob("converting-*"))
