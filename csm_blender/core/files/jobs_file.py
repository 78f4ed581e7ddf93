# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs file: which meshes go onto which objects. The command line and the dialog of the 3D view read the same.

One job is a source (a session's code or a URL that holds it, a mesh file, ``object:NAME``) and the name of an object,
or of several joined by ``+`` for their common box. A ``.csv`` begins with a line that names the columns ``source`` (or
``session``) and ``object``, in any order, and perhaps ``engine``, ``triangles`` and ``facing``; a ``.json`` is a list
of objects with these keys; a ``.csmjobs`` is either. All are UTF-8. Files are found from the folder of the jobs file
on.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..api.session_code import shortened
from ..errors import BadJobsFile, BadSessionCode, BadSource
from ..sources import Engine, Facing
from .source_text import parse_source, read_engine, read_facing

COLUMNS = ("session", "object")
SOURCE = "source"
"""What the column ``session`` may be called as well."""
OPTIONAL = ("engine", "triangles", "facing")
SUFFIX = ".csmjobs"
_WISH_HINT = "engine is service, local or none; triangles a number; facing as-delivered, 0, 90, 180, 270 or auto."
MOST_BYTES = 10 * 1024**2
"""A larger file was dropped by mistake; the file is read while Blender waits."""


@dataclass(frozen=True)
class Row:
    """One job: its source as text, and the name of its block-out, which is empty where a box is given by numbers.

    ``engine``, ``triangles`` and ``facing`` are ``None`` where the row does not say.
    """

    session: str
    object_name: str
    engine: Engine | None = None
    triangles: int | None = None
    facing: Facing | None = None


def read_jobs_file(path: Path) -> list[Row]:
    """The jobs in the file. Raises :class:`BadJobsFile`, or what :func:`parse_source` does, naming the job at fault."""
    checked = []
    for number, row in enumerate(read_rows(path), start=1):
        try:
            checked.append(replace(row, session=parse_source(row.session, path.absolute().parent).text))
        except (BadSessionCode, BadSource) as error:
            words = "Job {number} of {name}: {error}"
            raise type(error)(words, error.hint, number=number, name=path.name, error=error) from error
    return checked


def read_rows(path: Path) -> list[Row]:
    """The jobs in the file, with unchecked sources. Raises :class:`BadJobsFile` for what is not a jobs file."""
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
    return [_row(path, number, row) for number, row in enumerate(rows, start=1)]


def _row(path: Path, number: int, row: Mapping[str, Any]) -> Row:
    """Job *number* of the file, counted from 1."""
    _check_columns(path, list(row))
    session, obj = row.get("session", row.get(SOURCE)), row["object"]
    if not isinstance(session, str) or not isinstance(obj, str) or not obj.strip():
        raise BadJobsFile("Job {number} of {name} needs a session and an object.", number=number, name=path.name)
    try:
        return Row(session, obj, *_wishes(row))
    except ValueError as error:
        words = "Job {number} of {name}: {value} is no {column}."
        column, value = error.args[0]
        raise BadJobsFile(
            words, _WISH_HINT, number=number, name=path.name, value=shortened(str(value)), column=column
        ) from error


def _wishes(row: Mapping[str, Any]) -> tuple[Engine | None, int | None, Facing | None]:
    """What *row* says of engine, triangles and facing. Raises ``ValueError`` with (column, value) for what is none."""
    reads: tuple[Callable[[str], Any], ...] = (read_engine, int, read_facing)
    found: list[Any] = []
    for column, read in zip(OPTIONAL, reads, strict=True):
        text = "" if row.get(column) is None else str(row[column]).strip()
        try:
            found.append(read(text) if text else None)
        except ValueError as error:
            raise ValueError((column, text)) from error
    engine, triangles, facing = found
    return engine, triangles, facing


def _json_rows(path: Path, text: str) -> list[dict[str, Any]]:
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadJobsFile("The jobs file {name} is not valid JSON: {error}.", name=path.name, error=error) from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadJobsFile("The jobs file {name} is not a list of objects.", name=path.name)
    return rows


def _csv_rows(path: Path, text: str) -> list[dict[str, Any]]:
    header_line = text.partition("\n")[0]
    # Spreadsheets separate by semicolons where the comma is the decimal point.
    delimiter = ";" if ";" in header_line and "," not in header_line else ","
    reader = csv.DictReader(text.splitlines(keepends=True), strict=True, delimiter=delimiter)
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
    if unknown := [name for name in names if name not in (*COLUMNS, SOURCE, *OPTIONAL)]:
        raise BadJobsFile(
            "The jobs file {name} has an unknown column {column}.", name=path.name, column=shortened(unknown[0])
        )
    known = ["session" if name == SOURCE else name for name in names]
    if missing := [name for name in COLUMNS if name not in known]:
        raise BadJobsFile("The jobs file {name} lacks the column {column}.", name=path.name, column=repr(missing[0]))
