# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of ``refine --json`` and its short form for people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

from ..core.errors import CsmError, ErrorData, KeyProblem
from ..core.jobs.job import Job
from ..core.jobs.quality_report import card, misses_the_box
from ..core.jobs.states import JobState
from ..core.models import JobSpec
from ..core.sources import OBJECT_PREFIX, Facing
from .console import answer

REPORT_VERSION = 1
_LONGEST = 48
_RESULT_FIELDS = (
    "object", "glb", "blend", "triangles", "vertices", "materials", "loose_parts", "open_edges", "non_manifold_edges",
    "uv_maps", "textures", "delivered_min", "delivered_max", "notes", "copies", "asset_file",
)  # fmt: skip
_FIT_FIELDS = ("delivered_error", "placed_error", "pivot_error")


def report(jobs: Sequence[Job], error: ErrorData | None = None) -> dict[str, Any]:
    """The whole report. *error* is what stopped the call before there were jobs."""
    data: dict[str, Any] = {"version": REPORT_VERSION, "jobs": [job_entry(job) for job in jobs]}
    return data if error is None else {**data, "error": error}


def job_entry(job: Job) -> dict[str, Any]:
    """One job of the report. ``result`` and ``fit`` are null until there is one."""
    result = job.result.as_dict() if job.result and job.state in (JobState.PLACED, JobState.READY) else {}
    return {
        **_asked(job.spec),
        "job_id": job.job_id,
        "status": str(job.state),
        "result": {name: result.get(name) for name in _RESULT_FIELDS} | {"sha256": job.glb_sha256} if result else None,
        "fit": {name: result.get(name) for name in _FIT_FIELDS} if result else None,
        "facing": result.get("facing", 0) if result else None,
        "facing_tie": result.get("as_good"),
        "stretch": result.get("stretch"),
        "remesh": result.get("remesh"),
        "quality": quality.as_dict() if result and (quality := card(job)) else None,
        "requests": {"get": job.gets, "post": job.posts, "download_bytes": job.download_bytes},
        "seconds": seconds(job),
        "message": job.message,
        "error": dict(job.error) if job.error else None,
    }


def dry_run_entry(spec: JobSpec) -> dict[str, Any]:
    """What would be sent for a job that was not made."""
    return {
        **_asked(spec),
        "job_id": None,
        "status": "DRY_RUN",
        "result": None,
        "fit": None,
        "facing": spec.choices.facing.degrees if spec.choices.facing is not Facing.AUTO else None,
        "facing_tie": None,
        "stretch": None,
        "remesh": None,
        "quality": None,
        "requests": {"get": 0, "post": 0, "download_bytes": 0},
        "seconds": 0.0,
        "error": None,
    }


def show_dry_run(specs: Sequence[JobSpec], *, as_json: bool) -> int:
    """Print what would be sent for jobs that were not made. Gives the exit status 0."""
    entries = [dry_run_entry(spec) for spec in specs]
    data = {"version": REPORT_VERSION, "jobs": entries}
    return answer(data, TABLE_HEADER, map(table_row, entries), as_json=as_json)


def seconds(job: Job) -> float:
    """How long the job took, from the moment it was made until its mesh was ready or it ended, or so far."""
    ended = (job.result.ready_at if job.result else "") or job.finished_at
    end = datetime.fromisoformat(ended) if ended else datetime.now(UTC)
    return round((end - datetime.fromisoformat(job.created_at)).total_seconds(), 2)


def table_row(entry: dict[str, Any]) -> list[str]:
    """One line of the table for people; see :data:`TABLE_HEADER`."""
    error = (entry["fit"] or {}).get("placed_error")
    return [
        entry["object"] or "-",
        _short(entry["source"]),
        entry["status"],
        _numbers(entry["scaled_bbox"]),
        _numbers(entry["pivot_point"]),
        "-" if error is None else f"{error:.1e}",
        f"{entry['seconds']:.1f}",
    ]


def exit_status(jobs: Sequence[Job]) -> int:
    """The exit status for *jobs* that were to be placed, as README.md lists it."""
    if all(job.state is JobState.PLACED and not misses_the_box(job) for job in jobs):
        return 0
    return failure_status(jobs)


def failure_status(jobs: Sequence[Job]) -> int:
    """The exit status of a call that has not done all it was asked for; *jobs* are those that have failed, or all."""
    key_codes = {kind.code for kind in KeyProblem.__subclasses__()}
    refused = any(job.error and job.error["code"] in key_codes for job in jobs)
    return KeyProblem.exit_status if refused else CsmError.exit_status


TABLE_HEADER = ["object", "source", "status", "size w h d (m)", "pivot x y z", "fit error", "seconds"]


def _asked(spec: JobSpec) -> dict[str, Any]:
    sent = spec.refinement
    return {
        "session": spec.session_code or None,
        "source": spec.source.text,
        "engine": spec.choices.engine.lower(),
        "object": spec.label or None,
        "scaled_bbox": None if sent.scaled_bbox is None else list(sent.scaled_bbox),
        "pivot_point": None if sent.pivot_point is None else list(sent.pivot_point),
    }


def _short(source: str) -> str:
    """*source* for a table: a path without its folders, and not too long."""
    name = source if source.startswith(OBJECT_PREFIX) else PurePath(source).name
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def _numbers(values: list[float] | None) -> str:
    return "not sent" if values is None else " ".join(f"{value:.4g}" for value in values)
