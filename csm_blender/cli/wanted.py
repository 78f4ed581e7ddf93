# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sessions go onto which objects: ``--job``, ``--jobs`` and the numbers, read and checked."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.errors import BadJobsFile, BadSessionCode, BadValue, WrongUse
from ..core.models import Vec3
from ..core.session_code import parse_session_code, shortened

COLUMNS = ("session", "object")


@dataclass(frozen=True)
class Wanted:
    """One session and the name of its block-out; ``object_name`` is empty where a box was given by numbers."""

    session_code: str
    object_name: str


def wanted_jobs(job_options: list[str], jobs_file: str | None) -> list[Wanted]:
    """All jobs asked for, in order. Raises :class:`WrongUse` for the first that makes no sense."""
    wanted = [_from_option(text) for text in job_options]
    if jobs_file is not None:
        wanted += read_jobs_file(Path(jobs_file))
    if not wanted:
        raise WrongUse("There is nothing to refine.", "Give --job SESSION=OBJECT or --jobs FILE.")
    return wanted


def read_jobs_file(path: Path) -> list[Wanted]:
    """The jobs in a .csv or .json file. Raises :class:`BadJobsFile` naming the row at fault."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadJobsFile(f"The jobs file {path} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError:
        raise BadJobsFile(f"The jobs file {path} is not UTF-8 text.") from None
    match path.suffix.lower():
        case ".json":
            rows = _json_rows(path, text)
        case ".csv":
            rows = _csv_rows(path, text)
        case _:
            raise BadJobsFile(f"The jobs file {path.name} is neither .csv nor .json.")
    if not rows:
        raise BadJobsFile(f"The jobs file {path.name} holds no jobs.")
    return [_from_row(path, number, row) for number, row in enumerate(rows, start=1)]


def parse_numbers(text: str, option: str) -> Vec3:
    """Three numbers separated by commas. Raises :class:`BadValue` naming the *option*."""
    try:
        x, y, z = (float(part) for part in text.split(","))
    except ValueError:
        raise BadValue(
            f"{option} needs three numbers separated by commas, not {shortened(text)}.", "For example: 0.5,0.9,0.6"
        ) from None
    return (x, y, z)


def _from_option(text: str) -> Wanted:
    """``SESSION=OBJECT`` or ``SESSION``. A pasted URL and an object's name may hold "=" themselves."""
    for index in (index for index, letter in enumerate(text) if letter == "="):
        left = text[:index]
        try:
            code = parse_session_code(left)
        except BadSessionCode:
            continue
        if left.rstrip().endswith(code):
            if not text[index + 1 :].strip():
                raise WrongUse(f"--job {shortened(text)} names no object after the =.")
            return Wanted(code, text[index + 1 :])
    try:
        return Wanted(parse_session_code(text), "")
    except BadSessionCode:
        return Wanted(parse_session_code(text.partition("=")[0]), "")  # says what stands where the code should be


def _json_rows(path: Path, text: str) -> list[dict[str, Any]]:
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadJobsFile(f"The jobs file {path.name} is not valid JSON: {error}.") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadJobsFile(f"The jobs file {path.name} is not a list of objects.")
    return rows


def _csv_rows(path: Path, text: str) -> list[dict[str, Any]]:
    reader = csv.DictReader(text.splitlines(keepends=True), strict=True)
    try:
        rows = list(reader)
    except csv.Error as error:
        raise BadJobsFile(f"The jobs file {path.name} is not valid CSV: {error} (line {reader.line_num}).") from None
    header = [name.strip() for name in reader.fieldnames or []]
    _check_columns(path, header)
    return [{(name or "").strip(): value for name, value in row.items()} for row in rows]


def _check_columns(path: Path, names: list[str]) -> None:
    if unknown := [name for name in names if name not in COLUMNS]:
        raise BadJobsFile(f"The jobs file {path.name} has an unknown column {shortened(unknown[0])}.")
    if missing := [name for name in COLUMNS if name not in names]:
        raise BadJobsFile(f"The jobs file {path.name} lacks the column {missing[0]!r}.")


def _from_row(path: Path, number: int, row: dict[str, Any]) -> Wanted:
    _check_columns(path, list(row))
    session, obj = row["session"], row["object"]
    if not isinstance(session, str) or not isinstance(obj, str) or not obj.strip():
        raise BadJobsFile(f"Job {number} of {path.name} needs a session and an object.")
    try:
        return Wanted(parse_session_code(session), obj)
    except BadSessionCode as error:
        raise BadSessionCode(f"Job {number} of {path.name}: {error}", error.hint) from None
