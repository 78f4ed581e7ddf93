# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a farm: ``plan.json``, all that workers need to know about jobs, without a key (docs/farm.md).

It is one JSON document, written so that a worker reads the one line of a job and never all of them: the first line
holds what all jobs share, then comes a line for each job, and the last one holds the number of jobs and the SHA-256 of
everything before it. Thus a half copied or edited plan is found out. Paths are relative to the plan's folder, with
slashes, where both are on the same disk.
"""

from __future__ import annotations

import hashlib
import json
import os
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, Self

from ..errors import BadPlan, DiskProblem
from ..files.whole_file import write_whole
from ..models import JobSpec
from ..records import IF_SET, Record
from ..sources import Source, SourceKind
from ..version import VERSION

PLAN_NAME = "plan.json"
PLAN_FORMAT = "csm-plan"
PLAN_VERSION = 1
RESULTS = "results"
_CACHED_JOBS = 256
_RUN_DIGITS = 24
_INDEX_DIGITS = 8


@dataclass(frozen=True)
class BlockOut(Record):
    """What a block-out is known by, beside its name, place and box, should its name be another one later.

    ``data`` is the name of its mesh or other data, ``kind`` Blender's type of object, ``tag`` the id that this add-on
    once gave it, if it did. Blender itself gives objects no id that is kept in a file.
    """

    data: str = ""
    kind: str = ""
    tag: str = ""


@dataclass(frozen=True)
class PlannedJob(Record):
    """A job of a plan. ``index`` counts from 1. ``asks_with`` is the index of the first job for the same session.

    They share one refine request, so that no session of a plan is paid for twice.
    """

    index: int
    spec: JobSpec
    block_out: BlockOut = field(default=BlockOut(), metadata=IF_SET)
    asks_with: int = field(default=0, metadata=IF_SET)


@dataclass(frozen=True)
class PlanHead(Record):
    """What all jobs of a plan share. ``run_id`` is the plan's own id: 32 hexadecimal digits.

    ``blend_file`` and ``output`` are absolute paths here, or empty. ``base_url`` is the service that was meant when the
    plan was made, ``needs_service`` says whether any job asks it for something. ``concurrency``, ``timeout_s`` and
    ``poll_interval_s`` are what ``work`` takes unless it is told.
    """

    run_id: str
    made_at: str
    made_by: str = VERSION
    blend_file: str = ""
    output: str = ""
    base_url: str = ""
    needs_service: bool = False
    concurrency: int = 8
    timeout_s: float = 10800.0
    poll_interval_s: float | None = None

    def job_id(self, index: int) -> str:
        """The id of a job, which its folder is called: 32 hexadecimal digits that end in its index (decimal)."""
        return f"{self.run_id[:_RUN_DIGITS]}{index:0{_INDEX_DIGITS}d}"


class Plan:
    """A plan that was read. Holds the places of its jobs' lines, not the jobs. Not for sharing between threads."""

    def __init__(self, folder: Path, head: PlanHead, lines: Sequence[int]) -> None:
        """*lines* holds where the lines of the jobs begin in the file, and where the last one ends."""
        self.folder = folder
        self.head = head
        self._lines = lines
        self._results = folder / RESULTS
        self._results_name = str(self._results)
        self._job = lru_cache(_CACHED_JOBS)(self._read_job)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The plan in *folder*. Raises :class:`BadPlan` for none, one of another version, an edited or cut one."""
        path = folder / PLAN_NAME
        try:
            with path.open("rb") as file:
                head = _head_of(path, file.readline(), folder)
                lines, digest = array("Q", [file.tell()]), hashlib.sha256()
                file.seek(0)
                digest.update(file.readline())
                for line in file:
                    if line.startswith(b"]"):
                        _check_end(path, line, len(lines) - 1, digest.hexdigest())
                        return cls(folder, head, lines)
                    digest.update(line)
                    lines.append(lines[-1] + len(line))
        except FileNotFoundError as error:
            raise BadPlan("There is no plan in {folder}.", folder=folder) from error
        except OSError as error:
            raise BadPlan("The plan {path} cannot be read: {reason}.", path=path, reason=error) from error
        raise BadPlan("The plan {path} is not complete.", "Copy it again, or wait until its copy is done.", path=path)

    def __len__(self) -> int:
        """How many jobs there are."""
        return len(self._lines) - 1

    def job(self, index: int) -> PlannedJob:
        """Job *index*, from 1. Raises :class:`BadPlan` where there is none, or its line means nothing."""
        if not 1 <= index <= len(self):
            words = "There is no job {index} in the plan, which has {count}."
            raise BadPlan(words, "Jobs are counted from 1.", index=index, count=len(self))
        return self._job(index)

    def job_id(self, index: int) -> str:
        """The id of a job."""
        return self.head.job_id(index)

    def index_of(self, job_id: str) -> int:
        """The index of the job with this id; 0 where it is of another plan."""
        run, number = job_id[:_RUN_DIGITS], job_id[_RUN_DIGITS:]
        index = int(number) if len(number) == _INDEX_DIGITS and number.isdecimal() else 0
        return index if run == self.head.run_id[:_RUN_DIGITS] and index <= len(self) else 0

    def ids(self, indices: Sequence[int] | None = None) -> list[str]:
        """The ids of the jobs with these indices, or of all. Raises :class:`BadPlan` for one that does not exist."""
        for index in indices or ():
            if not 1 <= index <= len(self):
                self.job(index)
        return [self.job_id(index) for index in (range(1, len(self) + 1) if indices is None else indices)]

    def job_folder(self, job_id: str) -> Path:
        """Where the files of a job lie; not necessarily there yet."""
        return self._results / job_id

    def job_folder_name(self, job_id: str) -> str:
        """The same as a text, for whoever looks into the folders of 100,000 jobs."""
        return f"{self._results_name}{os.sep}{job_id}"

    def _read_job(self, index: int) -> PlannedJob:
        path = self.folder / PLAN_NAME
        try:
            with path.open("rb") as file:
                file.seek(self._lines[index - 1])
                data = json.loads(file.read(self._lines[index] - self._lines[index - 1]).rstrip(b",\n"))
            job = PlannedJob.from_dict(data)
        except OSError as error:
            raise BadPlan("The plan {path} cannot be read: {reason}.", path=path, reason=error) from error
        except (KeyError, TypeError, ValueError) as error:
            raise BadPlan("Job {index} of the plan {path} means nothing.", index=index, path=path) from error
        head = self.head
        spec = replace(job.spec, blend_file=head.blend_file, output=head.output, run_id=head.run_id)
        return replace(job, spec=_with_paths(spec, lambda text: from_plan(text, self.folder)))


def check_no_plan(folder: Path) -> None:
    """Raise :class:`BadPlan` where there is a plan in *folder*."""
    if (folder / PLAN_NAME).exists():
        hint = "Give another folder. What was done for that plan would be lost with it."
        raise BadPlan("There is a plan in {folder} already.", hint, folder=folder)


def write_plan(folder: Path, head: PlanHead, jobs: Sequence[PlannedJob]) -> None:
    """Write the plan into *folder*, which is made if need be. Raises :class:`BadPlan` where one is there already.

    Whole or not at all. Raises :class:`DiskProblem`.
    """
    check_no_plan(folder)
    path = folder / PLAN_NAME
    shared = head.as_dict() | {name: to_plan(getattr(head, name), folder) for name in ("blend_file", "output")}
    begin = json.dumps({"format": PLAN_FORMAT, "version": PLAN_VERSION, **shared})[:-1] + ', "jobs": [\n'
    body = "".join([begin, *(f"{line}{',' if number < len(jobs) else ''}\n" for number, line in _lines(folder, jobs))])
    digest = hashlib.sha256(body.encode()).hexdigest()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, f'{body}], "count": {len(jobs)}, "sha256": "{digest}"}}\n')
    except OSError as error:
        raise DiskProblem("The plan {path} cannot be written: {reason}.", path=path, reason=error) from error


def to_plan(path: str, folder: Path) -> str:
    """*path* as a plan in *folder* holds it: relative and with slashes where there is such a way, else as it is."""
    if not path:
        return ""
    try:
        return Path(os.path.relpath(path, folder.absolute())).as_posix()
    except ValueError:  # on another drive
        return path


def from_plan(text: str, folder: Path) -> str:
    """The absolute path that *text* in a plan in *folder* means."""
    if not text or PurePosixPath(text).is_absolute() or PureWindowsPath(text).is_absolute():
        return text
    return os.path.normpath(folder.absolute() / text)


def planned(specs: Sequence[JobSpec], block_outs: Sequence[BlockOut]) -> list[PlannedJob]:
    """The jobs of a plan for *specs*, those for the same session bound together."""
    first: dict[str, int] = {}
    jobs = []
    for index, (spec, block_out) in enumerate(zip(specs, block_outs, strict=True), start=1):
        asks_with = first.setdefault(spec.session_code, index) if spec.may_be_paid else 0
        jobs.append(PlannedJob(index, spec, block_out, asks_with))
    return jobs


def _lines(folder: Path, jobs: Sequence[PlannedJob]) -> Iterator[tuple[int, str]]:
    for number, job in enumerate(jobs, start=1):
        spec = replace(job.spec, blend_file="", output="", run_id="")
        spec = _with_paths(spec, lambda text: to_plan(text, folder))
        data = replace(job, spec=spec).as_dict()
        yield number, json.dumps(data, separators=(",", ":"))


def _with_paths(spec: JobSpec, changed: Any) -> JobSpec:
    """*spec* with each path that a job has of its own *changed*."""
    source = spec.file_or_object
    if source is not None and source.kind is SourceKind.FILE:
        source = Source(SourceKind.FILE, changed(source.name))
    asset = replace(spec.choices.asset, folder=changed(spec.choices.asset.folder))
    return replace(
        spec, file_or_object=source, export_path=changed(spec.export_path), choices=replace(spec.choices, asset=asset)
    )


def _head_of(path: Path, line: bytes, folder: Path) -> PlanHead:
    try:
        data: Mapping[str, Any] = json.loads(line.rstrip(b"\n") + b"]}")
        known, version = data["format"] == PLAN_FORMAT, data["version"]
        head = PlanHead.from_dict(data) if known and version == PLAN_VERSION else None
    except (KeyError, TypeError, ValueError) as error:
        raise BadPlan("The file {path} is no plan.", path=path) from error
    if head is None:
        words = "The plan {path} was written by another version of CSM Refine (format {version})."
        hint = "Call plan again with this version, or use the other one."
        raise BadPlan(
            words if known else "The file {path} is no plan.", hint if known else None, path=path, version=version
        )
    return replace(head, blend_file=from_plan(head.blend_file, folder), output=from_plan(head.output, folder))


def _check_end(path: Path, line: bytes, count: int, digest: str) -> None:
    """Check what the last line says of all before it."""
    try:
        end = json.loads(b'{"jobs": [' + line)
        right = end["sha256"] == digest and end["count"] == count
    except (KeyError, TypeError, ValueError):
        right = False
    if not right:
        words = "The plan {path} was changed after it was written, or is not complete."
        raise BadPlan(words, "Copy it again, or call plan again: a plan is not edited.", path=path)
