# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs as rows of the store's table, and back."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..api.session import Baseline
from ..conversion import JobResult
from ..messages import NOTHING, ROUTINE, Message, from_json, to_json
from ..models import JobSpec
from ..records import Record
from .job import Job
from .states import JobState

_JSON_COLUMNS = {"error": "error_json", "baseline": "baseline_json", "result": "result_json"}
_PLAIN_COLUMNS = (
    "job_id", "revision", "base_url", "progress", "created_at", "updated_at", "posted_at", "accepted_at", "finished_at",
    "watched_s", "faults", "fault_s", "looks_left", "gets", "posts", "download_bytes", "glb_sha256",
    "lease_owner", "lease_until",
)  # fmt: skip
FORMAT_OF_1_0_0 = 1
NEWEST_FORMAT = 2
"""The formats of a store, as its ``user_version``: 2 has a job that version 1.0.0 cannot read, and 1 has none.

1.0.0 refuses a store of format 2 with a sentence. It would read the others' jobs, but take the files of the one that
it cannot read for leftovers and delete them. Rule: docs/job-store.md.
"""

_FIELDS_OF_1_0_0 = frozenset({
    "session_code", "result_name", "refinement", "placement", "scale_length", "target", "fit", "pivot", "original",
    "again", "blend_file", "scene_name", "output", "export_path", "run_id", "parts", "copies", "materials", "asset",
})  # fmt: skip
_ROUTINE_BEFORE = {text: Message(text, code=ROUTINE) for text in ("Converting", "Placed")}
"""What version 1.0.0 writes without a code."""

Row = sqlite3.Row | Mapping[str, Any]
"""A row of the table ``jobs``, or its columns in another place."""

_log = logging.getLogger(__name__)


def jobs_from(rows: Iterable[Row], read_spec: Callable[[str], JobSpec]) -> list[Job]:
    """The jobs in *rows*. A row that makes no sense is left out and logged: it must not hide the others.

    *read_spec* is :func:`spec_from`, or a cache of it: a spec never changes.
    """
    jobs = []
    for row in rows:
        try:
            jobs.append(_job_from(row, read_spec))
        except (KeyError, TypeError, ValueError) as error:
            _log.warning("The record of job %s cannot be read: %r", row["job_id"], error)
    return jobs


def columns_from(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Columns and values for *changes* of a job's fields."""
    columns: dict[str, Any] = {}
    for name, value in changes.items():
        if name == "message":
            message = Message.of(value)
            made_of = json.dumps(message.as_data()) if message.values or message.code else ""
            columns |= {"message": str(message), "message_json": made_of}
        elif name in _JSON_COLUMNS:
            data = value.as_dict() if isinstance(value, Record) else value
            columns[_JSON_COLUMNS[name]] = None if data is None else to_json(data)
        else:
            columns[name] = str(value) if isinstance(value, JobState) else value
    return columns


def message_from_text(english: str) -> Message:
    """The message of a row of version 1.0.0, or of a record in a .blend file, which hold the English text only."""
    return _ROUTINE_BEFORE.get(english, Message(english))


def format_of(spec: Mapping[str, Any]) -> int:
    """The format that a store must have to hold a job of this *spec*, as :meth:`JobSpec.as_dict` gives it."""
    return FORMAT_OF_1_0_0 if spec.keys() <= _FIELDS_OF_1_0_0 else NEWEST_FORMAT


def spec_from(text: str) -> JobSpec:
    """The spec in the column ``spec_json``. Raises ``TypeError`` or ``ValueError``."""
    return JobSpec.from_dict(json.loads(text))


def _job_from(row: Row, read_spec: Callable[[str], JobSpec]) -> Job:
    made_of = row["message_json"] if "message_json" in row.keys() else ""  # noqa: SIM118 - it is no dict
    result = from_json(row["result_json"])  # empty before the mesh was converted
    return Job(
        state=JobState(row["state"]),
        spec=read_spec(row["spec_json"]),
        baseline=Baseline.from_dict(json.loads(row["baseline_json"])) if row["baseline_json"] else None,
        message=_message_from(row["message"], made_of),
        error=from_json(row["error_json"]) if row["error_json"] else None,
        result=JobResult.from_dict(result) if "box_min" in result else None,
        seen_running=bool(row["seen_running"]),
        cancel_requested=bool(row["cancel_requested"]),
        **{name: row[name] for name in _PLAIN_COLUMNS},
    )


def _message_from(english: str, data: str) -> Message:
    """The message of a row. One written by version 1.0.0, which knows no *data*, is its English text."""
    try:
        message = Message.from_data(json.loads(data)) if data else NOTHING
    except (AttributeError, KeyError, TypeError, ValueError):
        message = NOTHING
    return message if message == english else message_from_text(english)
