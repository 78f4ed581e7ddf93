# SPDX-License-Identifier: GPL-3.0-or-later
"""``report``: how far a plan is as one HTML page, with a small picture of each result that has one."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...core.errors import DiskProblem
from ...core.farm.job_folders import JobFolders
from ...core.farm.journal import Journal
from ...core.files.whole_file import write_whole
from ...core.jobs.job import Job
from ...core.jobs.states import ACTIVE, JobState
from ...core.jobs.store import now_text
from ..report import seconds
from .page_template import PAGE, SCRIPT, STYLE

PAGE_NAME = "report.html"
PICTURE_NAME = "thumbnail.png"
"""In the folder of a job."""
MOST_PICTURES = 2000
"""In one page, of about 10 KB each: a browser opens some 20 MB at once."""
_STATES = {state: number for number, state in enumerate(JobState)}


@dataclass
class _Texts:
    """Texts that many jobs share, each once. The first is empty."""

    found: dict[str, int] = field(default_factory=lambda: {"": 0})

    def number(self, text: str) -> int:
        """The number of *text* in the list."""
        return self.found.setdefault(text, len(self.found))


def write_page(folders: JobFolders, indices: Sequence[int] | None, path: Path) -> int:
    """Write the page of the jobs with these *indices*, or of all, to *path*; how many there are.

    Raises :class:`BadPlan` and :class:`StorageError`.
    """
    texts = _Texts()
    jobs: list[str] = []
    pictures: dict[int, str] = {}
    without = 0
    for job_id in folders.plan.ids(indices):
        journal = folders.journal(job_id)
        job = folders.job_of(job_id, journal.record)
        if job is None:
            continue
        index = folders.plan.index_of(job_id)
        jobs.append(_json(_row(index, job, journal, texts)))  # as text: it takes a tenth of the memory
        if job.state is JobState.READY:
            picture = _picture(folders.folder(job_id)) if len(pictures) < MOST_PICTURES else b""
            if picture:
                pictures[index] = base64.b64encode(picture).decode("ascii")
            else:
                without += 1
    data = _json({"states": [str(state) for state in JobState], "texts": list(texts.found), "pictures": pictures})
    try:
        write_whole(path, _filled(folders, f'{data[:-1]},"jobs":[{",".join(jobs)}]}}', len(jobs), without))
    except OSError as error:
        raise DiskProblem("The page {path} cannot be written: {reason}.", path=path, reason=error) from error
    return len(jobs)


def _json(value: object) -> str:
    """*value* as JSON that may stand in a script element of HTML."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")


def _row(index: int, job: Job, journal: Journal, texts: _Texts) -> list[Any]:
    """A job as the script of the page expects it."""
    conversion = job.result.conversion if job.result else None
    began = bool(journal.number)
    error = job.error if job.state in (JobState.FAILED, JobState.UNCERTAIN) else None
    message = str(error["message"]) if error else str(job.message or "")
    if conversion and job.state is JobState.READY:
        message = " ".join(map(str, conversion.notes))
    worker = ""
    if job.state in ACTIVE and journal.holder and not journal.released:
        worker = f"{journal.holder.host} {journal.holder.pid}"
    source = job.spec.source
    return [
        index,
        job.spec.label,
        source.label,
        _STATES[job.state],
        seconds(job) if began else None,
        conversion.findings.triangles if conversion else None,
        conversion.fitted.fitted_error if conversion else None,
        texts.number(message),
        texts.number(str(error["hint"]) if error else ""),
        texts.number(worker),
        "" if source.label == source.text else source.text,
    ]


def _picture(folder: Path) -> bytes:
    try:
        return (folder / PICTURE_NAME).read_bytes()
    except OSError:
        return b""


def _filled(folders: JobFolders, data: str, count: int, without: int) -> str:
    plan = folders.plan
    notes = [f"As of {now_text()[:19]} UTC; call report again for a newer page."]
    if without:
        notes.append(f"{without:,} results are shown without a picture.")
    values = {
        "title": html.escape(f"CSM Refine: {plan.folder.name}"),
        "subtitle": html.escape(f"{plan.folder} - {count:,} of {len(plan):,} jobs"),
        "notes": html.escape(" ".join(notes)),
        "style": STYLE,
        "script": SCRIPT,
        "data": data,
    }
    first, *parts = PAGE.split("@")  # names and texts stand in turns; what is filled in is not looked at again
    return first + "".join(values[part] if number % 2 == 0 else part for number, part in enumerate(parts))
