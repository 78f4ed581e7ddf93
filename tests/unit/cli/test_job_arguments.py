# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``--job`` and ``--jobs`` accept, and what they say to the rest."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import pytest

from csm_blender.cli.environment import Surroundings
from csm_blender.cli.job_arguments import parse_numbers, typed_path, wanted_jobs
from csm_blender.cli.main import main
from csm_blender.cli.parser import build_parser
from csm_blender.core.errors import BadJobsFile, BadSessionCode, BadValue, UsageError
from csm_blender.core.files.jobs_file import Row

CODE = "SESSION_1689257215_1674078"


@pytest.mark.parametrize(
    ("text", "code", "name"),
    [
        (f"{CODE}=Chair", CODE, "Chair"),
        (f"  {CODE} =Chair", CODE, "Chair"),
        (f"{CODE}=a=b", CODE, "a=b"),
        (f"{CODE}= Chair ", CODE, " Chair "),
        (f"https://3d.example.com/session/{CODE}=Chair", CODE, "Chair"),
        (f"https://3d.example.com/view?tab=mesh&session={CODE}=Chair", CODE, "Chair"),
        (CODE, CODE, ""),
        (f"https://3d.example.com/{CODE}?x=1", CODE, ""),
    ],
)
def test_a_job_option_is_a_session_and_an_object(text: str, code: str, name: str) -> None:
    assert wanted_jobs([text], None) == [Row(code, name)]


@pytest.mark.parametrize(
    "text", ["Chair", "ASSET_1700000000_1234567=Chair", "SESSION_1/../2=Chair", "64b0035d1924dcd2252770ca"]
)
def test_a_job_option_without_a_session_code_is_refused(text: str) -> None:
    with pytest.raises(BadSessionCode):
        wanted_jobs([text], None)


@pytest.mark.parametrize("text", ["", "=Chair", "chair.max=Chair", "meshes/=Chair"])
def test_a_job_option_without_any_source_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        wanted_jobs([text], None)
    assert refused.value.hint


@pytest.mark.parametrize(
    ("text", "source", "name"),
    [
        ("chair.glb=Chair", "chair.glb", "Chair"),
        ("a=b.obj=c=d", "a=b.obj", "c=d"),
        ("mesh/chair.OBJ", "mesh/chair.OBJ", ""),
        (f"{'n' * 300}.glb=Chair", f"{'n' * 300}.glb", "Chair"),
    ],
)
def test_a_job_option_may_name_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, source: str, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert wanted_jobs([text], None) == [Row(str(tmp_path / source), name)]


def test_of_two_ways_to_read_a_path_the_file_that_is_there_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert wanted_jobs(["a.glb=b.glb=C"], None) == [Row(str(tmp_path / "a.glb"), "b.glb=C")]
    (tmp_path / "a.glb=b.glb").touch()
    assert wanted_jobs(["a.glb=b.glb=C"], None) == [Row(str(tmp_path / "a.glb=b.glb"), "C")]


def test_an_object_is_a_source_too() -> None:
    assert wanted_jobs(["object:Raw mesh=Chair"], None) == [Row("object:Raw mesh", "Chair")]
    assert wanted_jobs(["object:Raw mesh"], None) == [Row("object:Raw mesh", "")]


def test_an_object_must_be_named_after_the_equals_sign() -> None:
    with pytest.raises(UsageError, match="names no object"):
        wanted_jobs([f"{CODE}="], None)


