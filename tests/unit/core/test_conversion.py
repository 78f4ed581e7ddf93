# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests, reports and results go through JSON without loss, and what version 1.0.0 wrote is understood."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from jobs_at_hand import spec

from csm_blender.core.conversion import (
    ConversionReport,
    ConversionRequest,
    Fitted,
    JobResult,
    MeshFindings,
    PlacementReport,
)
from csm_blender.core.messages import Message, from_json, to_json
from csm_blender.core.models import AssetChoice, AssetPlace, Choices, Fit, JobSpec, Materials, Original, Pivot

WRITTEN_BY_1_0_0 = {
    "mesh": "Chair_refined",
    "notes": ["The file is animated; it was taken at rest."],
    "materials": 1,
    "triangles": 12,
    "vertices": 24,
    "loose_parts": 1,
    "open_edges": 0,
    "non_manifold_edges": 0,
    "uv_maps": 1,
    "textures": [["wood", 512, 256]],
    "bad_numbers": 0,
    "delivered_min": [-0.5, 0.0, -0.5],
    "delivered_max": [0.5, 1.0, 0.5],
    "delivered_error": 0.01,
    "box_min": [-1.0, -1.0, 0.0],
    "box_max": [1.0, 1.0, 2.0],
    "fitted_error": 1e-8,
    "blend": "/jobs/1/refined.blend",
    "glb": "/jobs/1/delivered.mesh",
    "ready_at": "2026-11-01T12:00:00.000+00:00",
}
PLACED_BY_1_0_0 = {
    "object": "Chair_refined",
    "placed_error": 2e-8,
    "pivot_error": 0.0,
    "placed_size": [0.5, 0.9, 0.5],
    "copies": ["Chair.001_refined"],
    "placing_notes": [],
}
CHOICES = Choices(
    Fit.INSIDE, Pivot.CUSTOM, (0.1, 0.2, 0.3), Original.REPLACE, again=True, materials=Materials.OWN
).settled()


def through_json(data: object) -> dict[str, object]:
    back: dict[str, object] = json.loads(json.dumps(data))
    return back


@pytest.mark.parametrize("placing", [{}, PLACED_BY_1_0_0])
def test_a_result_of_1_0_0_is_read_and_written_as_it_was(placing: dict[str, object]) -> None:
    written = {**WRITTEN_BY_1_0_0, **placing}
    result = JobResult.from_dict(written)
    assert (result.placement is not None) == bool(placing)
    assert result.conversion.fitted.box == ((-1.0, -1.0, 0.0), (1.0, 1.0, 2.0))
    assert result.conversion.findings.textures == (("wood", 512, 256),)
    assert through_json(result.as_dict()) == {**written, "asset_file": None}


def test_what_an_earlier_version_did_not_measure_is_not_known() -> None:
    result = JobResult.from_dict({"box_min": [0, 0, 0], "box_max": [1, 1, 1]})
    assert result.conversion.findings == MeshFindings()
    assert result.conversion.fitted.delivered_error is None


def test_notes_stay_messages_on_their_way_through_the_store() -> None:
    note = Message("The texture {name} cannot be read by this Blender.", name="'wood'")
    fitted = Fitted((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    placement = PlacementReport("Chair", 0.0, 0.0, notes=(note,))
    result = JobResult(ConversionReport(fitted, notes=(note,)), placement=placement)
    back = JobResult.from_dict(from_json(to_json(result.as_dict())))
    assert back == result
    assert back.placement is not None
    for kept in (back.conversion.notes[0], back.placement.notes[0]):
        assert isinstance(kept, Message)
        assert kept.template == note.template


def test_a_request_reaches_the_converter_whole() -> None:
    wish = AssetChoice(AssetPlace.LIBRARY, "Props", "/props", "Ada")
    job = replace(spec("SESSION_1_2", choices=replace(CHOICES, asset=wish)), export_path="/out/chair.glb")
    request = replace(ConversionRequest.of(job, Path("/jobs/1/mesh"), "1" * 32), blend=Path("/jobs/1/refined.blend"))
    assert request.asset == wish
    assert request.export == "/out/chair.glb"
    assert ConversionRequest.from_dict(through_json(request.as_dict())) == request


def test_a_spec_is_as_flat_as_in_1_0_0() -> None:
    written = through_json(spec("SESSION_1_2", choices=CHOICES).as_dict())
    assert set(written) == {
        *("session_code", "result_name", "refinement", "placement", "scale_length", "target", "fit", "pivot"),
        *("original", "again", "blend_file", "scene_name", "output", "export_path", "run_id", "parts", "copies"),
        *("materials", "asset"),
    }, "1.0.0 refuses fields that it does not know"
    assert written["copies"] is True, "as the mesh is replaced"
    assert JobSpec.from_dict(written).choices == CHOICES


def test_a_spec_of_before_copies_materials_and_assets_is_read() -> None:
    written = spec("SESSION_1_2").as_dict()
    for name in ("copies", "materials", "asset", "parts"):
        del written[name]
    assert JobSpec.from_dict(written) == spec("SESSION_1_2", choices=Choices())


@pytest.mark.parametrize("change", [{"fit": "TIGHT"}, {"placement": {}}, {"color": "red"}])
def test_a_spec_that_makes_no_sense_is_refused(change: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        JobSpec.from_dict({**spec("SESSION_1_2").as_dict(), **change})
