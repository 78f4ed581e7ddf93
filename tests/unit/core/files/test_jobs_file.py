# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs file, as the dialog of the 3D view reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from csm_blender.core.errors import BadJobsFile, BadSource
from csm_blender.core.files.jobs_file import MOST_BYTES, Row, read_jobs_file, read_rows
from csm_blender.core.sources import Engine, Facing

CODE = "SESSION_1689257215_1674078"


@pytest.mark.parametrize(
    "text",
    [
        f"session,object\n{CODE},Chair\nnonsense,Table\n",
        f'[{{"session": "{CODE}", "object": "Chair"}}, {{"session": "nonsense", "object": "Table"}}]',
        f'\ufeff\n  [{{"session": "{CODE}", "object": "Chair"}}, {{"object": "Table", "session": "nonsense"}}]',
    ],
)
def test_a_csmjobs_file_is_csv_or_json_and_keeps_bad_codes_for_the_dialog(tmp_path: Path, text: str) -> None:
    path = tmp_path / "Set.CsmJobs"
    path.write_text(text, encoding="utf-8")
    assert read_rows(path) == [Row(CODE, "Chair"), Row("nonsense", "Table")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "lacks the column 'session'"),
        ("just some text", "unknown column 'just some text'"),
        ('{"session": "x"}', "not a list of objects"),
        ("[1, 2]", "not a list of objects"),
        ("[]", "contains no jobs"),
        ("\x00\x01", "unknown column"),
    ],
)
def test_what_is_no_jobs_file_is_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "set.csmjobs"
    path.write_text(text)
    with pytest.raises(BadJobsFile, match=says):
        read_rows(path)


def test_a_file_that_is_far_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(BadJobsFile, match="larger than 10 MB"):
        read_rows(path)


ROWS_AS_CSV = f"""\
facing,source,object,engine,triangles
90,mesh/chair.glb,Chair,local,5000
,object:Raw,Table,,
As-Delivered,{CODE},Lamp,NONE,
"""
ROWS_AS_JSON = f"""[
{{"source": "mesh/chair.glb", "object": "Chair", "facing": 90, "engine": "local", "triangles": 5000}},
{{"source": "object:Raw", "object": "Table"}},
{{"session": "{CODE}", "object": "Lamp", "engine": "none", "facing": "as-delivered", "triangles": null}}
]"""


ROWS_OF_A_SPREADSHEET = "\ufeff" + ROWS_AS_CSV.replace(",", ";").replace("\n", "\r\n")
"""As written on Windows, in a country whose decimal point is a comma."""


@pytest.mark.parametrize(
    ("name", "text"), [("jobs.csv", ROWS_AS_CSV), ("jobs.json", ROWS_AS_JSON), ("sheet.csv", ROWS_OF_A_SPREADSHEET)]
)
def test_a_row_names_any_source_and_may_say_how_it_is_refined(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert read_jobs_file(tmp_path / name) == [
        Row(str(tmp_path / "mesh" / "chair.glb"), "Chair", Engine.LOCAL, 5000, Facing.TURN_90),
        Row("object:Raw", "Table"),
        Row(CODE, "Lamp", Engine.NONE, None, Facing.AS_DELIVERED),
    ]


@pytest.mark.parametrize(
    ("column", "value"), [("engine", "magic"), ("facing", "45"), ("facing", "left"), ("triangles", "many")]
)
def test_a_value_that_means_nothing_is_named(tmp_path: Path, column: str, value: str) -> None:
    path = tmp_path / "jobs.csv"
    path.write_text(f"source,object,{column}\na.glb,Chair,\nb.glb,Table,{value}\n")
    with pytest.raises(BadJobsFile, match=rf"Job 2 of jobs\.csv: '{value}' is no {column}"):
        read_rows(path)


def test_a_source_that_is_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "jobs.csv"
    path.write_text("source,object\nchair.max,Chair\n")
    with pytest.raises(BadSource, match=r"Job 1 of jobs\.csv: 'chair\.max'"):
        read_jobs_file(path)