def test_no_jobs_at_all_is_wrong_use() -> None:
    with pytest.raises(UsageError, match="nothing to refine"):
        wanted_jobs([], None)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("jobs.csv", f'session,object\n{CODE},Chair\n {CODE} ,"Table, ""big""\nround"\n'),
        ("jobs.csv", f'﻿object,session\nChair,{CODE}\n"Table, ""big""\nround", {CODE}\n'),
        (
            "JOBS.JSON",
            (
                f'[{{"session": "{CODE}", "object": "Chair"}},'
                f' {{"session": "{CODE}", "object": "Table, \\"big\\"\\nround"}}]'
            ),
        ),
    ],
)
def test_a_jobs_file_is_csv_or_json(tmp_path: Path, name: str, text: str) -> None:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    assert wanted_jobs([], str(file)) == [Row(CODE, "Chair"), Row(CODE, 'Table, "big"\nround')]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.csv", f"session,object,color\n{CODE},Chair,red\n", "unknown column 'color'"),
        ("a.csv", f"session\n{CODE}\n", "lacks the column 'object'"),
        ("a.csv", "", "lacks the column 'session'"),
        ("a.csv", "session,object\n", "contains no jobs"),
        ("a.csv", f"session,object\n{CODE}\n", "Job 1 of a.csv needs a session and an object"),
        ("a.csv", f"session,object\n{CODE},Chair,more\n", "unknown column ''"),
        ("a.json", "{}", "not a list of objects"),
        ("a.json", "[", "not valid JSON"),
        ("a.json", "[" * 100_000, "not valid JSON"),
        ("a.json", f'[{{"session": "{CODE}", "object": 3}}]', "needs a session and an object"),
        ("a.json", f'[{{"session": "{CODE}"}}]', "lacks the column 'object'"),
        ("a.txt", "", "neither .csv nor .json"),
    ],
)
def test_a_jobs_file_that_is_wrong_says_where(tmp_path: Path, name: str, text: str, says: str) -> None:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadJobsFile, match=says):
        wanted_jobs([], str(file))


def test_a_bad_code_in_a_jobs_file_names_the_job(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text(f"session,object\n{CODE},Chair\nnope,Table\n")
    with pytest.raises(BadSessionCode, match=r"Job 2 of a\.csv: 'nope'"):
        wanted_jobs([], str(file))


def test_a_jobs_file_that_is_missing_or_binary_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadJobsFile, match="cannot be read"):
        wanted_jobs([], str(tmp_path / "none.csv"))
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadJobsFile, match="not UTF-8"):
        wanted_jobs([], str(tmp_path / "b.csv"))


def test_numbers_are_three() -> None:
    assert parse_numbers("1, -0.5,2e1", "--bbox") == (1.0, -0.5, 20.0)
    for text in ("", "1,2", "1,2,3,4", "a,b,c"):
        with pytest.raises(BadValue, match="--bbox needs three numbers"):
            parse_numbers(text, "--bbox")


def test_a_path_of_no_user_is_one_below_the_folder_that_is_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    assert typed_path("~/plan") == tmp_path / "home" / "plan"
    assert typed_path("~no-such-user/plan") == tmp_path / "~no-such-user" / "plan"
    assert main(["work", "~no-such-user/plan"], "csm", Surroundings()) == UsageError.exit_status


def test_a_path_that_is_no_text_is_refused() -> None:
    with pytest.raises(UsageError, match="no text in UTF-8"):
        typed_path("plan\udcff")


def test_the_help_of_work_names_no_default_that_the_plan_decides() -> None:
    options = build_parser("csm").parse_args(["work", "plan"])
    assert (options.concurrency, options.timeout, options.poll_interval) == (None, None, None)
    shown = " ".join(_help_of("work").split())
    assert shown.count("(default: the plan's)") == 3
    assert "(default: 8)" not in shown
    assert "(default: 8)" in " ".join(_help_of("refine").split())


def _help_of(command: str) -> str:
    written = io.StringIO()
    with contextlib.redirect_stdout(written), pytest.raises(SystemExit):
        build_parser("csm").parse_args([command, "--help"])
    return written.getvalue()


def test_a_number_that_is_none_is_named_in_plain_words() -> None:
    with pytest.raises(UsageError, match="whole number"):
        build_parser("csm").parse_args(["report", "plan", "--pictures", "many"])
