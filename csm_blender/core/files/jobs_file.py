# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs file: which sessions go onto which objects. The command line and the dialog of the 3D view read the same.

One job is a session (its code, or a URL that holds it) and the name of an object, or of several joined by ``+`` for
their common box. A ``.csv`` begins with a line that names the columns ``session`` and ``object``, in any order; a
``.json`` is a list of objects with these two keys; a ``.csmjobs`` is either. All are UTF-8.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..api.session_code import parse_session_code, shortened
from ..errors import BadJobsFile, BadSessionCode

COLUMNS = ("session", "object")
SUFFIX = ".csmjobs"
MOST_BYTES = 10 * 1024**2
"""A larger file was dropped by mistake; the file is read while Blender waits."""


@dataclass(frozen=True)
class Row:
    """One job: a session and the name of its block-out, which is empty where a box is given by numbers."""

    session: str
    object_name: str


def read_jobs_file(path: Path) -> list[Row]:
    """The jobs in the file. Raises :class:`BadJobsFile` or :class:`BadSessionCode`, naming the job at fault."""
    checked = []
    for number, row in enumerate(read_rows(path), start=1):
        try:
            checked.append(Row(parse_session_code(row.session), row.object_name))
        except BadSessionCode as error:
            raise BadSessionCode(
                "Job {number} of {name}: {error}", error.hint, number=number, name=path.name, error=error
            ) from error
    return checked


def read_rows(path: Path) -> list[Row]:
    """The jobs in the file, with unchecked session codes. Raises :class:`BadJobsFile` for what is not a jobs file."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadJobsFile(
                "The jobs file {name} is larger than {limit} MB.", name=path.name, limit=MOST_BYTES // 1024**2
            )
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadJobsFile("The jobs file {path} cannot be read: {reason}.", path=path, reason=error) from error
    except UnicodeDecodeError as error:
        raise BadJobsFile("The jobs file {path} is not UTF-8 text.", path=path) from error
    match path.suffix.lower():
        case ".json":
            rows = _json_rows(path, text)
        case ".csv":
            rows = _csv_rows(path, text)
        case suffix if suffix == SUFFIX:
            rows = _json_rows(path, text) if text.lstrip()[:1] in ("[", "{") else _csv_rows(path, text)
        case _:
            raise BadJobsFile(
                "The jobs file {name} is neither .csv nor .json nor {suffix}.", name=path.name, suffix=SUFFIX
            )
    if not rows:
        raise BadJobsFile("The jobs file {name} contains no jobs.", name=path.name)
    jobs = []
    for number, row in enumerate(rows, start=1):
        _check_columns(path, list(row))
        session, obj = row["session"], row["object"]
        if not isinstance(session, str) or not isinstance(obj, str) or not obj.strip():
            raise BadJobsFile("Job {number} of {name} needs a session and an object.", number=number, name=path.name)
        jobs.append(Row(session, obj))
    return jobs


def _json_rows(path: Path, text: str) -> list[dict[str, Any]]:
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadJobsFile("The jobs file {name} is not valid JSON: {error}.", name=path.name, error=error) from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadJobsFile("The jobs file {name} is not a list of objects.", name=path.name)
    return rows


def _csv_rows(path: Path, text: str) -> list[dict[str, Any]]:
    reader = csv.DictReader(text.splitlines(keepends=True), strict=True)
    try:
        rows = list(reader)
    except csv.Error as error:
        raise BadJobsFile(
            "The jobs file {name} is not valid CSV: {error} (line {line}).",
            name=path.name,
            error=error,
            line=reader.line_num,
        ) from error
    header = [name.strip() for name in reader.fieldnames or []]
    _check_columns(path, header)
    return [{(name or "").strip(): value for name, value in row.items()} for row in rows]


def _check_columns(path: Path, names: list[str]) -> None:
    if unknown := [name for name in names if name not in COLUMNS]:
        raise BadJobsFile(
            "The jobs file {name} has an unknown column {column}.", name=path.name, column=shortened(unknown[0])
        )
    if missing := [name for name in COLUMNS if name not in names]:
        raise BadJobsFile("The jobs file {name} lacks the column {column}.", name=path.name, column=repr(missing[0]))
