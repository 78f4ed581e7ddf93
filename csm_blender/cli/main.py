# SPDX-License-Identifier: GPL-3.0-or-later
"""One call of the command line: parse, do, give the exit status."""

from __future__ import annotations

import argparse
import contextlib
import signal
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from types import FrameType
from typing import Any

from ..core.api.client import CsmClient
from ..core.api.session import Session
from ..core.api.session_code import parse_session_code
from ..core.errors import CsmError, DiskProblem
from ..core.jobs.job import Job
from ..core.jobs.quality_report import card, misses_the_box
from ..core.jobs.states import JobState
from ..core.jobs.store import Store
from ..core.jobs.support_report import support_report
from .console import Interrupted, answer, print_json, say, say_error, say_failure, stdout_kept_for_report
from .environment import Surroundings, check_bpy, settings_for, settings_of
from .farm import commands as farm
from .parser import build_parser
from .remesh import print_report as print_remesh
from .remesh import remesh
from .report import TABLE_HEADER, exit_status, job_entry, report, seconds, show_dry_run, table_row

INTERRUPTED = 130


def main(argv: Sequence[str], prog: str, surroundings: Surroundings) -> int:
    """Do what *argv* says and give the exit status that README.md lists.

    *prog* is how the command is called, for its help.
    """
    options: argparse.Namespace | None = None
    try:
        options = build_parser(prog).parse_args(list(argv))
        with _interruptible():
            return _COMMANDS[options.command](options, surroundings)
    except CsmError as error:
        if options is not None and options.json:
            remeshing = options.command == "remesh"
            with contextlib.suppress(DiskProblem):
                print_json({"version": 1, "error": error.as_dict()} if remeshing else report([], error.as_dict()))
        say_error(error)
        return error.exit_status
    except SystemExit as end:  # --help, --version
        return int(end.code or 0)
    except KeyboardInterrupt:
        say("Interrupted.")
        return INTERRUPTED


def _refine(options: argparse.Namespace, surroundings: Surroundings) -> int:
    check_bpy()
    with stdout_kept_for_report():
        from . import refine as work  # noqa: PLC0415 - needs bpy, which the other commands do without
        from .planning import plan_jobs  # noqa: PLC0415 - as above

        specs = plan_jobs(options)
    if options.dry_run:
        return show_dry_run(specs, as_json=options.json)
    if not (specs[0].output or options.export):
        say("No --output, --in-place or --export: the results stay in the job folder only.")
    settings = settings_for(options, surroundings, needed=any(spec.needs_service for spec in specs))
    return _run(lambda: work.refine(specs, settings, options.concurrency), options)


def _resume(options: argparse.Namespace, surroundings: Surroundings) -> int:
    check_bpy()
    with stdout_kept_for_report():
        from . import refine as work  # noqa: PLC0415 - as above
    chosen = partial(settings_for, options, surroundings)
    return _run(lambda: work.resume(lambda needed: chosen(needed=needed), options.concurrency), options)


def _run(work: Callable[[], list[Job]], options: argparse.Namespace) -> int:
    try:
        with stdout_kept_for_report():
            jobs = work()
    except Interrupted as interrupted:
        if options.json:
            print_json(report(interrupted.jobs))
        say("Interrupted. The jobs are kept; finish them with: resume")
        return INTERRUPTED
    if jobs or options.json:
        answer(report(jobs), TABLE_HEADER, (table_row(job_entry(job)) for job in jobs), as_json=options.json)
    else:
        say("There is nothing to resume.")
    for job in jobs if not options.json else ():
        say_failure(job, job.spec.object_name or job.spec.source.label)
        if not job.error and job.state is JobState.PLACED and misses_the_box(job) and (quality := card(job)):
            say(f"{job.spec.object_name or job.session_code}: {quality.verdict}")
    return exit_status(jobs)


def _remesh(options: argparse.Namespace, surroundings: Surroundings) -> int:
    with stdout_kept_for_report():
        made = remesh(options, surroundings.interpreters())
    if options.json:
        print_json(made.as_dict())
    else:
        print_remesh(made, options.output)
    return 0


def _status(options: argparse.Namespace, surroundings: Surroundings) -> int:
    code = parse_session_code(options.session)
    with _client(options, surroundings) as client:
        entry = _session_entry(client.session(code), code)
    rows = ([name, "-" if value in (None, "") else str(value)] for name, value in entry.items())
    return answer({"version": 1, "session": entry}, ["field", "value"], rows, as_json=options.json)


def _sessions(options: argparse.Namespace, surroundings: Surroundings) -> int:
    with _client(options, surroundings) as client:
        page = client.sessions(options.limit, options.page)
    entries = [_session_entry(session, session.code) for session in page.sessions]
    rows = ([e["session"], e["status"], e["updated_at"][:16], e["caption"]] for e in entries)
    data = {"version": 1, "total": page.total, "sessions": entries}
    return answer(data, ["session", "status", "updated", "caption"], rows, as_json=options.json)


def _jobs(options: argparse.Namespace, surroundings: Surroundings) -> int:
    with contextlib.closing(Store(surroundings.home())) as store:
        jobs = store.jobs()
        if options.report:
            print_json(support_report(store, jobs))
            return 0
    rows = (
        [
            job.job_id[:8],
            str(job.state),
            job.spec.source.label,
            job.spec.object_name,
            f"{seconds(job):.0f}",
            job.message,
        ]
        for job in jobs
    )
    return answer(report(jobs), ["job", "status", "source", "object", "seconds", "message"], rows, as_json=options.json)


_COMMANDS = {
    "refine": _refine,
    "resume": _resume,
    "remesh": _remesh,
    "plan": farm.plan,
    "work": farm.work,
    "assemble": farm.assemble,
    "report": farm.report_page,
    "status": _status,
    "sessions": _sessions,
    "jobs": _jobs,
}


def _session_entry(session: Session, code: str) -> dict[str, Any]:
    return {
        "session": code,
        "status": session.state_text,
        "percent": session.percent,
        "created_at": session.created_at,
        "updated_at": session.updated_at,
        "caption": session.caption,
        "refined_mesh": bool(session.best_mesh_url()),
    }


def _client(options: argparse.Namespace, surroundings: Surroundings) -> contextlib.closing[CsmClient]:
    return contextlib.closing(CsmClient(settings_of(options, surroundings)))


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C and a polite request to end raise ``KeyboardInterrupt``, as they do not in background Blender."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(ValueError, OSError):  # not in the main thread, or a signal this platform lacks
            before[number] = signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:  # Blender's own, which Python cannot set again
                signal.signal(number, handler)
