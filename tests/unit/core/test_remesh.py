"""The options and the report of the local engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from csm_blender.core.errors import BadValue
from csm_blender.core.remesh import (
    Deviation,
    InputFigures,
    OutputFigures,
    RemeshAnswer,
    RemeshMode,
    RemeshOptions,
    RemeshReport,
    RemeshRequest,
    Way,
    memory_needed,
)


def test_the_defaults_are_those_of_the_command_line() -> None:
    assert RemeshOptions().checked() == RemeshOptions(20_000, 0, 2048, RemeshMode.AUTO)


@pytest.mark.parametrize(
    "options",
    [
        RemeshOptions(triangles=49),
        RemeshOptions(triangles=5_000_001),
        RemeshOptions(quads=-1),
        RemeshOptions(texture_size=1000),
        RemeshOptions(texture_size=-512),
    ],
)
def test_options_that_mean_nothing_are_refused(options: RemeshOptions) -> None:
    with pytest.raises(BadValue):
        options.checked()


def test_quads_replace_the_budget_of_triangles() -> None:
    assert RemeshOptions(triangles=0, quads=10_000).checked().quads == 10_000


def test_options_and_report_go_through_json() -> None:
    options = RemeshOptions(quads=5000, mode=RemeshMode.ALWAYS)
    assert RemeshOptions.from_dict(options.as_dict()) == options
    report = RemeshReport(
        InputFigures(1000, 3, 12, 1),
        OutputFigures(500, 0, 252, watertight=True, texture=1024),
        Way.MENDED,
        holes_closed=2,
        deviation=Deviation(0.1, 0.2, 0.3),
        notes=("Two bodies were dropped.",),
        seconds=1.5,
    )
    assert RemeshReport.from_dict(report.as_dict()) == report
    assert {"version", "input", "output", "deviation", "notes", "seconds"} <= report.as_dict().keys()


def test_more_triangles_and_larger_textures_need_more_memory() -> None:
    small = memory_needed(1000, RemeshOptions(texture_size=512))
    assert small < memory_needed(2000, RemeshOptions(texture_size=512))
    assert small < memory_needed(1000, RemeshOptions(texture_size=1024))


def test_a_request_and_its_answer_go_through_json() -> None:
    request = RemeshRequest(Path("in.glb"), Path("out.glb"), RemeshOptions(quads=500))
    assert RemeshRequest.from_dict(json.loads(json.dumps(request.as_dict()))) == request
    report = RemeshReport(InputFigures(9, 1, 0, 0), OutputFigures(8, 0, 7, True, 0), Way.MENDED)
    answer = RemeshAnswer(report, ("out.mtl",))
    assert RemeshAnswer.from_dict(json.loads(json.dumps(answer.as_dict()))) == answer
