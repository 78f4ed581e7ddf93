# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs file, and what is paired with what when many objects get their sessions at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from csm_blender.core.errors import BadJobsFile
from csm_blender.core.files.assignment import Pair, in_order, natural_order, usable
from csm_blender.core.files.jobs_file import MOST_BYTES, Row, read_rows

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
    assert read_rows(path) == [Row(1, CODE, "Chair"), Row(2, "nonsense", "Table")]


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


def test_names_are_sorted_as_people_do() -> None:
    names = ["chair 10", "Chair 2", "Table", "2", "10", "Chair.001", "Chair"]
    assert sorted(names, key=natural_order) == ["2", "10", "Chair", "Chair 2", "chair 10", "Chair.001", "Table"]


@pytest.mark.parametrize(
    ("codes", "names", "pairs"),
    [
        (["A", "B"], ["Box 10", "Box 9"], [Pair("A", "Box 9"), Pair("B", "Box 10")]),
        (["A", "B"], ["Box"], [Pair("A", "Box"), Pair("B", "", "No object is left for it")]),
        (["A"], ["Box", "Ball"], [Pair("A", "Ball"), Pair("", "Box", "No session is left for it")]),
    ],
)
def test_codes_go_to_objects_in_order_and_what_is_left_over_is_told(
    codes: list[str], names: list[str], pairs: list[Pair]
) -> None:
    assert in_order(codes, names) == pairs
    assert len(usable(in_order(codes, names))) == min(len(codes), len(names))
