# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict about a result follows from what was measured. The measurements are those of a real job."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from data_of_1_0_0 import CODES, unpacked
from job_states import job_in

from csm_blender.core.conversion import ConversionReport, Fitted, JobResult, PlacementReport
from csm_blender.core.jobs.quality_report import EXACT, Card, card, misses_the_box
from csm_blender.core.jobs.states import JobState
from csm_blender.core.jobs.store import Store

Measured = Callable[..., Card]


@pytest.fixture
def measured(tmp_path: Path) -> Iterator[Measured]:
    """The card of the placed job with some measurements exchanged; ``None`` leaves one out."""
    store = Store(unpacked(tmp_path, "http://127.0.0.1:9") / "jobs")

    def exchange(state: str = "PLACED", **values: Any) -> Card:
        with closing(sqlite3.connect(store.path, isolation_level=None)) as database:
            [text] = database.execute("SELECT result_json FROM jobs WHERE state=?", [state]).fetchone()
            result = {**json.loads(text), "uv_maps": 1, "delivered_error": 0.0, **values}
            result = {name: value for name, value in result.items() if value is not None}
            database.execute("UPDATE jobs SET result_json=? WHERE state=?", [json.dumps(result), state])
        [job] = [job for job in store.jobs() if job.session_code == CODES[state]]
        found = card(job)
        assert found is not None
        return found

    yield exchange
    store.close()


@pytest.mark.parametrize("state", [state for state in JobState if state not in (JobState.READY, JobState.PLACED)])
def test_there_is_no_card_before_the_mesh_was_converted(tmp_path: Path, state: JobState) -> None:
    store = Store(tmp_path)
    assert card(job_in(store, state)) is None
    store.close()


def test_a_result_that_stands_exactly_is_good(measured: Measured) -> None:
    found = measured()
    assert found.good
    assert "Worth a look" not in found.verdict
    assert measured("READY").good


@pytest.mark.parametrize("which", ["placed_error", "pivot_error"])
@pytest.mark.parametrize(("error", "good"), [(0.0, True), (EXACT, True), (EXACT * 1.01, False), (0.5, False)])
def test_a_result_off_in_box_or_pivot_is_not(measured: Measured, which: str, error: float, good: bool) -> None:
    found = measured(**{which: error})
    assert found.good is good
    assert found.as_dict()[which] == error


@pytest.mark.parametrize(
    ("flaw", "words"),
    [
        ({"loose_parts": 2}, "1 loose part"),
        ({"loose_parts": 4}, "3 loose parts"),
        ({"open_edges": 1}, "1 open edge"),
        ({"open_edges": 1234}, "1,234 open edges"),
        ({"non_manifold_edges": 5}, "5 non-manifold edges"),
        ({"uv_maps": 0}, "no UVs"),
    ],
)
def test_flaws_are_told_and_do_not_spoil_the_fit(measured: Measured, flaw: dict[str, int], words: str) -> None:
    found = measured(**flaw)
    assert words in found.verdict
    assert found.good


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"bad_numbers": 1}, "1 invalid value"),
        ({"missing_textures": 2}, "2 missing or damaged pictures"),
        ({"transparent_materials": 1}, "1 fully transparent material"),
        ({"inside_out": True}, "the faces are inside out"),
        ({"triangles": 0}, "no faces"),
    ],
)
def test_what_is_seen_at_once_spoils_it(measured: Measured, wrong: dict[str, Any], words: str) -> None:
    found = measured(**wrong)
    assert words in found.verdict
    assert not found.good


@pytest.mark.parametrize("which", ["placed_error", "pivot_error"])
def test_a_result_beside_the_box_is_no_success(tmp_path: Path, which: str) -> None:
    store = Store(tmp_path)
    job = job_in(store, JobState.PLACED)
    store.close()
    fitted = ConversionReport(Fitted((0.0,) * 3, (1.0,) * 3))
    assert not misses_the_box(replace(job, result=None))
    assert not misses_the_box(replace(job, result=JobResult(fitted)))
    for error, misses in ((0.0, False), (EXACT, False), (EXACT * 1.01, True), (0.53, True), (math.nan, True)):
        placement = PlacementReport("A", **{"placed_error": 0.0, "pivot_error": 0.0, which: error})
        assert misses_the_box(replace(job, result=JobResult(fitted, placement=placement))) is misses


def test_how_far_the_delivery_was_off_is_told_where_it_matters(measured: Measured) -> None:
    assert "0.5%" in measured(delivered_error=0.005).verdict
    assert "off by" not in measured(delivered_error=0.0005).verdict


@pytest.mark.parametrize(
    ("stretch", "words"),
    [
        (None, ""),
        ([1.0, 1.25, 1.0], ""),
        ([1.0, 1.0, 1.6], "Stretched 1.6 times in depth."),
        ([1.3, 1.0, 1.0], "Stretched 1.3 times in width."),
        ([2.0, 1.0, 1.99], "Stretched 2.0 times in width, depth."),
    ],
)
def test_a_mesh_that_was_stretched_much_is_told_with_what_helps(
    measured: Measured, stretch: list[float] | None, words: str
) -> None:
    found = measured(stretch=stretch)
    assert words in found.verdict
    assert ("Stretched" in found.verdict) == ("Inside" in found.verdict) == bool(words)
    assert found.good


def test_the_rows_and_the_json_say_the_same(measured: Measured) -> None:
    found = measured(textures=[["color", 1024, 512]])
    rows = dict(found.rows())
    assert rows["Triangles"] == f"{found.as_dict()['triangles']:,}" == "12"
    assert rows["Textures"] == "1024 x 512"
    assert rows["Size Placed"] == "0.5 x 0.5 x 0.5 m"
    data = json.loads(json.dumps(found.as_dict()))
    assert {"verdict", "good", "triangles", "vertices", "loose_parts", "open_edges", "non_manifold_edges", "uv_maps",
            "bad_numbers", "textures", "size_asked", "size_delivered", "size_placed", "delivered_error", "placed_error",
            "pivot_error", "notes", "stretch", "facing"} == set(data)  # fmt: skip
    assert data["size_asked"] == pytest.approx([0.5, 0.9, 0.6])
    assert data["size_delivered"] == [1.0, 1.0, 1.0]
