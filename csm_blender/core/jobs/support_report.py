# SPDX-License-Identifier: GPL-3.0-or-later
"""What support needs to know and may know: versions, states, timings, errors; no key, no link, no address."""

from __future__ import annotations

import platform
import sqlite3
import sys
from collections.abc import Sequence
from typing import Any

import requests

from ..redaction import redacted
from ..version import VERSION
from .job import Job
from .store import Store

MOST_JOBS = 50


def support_report(store: Store, jobs: Sequence[Job]) -> dict[str, Any]:
    """A JSON-ready report about the last jobs and the surroundings."""
    bpy = sys.modules.get("bpy")
    return {
        "csm_refine": VERSION,
        "blender": bpy.app.version_string if bpy else "not loaded",
        "python": platform.python_version(),
        "requests": requests.__version__,
        "sqlite": sqlite3.sqlite_version,
        "platform": platform.platform(),
        "jobs": [_job(store, job) for job in jobs[-MOST_JOBS:]],
    }


def _job(store: Store, job: Job) -> dict[str, Any]:
    return {
        "job_id": job.job_id,
        "session": job.session_code,
        "source": str(job.spec.source.kind),
        "engine": str(job.spec.choices.engine),
        "state": str(job.state),
        "requests": {"get": job.gets, "post": job.posts},
        "error": None if job.error is None else {name: redacted(str(text)) for name, text in job.error.items()},
        "events": [{"at": at, "state": to, "message": redacted(text)} for at, to, text in store.events(job.job_id)],
    }
