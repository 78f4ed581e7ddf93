# SPDX-License-Identifier: GPL-3.0-or-later
"""One call of the command line: parse, do, give the exit status."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any

from ..core.client import CsmClient
from ..core.errors import CsmError, WrongUse
from ..core.jobs import Job
from ..core.logs import log_to_file
from ..core.session_code import parse_session_code
from ..core.sessions import Session
from ..core.settings import Settings, base_url_from, checked_base_url, data_home, key_from
from ..core.store import Store
from .console import print_json, print_table, say, say_error, stdout_kept_for_report
from .parser import build_parser
from .report import report, seconds

INTERRUPTED = 130


def main(argv: Sequence[str], prog: str, *, in_blender: bool) -> int:
    """Do what *argv* says and give the exit status of design §7.

    *in_blender* says that a Blender was started with this command: then its online access and preferences count.
    ``python -m csm_blender`` is a program of its own, and to start it is to allow it.
    """
    try:
        options = build_parser(prog).parse_args(list(argv))
    except WrongUse as error:
        say_error(error)
        return error.exit_status
    except SystemExit as end:  # --help, --version
        return int(end.code or 0)
    try:
        with _interruptible():
            return _COMMANDS[options.command](options, in_blender)
    except CsmError as error:
        if options.json:
            print_json(report([], error.as_dict()))
        say_error(error)
        return error.exit_status
    except KeyboardInterrupt:
        say("Interrupted.")
        return INTERRUPTED


def _refine(options: argparse.Namespace, in_blender: bool) -> int:
    with stdout_kept_for_report():
        from . import refine as work  # noqa: PLC0415 - needs bpy, which the other commands do without

        specs = work.plan_jobs(options)
    if options.dry_run:
        return work.show_dry_run(specs, options.json)
    if not (specs[0].output or options.export):
        say("No --output, --in-place or --export: the results stay in the job folder only.")
    settings = _settings(options, in_blender)
    return _run(lambda: work.refine(specs, settings, options.concurrency), options)


def _resume(options: argparse.Namespace, in_blender: bool) -> int:
    with stdout_kept_for_report():
        from . import refine as work  # noqa: PLC0415 - as above
    settings = _settings(options, in_blender)
    return _run(lambda: work.resume(settings, options.concurrency), options)


def _run(work: Any, options: argparse.Namespace) -> int:
    from . import refine as refining  # noqa: PLC0415 - as above

    try:
        with stdout_kept_for_report():
            jobs: list[Job] = work()
    except refining.Interrupted as interrupted:
        if options.json:
            print_json(report(interrupted.jobs))
        say("Interrupted. The jobs are kept; finish them with: resume")
        return INTERRUPTED
    if not jobs and not options.json:
        say("There is nothing to resume.")
    return refining.show_report(jobs, options.json)


def _status(options: argparse.Namespace, in_blender: bool) -> int:
    code = parse_session_code(options.session)
    with _client(options, in_blender) as client:
        session = client.session(code)
    entry = _session_entry(session, code)
    if options.json:
        print_json({"version": 1, "session": entry})
    else:
        print_table(
            [[name, "-" if value in (None, "") else str(value)] for name, value in entry.items()], ["field", "value"]
        )
    return 0


def _sessions(options: argparse.Namespace, in_blender: bool) -> int:
    with _client(options, in_blender) as client:
        page = client.sessions(options.limit, options.page)
    entries = [_session_entry(session, session.code) for session in page.sessions]
    if options.json:
        print_json({"version": 1, "total": page.total, "sessions": entries})
    else:
        rows = [[e["session"], e["status"], e["updated_at"][:16], e["caption"]] for e in entries]
        print_table(rows, ["session", "status", "updated", "caption"])
    return 0


def _jobs(options: argparse.Namespace, in_blender: bool) -> int:
    store = Store(_home(in_blender))
    try:
        jobs = store.jobs()
        if options.report:
            from .support import support_report  # noqa: PLC0415 - rarely needed

            print_json(support_report(store, jobs))
        elif options.json:
            print_json(report(jobs))
        else:
            rows = [
                [
                    job.job_id[:8],
                    str(job.state),
                    job.session_code,
                    job.spec.object_name,
                    f"{seconds(job):.0f}",
                    job.message,
                ]
                for job in jobs
            ]
            print_table(rows, ["job", "status", "session", "object", "seconds", "message"])
    finally:
        store.close()
    return 0


_COMMANDS = {"refine": _refine, "resume": _resume, "status": _status, "sessions": _sessions, "jobs": _jobs}


def _session_entry(session: Session, code: str) -> dict[str, Any]:
    facts = asdict(session)
    return {
        "session": code,
        "status": session.state_text,
        "percent": facts["percent"],
        "created_at": session.created_at,
        "updated_at": session.updated_at,
        "caption": session.caption,
        "refined_mesh": bool(session.best_mesh_url()),
    }


def _settings(options: argparse.Namespace, in_blender: bool) -> Settings:
    """Options, else environment, else preferences; checked, with the network gate of Blender where it counts."""
    key_preference = url_preference = ""
    if in_blender:
        from ..scene.service import preference  # noqa: PLC0415 - needs bpy

        key_preference, url_preference = preference("api_key"), preference("base_url")
    url = checked_base_url(options.base_url) if options.base_url else base_url_from(os.environ, url_preference)
    loopback_only = False
    if in_blender:
        from ..scene.service import check_online  # noqa: PLC0415 - needs bpy

        loopback_only = check_online(url)
    settings = Settings(
        base_url=url,
        key=key_from(os.environ, key_preference),
        poll_interval_s=getattr(options, "poll_interval", None),
        deadline_s=getattr(options, "timeout", Settings.deadline_s),
        loopback_only=loopback_only,
    )
    log_to_file(_home(in_blender), settings.key)
    return settings


@contextlib.contextmanager
def _client(options: argparse.Namespace, in_blender: bool) -> Iterator[CsmClient]:
    client = CsmClient(_settings(options, in_blender))
    try:
        yield client
    finally:
        client.close()


def _home(in_blender: bool) -> Path:
    if not in_blender:
        return data_home()
    from ..scene.service import jobs_home  # noqa: PLC0415 - needs bpy

    return jobs_home()


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C and a polite request to end raise ``KeyboardInterrupt``: background Blender handles them its own way."""

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
            if handler is not None:
                signal.signal(number, handler)
