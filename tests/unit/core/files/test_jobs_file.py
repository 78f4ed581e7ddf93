# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs file, as the dialog of the 3D view reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from csm_blender.core.errors import BadJobsFile
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
